"""What an administrator does: roles for the cluster, and a database that only they may enter."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

ROLES = Path(__file__).with_name("roles.sql")
SCRAM_ITERATIONS = 4096  # PostgreSQL's own; our passwords are random and long


async def bootstrap_roles(admin_dsn: str, passwords: Mapping[str, str]) -> None:
    """Make the cluster's roles as they should be, with these passwords by short name (`api`, …).

    Roles belong to the cluster, advisory locks to a database: all callers meet in `postgres`.
    """
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('medverka roles', 0))"
    async with connected(admin_dsn, database="postgres") as conn, conn.transaction():
        await conn.execute(lock)
        await conn.execute(ROLES.read_text())
        for name, password in passwords.items():
            await conn.execute(await _alter_password(conn, f"medverka_{name}", password))


async def create_database(admin_dsn: str, name: str) -> None:
    """An empty database of the owner's, closed to all but the roles. Nothing changes where it is."""
    sql = "SELECT format('CREATE DATABASE %I OWNER medverka_owner TEMPLATE template0', $1::text)"
    async with connected(admin_dsn, database="postgres") as conn:
        try:
            await conn.execute(await conn.fetchval(sql, name))
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            return  # another made it, perhaps this instant
    async with connected(admin_dsn, database=name) as conn, conn.transaction():
        await close_to_public(conn, name)


async def close_to_public(conn: Connection, name: str) -> None:
    """Only our roles connect to the database, and none but the owner makes anything in it."""
    sql = """
        SELECT format('REVOKE ALL ON DATABASE %1$I FROM PUBLIC;'
                      'GRANT CONNECT ON DATABASE %1$I TO medverka_migrator, medverka_api,'
                      '                                  medverka_worker, medverka_auditor', $1::text)
    """
    await conn.execute(await conn.fetchval(sql, name))
    await conn.execute("""
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT USAGE ON SCHEMA public TO medverka_api, medverka_worker, medverka_auditor
    """)


async def drop_database(admin_dsn: str, name: str) -> None:
    """Drop it where it is, whoever is still connected."""
    sql = "SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', $1::text)"
    async with connected(admin_dsn, database="postgres") as conn:
        await conn.execute(await conn.fetchval(sql, name))


@asynccontextmanager
async def connected(dsn: str, *, database: str | None = None) -> AsyncIterator[Connection]:
    """A connection for as long as the block lasts; to another database than the address says."""
    conn = await asyncpg.connect(dsn, database=database)
    try:
        yield conn
    finally:
        await conn.close()


async def _alter_password(conn: Connection, role: str, password: str) -> str:
    sql = "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)"
    statement: str = await conn.fetchval(sql, role, scram_verifier(password))
    return statement


def scram_verifier(password: str) -> str:
    """What PostgreSQL keeps of a password (RFC 5803), so that it never sees the password itself."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"
