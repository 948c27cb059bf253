"""The doctor finds what is wrong, says what to do, and has nothing to say to a sound installation."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import msgspec
import pytest

from api import data_keys, development, doctor, receipts
from api.settings import Settings
from domain.rights import journal
from domain.rights.journal import Entry
from migrations.databases import Connection
from migrations.programs import ServerFailed
from tests.database import Database
from tests.oidc import provider

Journalled: TypeAlias = tuple[Settings, dict[str, str], Path]
CARELESS = {"fsync is off", "full_page_writes is off"}
"""What the tests' own server is, on purpose."""


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """A sound installation in development mode."""
    passwords: dict[str, Any] = {
        f"{role}_password": word for role, word in database.cluster.role_passwords.items()
    }
    found = Settings(
        mode="development",
        secret_dir=tmp_path / "secrets",
        database_url=database.dsn("admin"),
        **passwords,
    )
    for make in (development.subject_secret, data_keys.provider, receipts.load):
        make(found)
    return found


def production(settings: Settings, issuer: str) -> dict[str, str]:
    return {
        "OIDC_ISSUER": issuer,
        "OIDC_AUDIENCE": "medverka",
        "MEDVERKA_SECRET_DIR": str(settings.secret_dir),
        "PUBLIC_URL": "https://medverka.example",
        "DATABASE_URL": settings.database_url,
        "MEDVERKA_ERASURE_JOURNAL": str(_begun(settings.secret_dir / "erasures")),
    }


def _begun(path: Path) -> Path:
    """A journal of erasures that has been begun."""
    journal.begin(path)
    return path


async def wrong(
    settings: Settings, environ: dict[str, str] | None = None, **changed: object
) -> dict[str, str]:
    """What is not well, and what to do about it."""
    given = environ or {
        "MEDVERKA_MODE": "development",
        "MEDVERKA_SECRET_DIR": str(settings.secret_dir),
        "DATABASE_URL": settings.database_url,
    }
    configured = msgspec.structs.replace(settings, **changed)
    findings = await doctor.examine(given, lambda: configured)
    assert all(finding.remedy for finding in findings if not finding.well)
    found = {finding.what: finding.remedy for finding in findings if not finding.well}
    return {what: remedy for what, remedy in found.items() if what not in CARELESS}


async def test_a_sound_installation_needs_nothing(settings: Settings) -> None:
    assert await wrong(settings) == {}


async def test_a_configuration_that_cannot_be_read_is_all_there_is_to_say(
    settings: Settings,
) -> None:
    assert list(await wrong(settings, {"MEDVERKA_MODE": "production"})) == [
        "configuration can be read"
    ]


async def test_a_development_issuer_on_the_network_is_found(settings: Settings) -> None:
    environ = {"MEDVERKA_MODE": "development", "HOST": "0.0.0.0"}  # noqa: S104 - that is the fault
    environ |= {"MEDVERKA_SECRET_DIR": str(settings.secret_dir)}
    assert "HOST is this machine alone" in await wrong(settings, environ)


async def test_an_identity_provider_that_cannot_be_reached_is_found(settings: Settings) -> None:
    found = await wrong(settings, production(settings, "http://127.0.0.1:1"))
    assert set(found) == {"OIDC_ISSUER is https", "the identity provider gives its keys"}


async def test_a_real_identity_provider_gives_its_keys(settings: Settings) -> None:
    with provider() as running:
        found = await wrong(settings, production(settings, running.issuer))
    assert set(found) == {"OIDC_ISSUER is https"}


def _open(path: Path) -> None:
    path.chmod(0o644)


def _spoil(path: Path) -> None:
    path.write_text("not a key\n")


@pytest.mark.parametrize("name", ["hmac", "kek", "receipt-key.json"])
@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (_open, "{} is its owner's alone"),
        (_spoil, "secret {} can be used"),
        (os.unlink, "secret {} is there"),
    ],
)
async def test_a_secret_open_spoilt_or_gone_is_found(
    settings: Settings, name: str, harm: Callable[[Path], None], what: str
) -> None:
    harm(settings.secret_dir / name)
    found = await wrong(settings, production(settings, "http://127.0.0.1:1"))
    assert what.format(name) in found


async def test_a_wrong_password_is_found_for_the_role_that_has_it(settings: Settings) -> None:
    found = await wrong(settings, worker_password="wrong")
    assert list(found) == ["medverka_worker can enter the database"]
    assert "MEDVERKA_WORKER_PASSWORD" in next(iter(found.values()))


@pytest.mark.parametrize("address", ["postgresql://127.0.0.1:1/nowhere", "postgresql://[::1]:1/x"])
async def test_a_database_that_is_away_is_found(settings: Settings, address: str) -> None:
    found = await wrong(settings, database_url=address)
    assert set(found) == {
        f"medverka_{role} can enter the database"
        for role in ("api", "worker", "migrator", "auditor")
    }


async def test_a_database_that_was_never_made_is_found(settings: Settings) -> None:
    address = settings.database_url.rpartition("/")[0] + "/medverka_never_made"
    found = await wrong(settings, database_url=address)
    assert "medverka migrate" in found["medverka_api can enter the database"]


async def test_a_server_that_does_not_start_is_told_of(settings: Settings) -> None:
    def fails() -> Settings:
        raise ServerFailed("no space left")

    environ = {"MEDVERKA_MODE": "development", "MEDVERKA_SECRET_DIR": str(settings.secret_dir)}
    *_, last = await doctor.examine(environ, fails)
    assert (last.well, last.remedy) == (False, "no space left")


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("DELETE FROM schema_migration WHERE number = 3", "migrations are applied"),
        ("UPDATE schema_migration SET sha256 = 'x' WHERE number = 3", "migrations are applied"),
        (
            "ALTER TABLE donation_of_all OWNER TO postgres",
            "no role is above row-level security",
        ),
        (
            "ALTER TABLE consent_grant NO FORCE ROW LEVEL SECURITY",
            "row-level security is forced wherever residents have rows",
        ),
        (
            "CREATE TABLE forgotten (resident_id uuid PRIMARY KEY)",
            "row-level security is forced wherever residents have rows",
        ),
    ],
)
async def test_a_fault_in_the_database_is_found(
    settings: Settings, admin: Connection, fault: str, what: str
) -> None:
    await admin.execute(
        "CREATE TABLE donation_of_all (); ALTER TABLE donation_of_all OWNER TO medverka_owner"
    )
    await admin.execute(fault)
    assert what in await wrong(settings)


async def test_days_counted_in_another_zone_are_found(
    settings: Settings, database: Database, admin: Connection
) -> None:
    await admin.execute(f"ALTER DATABASE {database.name} SET timezone = 'Europe/Stockholm'")
    assert list(await wrong(settings)) == ["TimeZone is Europe/Stockholm"]


async def test_clocks_that_differ_are_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "MOST_SKEW_SECONDS", -1)
    assert list(await wrong(settings)) == ["the database's clock and ours agree"]


@pytest.fixture
def journalled(settings: Settings, tmp_path: Path) -> Journalled:
    """An installation with a journal of erasures, its environment, and the file."""
    path = tmp_path / "erasures"
    journal.begin(path)
    environ = {
        "MEDVERKA_MODE": "development",
        "MEDVERKA_SECRET_DIR": str(settings.secret_dir),
        "MEDVERKA_ERASURE_JOURNAL": str(path),
    }
    return msgspec.structs.replace(settings, erasure_journal=str(path)), environ, path


async def test_a_journal_that_is_kept_needs_nothing(journalled: Journalled) -> None:
    settings, environ, _ = journalled
    assert await wrong(settings, environ) == {}


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (os.unlink, "the journal of erasures is there"),
        (_open, "erasures is its owner's alone"),
        (_spoil, "all that the journal names has ended in this database"),
    ],
)
async def test_a_journal_gone_open_or_damaged_is_found(
    journalled: Journalled, harm: Callable[[Path], None], what: str
) -> None:
    settings, environ, path = journalled
    harm(path)
    assert what in await wrong(settings, environ)


async def test_a_restored_database_is_found(journalled: Journalled) -> None:
    settings, environ, path = journalled
    journal.write(path, [Entry(uuid4(), uuid4(), "heart", journal.BEGINNING)])
    found = await wrong(settings, environ)
    assert list(found) == ["all that the journal names has ended in this database"]
    assert "medverka journal replay" in next(iter(found.values()))


async def test_in_production_a_journal_is_to_be_kept(settings: Settings) -> None:
    environ = production(settings, "http://127.0.0.1:1")
    del environ["MEDVERKA_ERASURE_JOURNAL"]
    assert "MEDVERKA_ERASURE_JOURNAL is set" in await wrong(settings, environ)
