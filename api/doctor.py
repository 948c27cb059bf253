"""The doctor: looks over configuration, secrets, database and roles, and says what to do.

It reads only. What cannot be looked at because something before it is missing is left out.
"""

import asyncio
import stat
import zoneinfo
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
from msgspec import Struct

from api import data_keys, development, jwks, receipts
from api.settings import ROLES, BadSettings, Role, Settings, variable
from domain import checkup
from domain.rights import replay
from domain.rights.journal import JournalUnreadable
from migrations.databases import Connection
from migrations.programs import ServerFailed
from migrations.runner import MigrationRefused, pending

CONNECT_SECONDS = 5.0
MOST_SKEW_SECONDS = 2.0
LEAST_VERSION = 18
LOCKS = "max_locks_per_transaction"
LEAST_LOCKS = 128
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_DURABLE = "Set it to on: without it an acknowledged write may be lost."
SERVER: Mapping[str, tuple[frozenset[str], str]] = {
    "track_commit_timestamp": (
        frozenset({"on"}),
        "Set it to on, and restart: it tells which came first, a use or a withdrawal.",
    ),
    "fsync": (frozenset({"on"}), _DURABLE),
    "full_page_writes": (frozenset({"on"}), _DURABLE),
    "synchronous_commit": (frozenset({"on", "local", "remote_write", "remote_apply"}), _DURABLE),
    "server_encoding": (frozenset({"UTF8"}), "Make the database anew, with ENCODING 'UTF8'."),
    "TimeZone": (
        frozenset({"UTC", "Etc/UTC"}),
        "ALTER DATABASE … SET timezone = 'UTC': approvals begin and end by UTC's days.",
    ),
}
"""PostgreSQL's settings that matter here: what each may be, and what to do otherwise."""


class Finding(Struct, frozen=True):
    """One thing that was looked at. `remedy` says what to do where it is not well."""

    what: str
    well: bool
    remedy: str = ""


async def examine(environ: Mapping[str, str], configured: Callable[[], Settings]) -> list[Finding]:
    """Everything there is to find. `configured` starts the checkout's server where there is no other."""
    try:
        settings = Settings.from_environ(environ)
    except BadSettings as error:
        return [Finding("configuration can be read", well=False, remedy=str(error))]
    findings = [*_configuration(settings), await _issuer(settings), *_secrets(settings)]
    findings += _journal(settings)
    if not settings.database_url and not settings.development:
        return [*findings, Finding("DATABASE_URL is set", well=False, remedy="Set it.")]
    try:
        settings = await asyncio.to_thread(configured)
    except ServerFailed as error:
        failed = Finding("the checkout's own PostgreSQL starts", well=False, remedy=str(error))
        return [*findings, failed]
    return [*findings, *await _database(settings)]


def _configuration(settings: Settings) -> Iterator[Finding]:
    yield Finding(f"configuration can be read; {settings.mode} mode", well=True)
    if settings.development:
        yield Finding(
            f"{variable('host')} is this machine alone",
            settings.host in LOOPBACK,
            "Anyone can make themselves a development token: listen on 127.0.0.1.",
        )
    else:
        for name, url in (("public_url", settings.public_url), ("oidc_issuer", settings.issuer)):
            well = urlsplit(url).scheme == "https"
            yield Finding(f"{variable(name)} is https", well, "Give its https address.")
    yield Finding(
        "time zones are known here",
        "Europe/Stockholm" in zoneinfo.available_timezones(),
        "Install the system's tzdata, or the Python package of that name.",
    )


async def _issuer(settings: Settings) -> Finding:
    if settings.own_issuer:
        return Finding("tokens come from the development issuer", well=True)
    what = "the identity provider gives its keys"
    try:
        keys = await jwks.provider(settings.issuer, settings.oidc_jwks_url)()
    except (httpx.HTTPError, httpx.InvalidURL, jwks.Unfetchable, TimeoutError) as error:
        remedy = f"Check OIDC_ISSUER or OIDC_JWKS_URL, and the way there ({type(error).__name__})."
        return Finding(what, well=False, remedy=remedy)
    return Finding(what, bool(keys), "Its key set has no signing key that we can use.")


def _secrets(settings: Settings) -> Iterator[Finding]:
    """Each secret, by what reads it. Development makes the missing ones at first use."""
    folder = settings.secret_dir
    if not folder.is_dir():
        remedy = "Make it, with mode 0700, and the three secrets in it (README, Secrets)."
        yield Finding(f"{variable('secret_dir')} is there", settings.development, remedy)
        return
    yield _closed(folder, 0o700)
    loaders: Mapping[str, Callable[[Settings], object]] = {
        "hmac": development.subject_secret,
        "kek": data_keys.provider,
        "receipt-key.json": receipts.load,
    }
    for name, load in loaders.items():
        path = folder / name
        if path.exists():
            yield _closed(path, 0o600)
            yield _readable(name, load, settings)
        elif not settings.development:
            yield Finding(
                f"secret {name} is there",
                well=False,
                remedy="Restore it from its backup, or make it (README, Secrets).",
            )


def _journal(settings: Settings) -> Iterator[Finding]:
    """The copy of the journal of erasures that survives a restore."""
    name = variable("erasure_journal")
    if not settings.erasure_journal:
        remedy = "Name a file that is kept apart from the database (README, Backups and restore)."
        yield Finding(f"{name} is set", settings.development, remedy)
        return
    path = Path(settings.erasure_journal)
    there = path.is_file()
    yield Finding(
        "the journal of erasures is there",
        there,
        f"Put it back, or begin it: `medverka journal export {path}`.",
    )
    if there:
        yield _closed(path, 0o600)


async def _replayed(settings: Settings, conn: Connection) -> Finding:
    what = "all that the journal names has ended in this database"
    try:
        await replay.check(conn, Path(settings.erasure_journal))
    except replay.ErasuresMissing:
        remedy = f"It was restored: `medverka journal replay {settings.erasure_journal}`."
        return Finding(what, well=False, remedy=remedy)
    except JournalUnreadable as error:
        return Finding(what, well=False, remedy=f"{error} Take another copy of it.")
    return Finding(what, well=True)


def _closed(path: Path, mode: int) -> Finding:
    open_to_others = stat.S_IMODE(path.stat().st_mode) & ~mode
    return Finding(
        f"{path.name} is its owner's alone",
        not open_to_others,
        f"chmod {mode:o} {path}; whoever could read it may have: consider another.",
    )


def _readable(name: str, load: Callable[[Settings], object], settings: Settings) -> Finding:
    try:
        load(settings)
    except (BadSettings, ValueError, OSError):
        return Finding(
            f"secret {name} can be used", well=False, remedy="Restore it from its backup."
        )
    return Finding(f"secret {name} can be used", well=True)


async def _database(settings: Settings) -> list[Finding]:
    findings = [await _entrance(settings, role) for role in ROLES]
    if findings[0].well:
        async with _as_api(settings) as conn:
            findings += [look async for look in _looks(conn)]
            if settings.erasure_journal:
                findings.append(await _replayed(settings, conn))
    return findings


async def _entrance(settings: Settings, role: Role) -> Finding:
    """Whether a role gets in, and why not."""
    name = variable(f"{role}_password")
    try:
        conn = await asyncpg.connect(settings.dsn(role), timeout=CONNECT_SECONDS)
        await conn.close()
    except asyncpg.InvalidCatalogNameError:
        remedy = "The database is not there: `medverka migrate`."
    except asyncpg.InvalidAuthorizationSpecificationError:
        remedy = (
            f"{name} is not the role's password, or the role is not there: "
            "`medverka migrate` with an administrator's DATABASE_URL makes both so."
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        remedy = f"Is PostgreSQL up, and DATABASE_URL its address? ({type(error).__name__})"
    else:
        return Finding(f"medverka_{role} can enter the database", well=True)
    return Finding(f"medverka_{role} can enter the database", well=False, remedy=remedy)


@asynccontextmanager
async def _as_api(settings: Settings) -> AsyncIterator[Connection]:
    conn = await asyncpg.connect(settings.dsn("api"), timeout=CONNECT_SECONDS)
    try:
        yield conn
    finally:
        await conn.close()


async def _looks(conn: Connection) -> AsyncIterator[Finding]:
    major = conn.get_server_version().major
    yield Finding(f"PostgreSQL {major}", major >= LEAST_VERSION, f"{LEAST_VERSION} is the least.")
    yield await _migrations(conn)
    mighty = await checkup.mighty_roles(conn)
    yield Finding(
        "no role is above row-level security",
        not mighty,
        f"{', '.join(mighty)}: `medverka migrate` with an administrator's DATABASE_URL.",
    )
    bare = await checkup.tables_without_wall(conn)
    yield Finding(
        "row-level security is forced wherever residents have rows",
        not bare,
        f"ALTER TABLE … FORCE ROW LEVEL SECURITY: {', '.join(bare)}.",
    )
    for finding in _server(await checkup.settings(conn, [*SERVER, LOCKS])):
        yield finding
    before = datetime.now(UTC)
    skew = abs((await checkup.clock(conn) - before).total_seconds())
    yield Finding(
        "the database's clock and ours agree",
        skew <= MOST_SKEW_SECONDS,
        f"They differ by {skew:.0f} s: run a time service on both machines.",
    )


async def _migrations(conn: Connection) -> Finding:
    try:
        missing = await pending(conn)
    except MigrationRefused as error:
        return Finding("migrations are applied", well=False, remedy=f"{error}.")
    remedy = f"{len(missing)} are not: `medverka migrate`."
    return Finding("migrations are applied", not missing, remedy)


def _server(found: Mapping[str, str]) -> Iterator[Finding]:
    for name, (wanted, remedy) in SERVER.items():
        yield Finding(f"{name} is {found[name]}", found[name] in wanted, remedy)
    yield Finding(
        f"{LOCKS} is {found[LOCKS]}",
        int(found[LOCKS]) >= LEAST_LOCKS,
        f"Set it to {LEAST_LOCKS} or more, and restart: a batch locks 500 residents.",
    )
