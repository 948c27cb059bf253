"""Numbered `NNNN_name.sql` files, applied once each, in order, forward only.

A file is one transaction, run as the owner. Where its first line is `-- no-transaction` it holds
one statement that PostgreSQL refuses in a transaction (`CREATE INDEX CONCURRENTLY IF NOT EXISTS`),
and must bear to be run again, since a crash may come before it is noted.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from msgspec import Struct

from migrations.databases import Connection, connected

HERE = Path(__file__).parent
FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
TRIES = 10
BACKOFF_SECONDS = 1.0
PATIENCE_SECONDS = 600


class MigrationRefused(Exception):
    """The migrations and the database do not fit each other."""


class Migration(Struct, frozen=True):
    """One file. Its checksum is of its lines, however they end."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        return not self.sql.startswith("-- no-transaction")


def files(folder: Path = HERE) -> list[Migration]:
    """The migrations of a folder, in order. Two of one number, or a gap, are refused."""
    found = [
        Migration(int(match[1]), match[2], path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.sql"))
        if (match := FILE_NAME.fullmatch(path.name))
    ]
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise MigrationRefused("migrations are numbered 0001, 0002, … without gap or double")
    return found


async def pending(conn: Connection, folder: Path = HERE) -> list[Migration]:
    """What is still to be applied. Applied ones that we do not know are a newer release's."""
    wanted = files(folder)
    if await conn.fetchval("SELECT to_regclass('public.schema_migration') IS NULL"):
        return wanted
    sql = "SELECT number, name, sha256 FROM schema_migration ORDER BY number"
    applied = {row["number"]: row for row in await conn.fetch(sql)}
    for migration in wanted:
        row = applied.get(migration.number)
        if row is not None and row["sha256"] != migration.sha256:
            raise MigrationRefused(
                f"{migration.number:04}_{row['name']} was changed after it was applied: "
                "put it back, and write a new migration"
            )
    return [m for m in wanted if m.number not in applied]


async def migrate(dsn: str, folder: Path = HERE) -> list[Migration]:
    """Apply, as the migrator, what is pending. Of several callers one works and the others wait."""
    async with connected(dsn) as conn:
        await conn.execute("SET ROLE medverka_owner")
        async with _alone(conn):
            await _prepare(conn)
            todo = await pending(conn, folder)
            for migration in todo:
                await _apply(conn, migration)
    return todo


@asynccontextmanager
async def _alone(conn: Connection) -> AsyncIterator[None]:
    # Asked again and again: a wait inside the statement would hold a snapshot, and
    # CREATE INDEX CONCURRENTLY of the one who works would wait for it.
    sql = "SELECT pg_try_advisory_lock(hashtextextended('medverka migrations', 0))"
    until = time.monotonic() + PATIENCE_SECONDS
    while not await conn.fetchval(sql):
        if time.monotonic() > until:
            raise MigrationRefused("another migration has been running for ten minutes")
        await asyncio.sleep(0.1)
    try:
        yield
    finally:
        await conn.execute("SELECT pg_advisory_unlock_all()")


async def _prepare(conn: Connection) -> None:
    if not await conn.fetchval("SELECT to_regclass('public.schema_migration') IS NULL"):
        return
    await conn.execute("""
        CREATE TABLE schema_migration (
            number     integer PRIMARY KEY,
            name       text NOT NULL,
            sha256     text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        COMMENT ON TABLE schema_migration IS 'class: reference';
        GRANT SELECT ON schema_migration TO medverka_api, medverka_worker, medverka_auditor
    """)


async def _apply(conn: Connection, migration: Migration) -> None:
    """Try until the locks come. A readers' lock of seconds must not fail a release."""
    for attempt in range(1, TRIES + 1):
        try:
            await _run(conn, migration)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if attempt == TRIES:
                raise
            await asyncio.sleep(attempt * BACKOFF_SECONDS)
        else:
            return


async def _run(conn: Connection, migration: Migration) -> None:
    note = "INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)"
    if migration.in_transaction:
        async with conn.transaction():
            await conn.execute(migration.sql)
            await conn.execute(note, migration.number, migration.name, migration.sha256)
    else:
        await conn.execute(migration.sql)
        await conn.execute(note, migration.number, migration.name, migration.sha256)
