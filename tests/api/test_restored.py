"""A restored database serves nobody until its erasures have been carried out again."""

from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest
from asyncpg import Connection

from api import restored
from api.settings import Settings
from domain.rights import journal
from domain.rights.journal import Entry
from tests.api.conftest import Bearer, serving, undescribed
from tests.api.test_problems import problem

LOST = Entry(uuid4(), uuid4(), "heart", journal.BEGINNING)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "erasures"
    journal.begin(path)
    return path


@pytest.fixture
def kept(settings: Settings, path: Path) -> Settings:
    return msgspec.structs.replace(settings, erasure_journal=str(path))


def lose(path: Path) -> None:
    path.unlink()


def spoil(path: Path) -> None:
    path.write_text("not a line\n")


async def carry_out(admin: Connection) -> None:
    sql = "INSERT INTO erasure (erasure_id, resident_id, scope) VALUES ($1, $2, $3)"
    await admin.execute(sql, LOST.erasure_id, LOST.resident_id, LOST.scope)


async def refused(client: httpx.AsyncClient, bearer: Bearer, name: str) -> None:
    """As a probe and as a resident."""
    for answer in (
        await client.get("/health/ready"),
        await client.get("/v1/me", headers=bearer("anna")),
    ):
        problem(answer, 503)
        assert answer.json()["type"].endswith(f"/problems/{name}")
        assert int(answer.headers["retry-after"]) > 0


async def test_with_nothing_missing_everyone_is_let_in(kept: Settings, admin: Connection) -> None:
    await carry_out(admin)
    journal.write(Path(kept.erasure_journal), [LOST])
    async with serving(undescribed(kept)) as client:
        assert (await client.get("/health/ready")).status_code == 200


async def test_nobody_is_let_in_until_it_is_replayed_and_then_without_a_restart(
    kept: Settings, path: Path, admin: Connection, bearer: Bearer
) -> None:
    journal.write(path, [LOST])
    async with serving(undescribed(kept)) as client:
        await refused(client, bearer, "erasures-missing")
        assert (await client.get("/health/live")).status_code == 200
        await carry_out(admin)
        assert (await client.get("/health/ready")).status_code == 200


async def test_a_journal_that_is_gone_or_damaged_lets_nobody_in(
    kept: Settings, path: Path, bearer: Bearer
) -> None:
    spoil(path)
    async with serving(undescribed(kept)) as client:
        await refused(client, bearer, "journal-unreadable")
        lose(path)
        await refused(client, bearer, "journal-unreadable")


async def test_one_that_goes_away_under_a_server_that_serves_stops_nobody(
    kept: Settings, path: Path
) -> None:
    async with serving(app := undescribed(kept)) as client:
        assert (await client.get("/health/ready")).status_code == 200
        lose(path)
        await app.state.pool.expire_connections()
        assert (await client.get("/health/ready")).status_code == 200


def test_without_a_journal_nothing_is_asked(settings: Settings) -> None:
    assert restored.connecting(settings) == {}
