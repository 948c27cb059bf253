"""Tokens: forged, foreign, stale and strange ones get one and the same 401, and no connection."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from asyncpg import Connection
from litestar import Litestar

from api import development
from api.auth import subject_hmac
from api.jwks import fixed
from api.settings import DEVELOPMENT_ISSUER, BadSettings, Settings
from tests.api import probe
from tests.api.conftest import Bearer, serving, undescribed
from tests.api.corpus import BAD, GOOD, KEY, NOW, P384, RSA, said
from tests.api.region import Region
from tests.oidc import Provider


@pytest.fixture
def provided(offline: Settings) -> Litestar:
    """The application with a provider's keys, and no database at all."""
    settings = Settings(
        **{name: getattr(offline, name) for name in ("mode", "secret_dir", "database_url")},
        oidc_issuer="https://idp.example",
    )
    app = undescribed(settings, fixed(KEY, RSA, P384))
    app.state.doorkeeper._verifier._clock = lambda: NOW  # the corpus was made when it was imported
    app.register(probe.door)
    app.register(probe.who)
    return app


async def test_every_bad_token_gets_the_same_401_and_no_connection(provided: Litestar) -> None:
    seen = set()
    async with serving(provided) as client:
        for name, token in BAD.items():
            answer = await client.get("/v1/me/self", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401, name
            assert answer.headers["www-authenticate"] == "Bearer"
            seen.add(json.dumps({**answer.json(), "request_id": ""}))
    assert len(seen) == 1
    assert len(BAD) >= 60


async def test_every_good_token_reaches_the_database(provided: Litestar) -> None:
    async with serving(provided) as client:
        for name, token in GOOD.items():
            answer = await client.get("/v1/me/self", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 503, name  # there is none


@pytest.mark.parametrize(
    "header",
    [
        [],
        [("Authorization", "Basic YTpi")],
        [("Authorization", said())],
        [("Authorization", f"Bearer  {said()}")],
        [("Authorization", f"Bearer {said()}"), ("Authorization", f"Bearer {said()}")],
    ],
)
async def test_a_token_comes_once_and_as_a_bearer(
    provided: Litestar, header: list[tuple[str, str]]
) -> None:
    async with serving(provided) as client:
        assert (await client.get("/v1/me/self", headers=header)).status_code == 401


@pytest.fixture
async def anna(region: Region) -> UUID:
    """A resident who logs in as `anna`."""
    return await region.resident("anna")


@pytest.fixture
def app(app: Litestar) -> Litestar:
    for route in probe.routes:
        app.register(route)
    return app


async def test_a_resident_is_let_in_as_themselves(
    client: httpx.AsyncClient, anna: UUID, bearer: Bearer
) -> None:
    answer = await client.get("/v1/me/self", headers=bearer("anna"))
    assert answer.json() == {"me": str(anna), "db": str(anna)}


async def test_a_login_without_resident_is_told_what_to_accept(
    client: httpx.AsyncClient, bearer: Bearer, app: Litestar
) -> None:
    answer = await client.get("/v1/me/self", headers=bearer("nobody"))
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/resident-unknown")
    assert answer.json()["accept_at"] == "/v1/me"
    assert app.state.pool.get_size() == app.state.pool.get_idle_size()  # given back at once
    opened = await client.put("/v1/me/door", headers=bearer("nobody"))
    assert opened.json() == {"subject": "nobody", "same": True}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE resident SET signed_out_at = $1",
        "UPDATE identity SET resident_id = NULL, erased_at = $1",
    ],
)
async def test_a_login_of_before_sign_out_or_erasure_is_refused(
    client: httpx.AsyncClient, anna: UUID, admin: "Connection[Any]", bearer: Bearer, sql: str
) -> None:
    del anna
    await admin.execute(sql, datetime.fromtimestamp(NOW - 100, UTC))
    for old in (NOW - 100, NOW - 5000):
        answer = await client.get("/v1/me/self", headers=bearer("anna", auth_time=old))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    again = await client.get("/v1/me/self", headers=bearer("anna", auth_time=NOW - 99))
    assert again.status_code == (200 if "signed_out" in sql else 409)


async def test_staff_are_let_in_with_the_roles_held_now(
    region: Region, admin: "Connection[Any]", bearer: Bearer
) -> None:
    member_id = await region.staff("sara")
    study = UUID(int=5)
    await admin.execute(
        "INSERT INTO membership (member_id, role, study_id, ended_at)"
        " VALUES ($1, 'steward', NULL, NULL), ($1, 'lead', $2, NULL), ($1, 'operator', NULL, now())",
        member_id,
        study,
    )
    answer = await region.client.get("/v1/staff/self", headers=bearer("sara"))
    assert answer.json() == {
        "roles": ["steward"], "studies": {str(study): "lead"}, "db": str(member_id),
    }  # fmt: skip
    assert (await region.client.get("/v1/staff/self", headers=bearer("anna"))).status_code == 403


async def test_a_real_providers_access_token_is_taken_and_its_id_token_is_not(
    offline: Settings, oidc: Provider
) -> None:
    settings = msgspec.structs.replace(offline, oidc_issuer=oidc.issuer)
    app = undescribed(settings)
    app.register(probe.who)
    tokens = await asyncio.to_thread(oidc.login, "anna")
    async with serving(app) as client:
        for name, status in (("access_token", 503), ("id_token", 401)):  # 503: no database here
            headers = {"Authorization": f"Bearer {tokens[name]}"}
            assert (await client.get("/v1/me/self", headers=headers)).status_code == status


def test_development_tokens_are_made_in_development_alone(tmp_path: Path) -> None:
    production = Settings(oidc_issuer="https://idp.example", secret_dir=tmp_path)
    with pytest.raises(BadSettings):
        development.token(production, "anna")
    assert not list(tmp_path.iterdir())


def test_the_application_refuses_the_development_issuer_outside_development() -> None:
    with pytest.raises(BadSettings):
        Settings(oidc_issuer=DEVELOPMENT_ISSUER)
    with pytest.raises(BadSettings):
        Settings()


def test_in_production_a_missing_secret_is_said_by_name(tmp_path: Path) -> None:
    production = Settings(oidc_issuer="https://idp.example", secret_dir=tmp_path)
    with pytest.raises(BadSettings, match="`hmac` in MEDVERKA_SECRET_DIR"):
        undescribed(production)


def test_secrets_are_made_once_and_for_their_owner_alone(offline: Settings) -> None:
    first = development.subject_secret(offline)
    assert development.subject_secret(offline) == first
    files = list(offline.secret_dir.iterdir())
    assert [f.name for f in files] == ["hmac"]
    assert files[0].stat().st_mode & 0o777 == 0o600
    assert len(first) == 32


def test_the_same_subject_of_two_issuers_is_two_logins() -> None:
    assert subject_hmac(b"k", "a", "b") != subject_hmac(b"k", "c", "b")
    assert subject_hmac(b"k", "a", "b") == hmac.digest(b"k", b"a\0b", hashlib.sha256)
