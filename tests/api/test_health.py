"""Alive, ready, and what can be measured; with PostgreSQL there, away, and back."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import structlog
from litestar import Litestar

from api.observability import configure_logging, with_request
from api.settings import Settings
from domain.readiness import WrongRole, check_role
from tests.api import probe
from tests.api.conftest import Bearer, serving, undescribed
from tests.database import Database


async def test_ready_with_a_migrated_database(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/ready")).json() == {"status": "ready"}


async def test_not_ready_while_a_migration_waits(client: httpx.AsyncClient, admin: Any) -> None:
    await admin.execute("DELETE FROM schema_migration WHERE number = 1")
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["check"] == "migrations"


async def test_without_postgresql_we_live_and_say_come_back(offline: Settings) -> None:
    async with serving(undescribed(offline)) as client:
        assert (await client.get("/health/live")).status_code == 200
        answer = await client.get("/health/ready")
    assert answer.json()["check"] == "database"
    assert answer.headers["retry-after"] == "2"


async def test_a_full_pool_is_said_within_seconds_and_ends(
    settings: Settings, bearer: Bearer
) -> None:
    app = undescribed(msgspec.structs.replace(settings, pool_size=1))
    app.register(probe.who)
    async with serving(app) as client:
        async with app.state.pool.acquire():
            answer = await asyncio.wait_for(client.get("/v1/me/self", headers=bearer("a")), 3)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "2"
            assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/v1/me/self", headers=bearer("a"))).status_code == 409


async def test_when_the_connections_are_cut_the_next_request_has_a_new_one(
    client: httpx.AsyncClient, admin: Any
) -> None:
    await client.get("/health/ready")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = 'medverka_api' AND datname = current_database()"
    )
    await asyncio.sleep(0.1)
    assert (await client.get("/health/ready")).status_code == 200


@pytest.mark.parametrize("role", ["admin", "migrator"])
async def test_nothing_is_served_as_a_role_with_too_many_rights(
    database: Database, settings: Settings, role: str
) -> None:
    class Wrong(Settings, frozen=True):
        def dsn(self, _: Any) -> str:
            return database.dsn(role)

    wrong = Wrong(**{n: getattr(settings, n) for n in ("mode", "secret_dir", "database_url")})
    with pytest.RaisesGroup(WrongRole):
        async with serving(undescribed(wrong)):
            pass


async def test_the_apis_role_has_no_more_rights_than_it_needs(conn: Any) -> None:
    await check_role(conn)


async def test_figures_name_routes_and_never_addresses(client: httpx.AsyncClient) -> None:
    await client.get("/health/live")
    await client.get("/v1/secret-canary?secret-canary")
    figures = (await client.get("/metrics")).text
    assert (
        'medverka_request_seconds_count{method="GET",route="/health/live",status="200"}' in figures
    )
    assert 'route="unmatched"' in figures
    assert 'medverka_pool_connections{state="open"}' in figures
    assert "canary" not in figures


async def test_a_log_line_names_the_route_and_the_request(offline: Settings) -> None:
    app: Litestar = undescribed(offline)
    app.register(probe.one)
    async with serving(app) as client:
        with structlog.testing.capture_logs(processors=[with_request]) as logs:
            path = "/v1/things/00000000-0000-7000-8000-00000000000a/10?secret-canary=1"
            await client.get(path, headers={"X-Request-Id": "0123456789abcdef" * 2})
    (line,) = logs
    assert line["route"] == "/v1/things/{thing_id}/{number}"
    assert line["request_id"] == "0123456789abcdef" * 2
    assert line["status"] == 200
    assert "canary" not in repr(line)


def test_a_log_line_is_json_with_level_and_time(
    offline: Settings, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    before, handlers = structlog.get_config(), logging.root.handlers[:]
    configure_logging(offline)
    try:
        structlog.get_logger().warning("odd", path=Path("there"))
    finally:
        structlog.configure(**before)
        logging.root.handlers[:] = handlers
    line = msgspec.json.decode(capsysbinary.readouterr().out)
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo == UTC
    assert line == {"event": "odd", "path": "there", "level": "warning"}


@pytest.mark.parametrize("given", ["short", "a" * 65, "with blank", "<script>aaa", "198507099805"])
async def test_a_request_id_that_is_none_is_replaced(offline: Settings, given: str) -> None:
    async with serving(undescribed(offline)) as client:
        answer = await client.get("/health/live", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


async def test_every_answer_forbids_sniffing_storing_and_framing(offline: Settings) -> None:
    async with serving(undescribed(offline)) as client:
        for path in ("/health/live", "/nowhere"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
