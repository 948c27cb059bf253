"""Databases for tests and drills: each one cloned from a template that was migrated once."""

import asyncio
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from migrations import databases, runner
from migrations.embedded import LOGIN_ROLES, Cluster, running
from migrations.runner import migrate

ROOT = Path(__file__).parent.parent
# A power cut may cost the test databases; a crash of the server does not.
CARELESS = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
MEMORY = Path("/dev/shm")  # noqa: S108 - looked over before it is used
ROOMY = 4 << 30
"""Bytes that must be free in memory for the test databases to live there."""


class Database(Struct, frozen=True):
    """One database, and the address of it for each role."""

    cluster: Cluster
    name: str

    def dsn(self, role: str) -> str:
        """The address for `admin`, `api`, `worker`, `migrator` or `auditor`."""
        return self.cluster.dsn(role, self.name)


@contextmanager
def shared_cluster(environ: Mapping[str, str] = os.environ) -> Iterator[Cluster]:
    """The server of `DATABASE_URL` (an administrator's address), or an own one; roles are made."""
    if address := environ.get("DATABASE_URL"):
        url = urlsplit(address)
        passwords = {role: environ[f"MEDVERKA_{role.upper()}_PASSWORD"] for role in LOGIN_ROLES}
        user, password = unquote(url.username or ""), unquote(url.password or "")
        cluster = External(url.port or 5432, password, passwords, url.hostname or "", user)
        asyncio.run(databases.bootstrap_roles(cluster.dsn("admin"), passwords))
        yield cluster
    else:
        with running(folder(), CARELESS) as own:
            asyncio.run(databases.bootstrap_roles(own.dsn("admin"), own.role_passwords))
            yield own


def folder() -> Path:
    """Where the own server lives: in memory where there is room and the folder is nobody else's.

    A clone is some 450 files. In memory it takes a tenth of the time.
    """
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    there = MEMORY / f"medverka-tests-{os.geteuid()}-{checkout}"
    try:
        there.mkdir(mode=0o711, exist_ok=True)
        ours = there.lstat().st_uid == os.geteuid() and not there.is_symlink()
        roomy = (there / "data").exists() or shutil.disk_usage(there).free > ROOMY
    except OSError:
        return ROOT / ".postgres" / "tests"
    return there if ours and roomy else ROOT / ".postgres" / "tests"


class External(Cluster, frozen=True):
    """A server that is not ours, with an administrator of its own naming."""

    admin: str = "postgres"

    def dsn(self, role: str, database: str = "postgres") -> str:
        if role != "admin":
            return super().dsn(role, database)
        who = f"{quote(self.admin, safe='')}:{quote(self.admin_password, safe='')}"
        return f"postgresql://{who}@{self.host}:{self.port}/{database}"


async def template(cluster: Cluster) -> str:
    """The name of the migrated template for the migrations as they are now, made where missing."""
    name = f"medverka_template_{_fingerprint()}"
    lock = "SELECT pg_advisory_lock(hashtextextended('medverka template', 0))"
    exists = "SELECT true FROM pg_database WHERE datname = $1 AND datistemplate"
    async with databases.connected(cluster.dsn("admin")) as conn:
        await conn.execute(lock)
        if not await conn.fetchval(exists, name):
            await _drop_leftovers(cluster)
            await databases.drop_database(cluster.dsn("admin"), name)  # half made, once
            await databases.create_database(cluster.dsn("admin"), name)
            await migrate(cluster.dsn("migrator", name))
            await conn.execute(f"ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false")
    return name


async def clone(cluster: Cluster, source: str) -> Database:
    """A new database like the template, with nobody else in it."""
    database = Database(cluster, f"medverka_test_{secrets.token_hex(8)}")
    async with databases.connected(cluster.dsn("admin")) as conn:
        await conn.execute(
            f"CREATE DATABASE {database.name} OWNER medverka_owner"
            f" TEMPLATE {source} STRATEGY file_copy"
        )
    return database


async def drop(database: Database) -> None:
    """Drop it, whoever is still connected."""
    await databases.drop_database(database.cluster.dsn("admin"), database.name)


def _fingerprint() -> str:
    """Of all that decides what a migrated database is like."""
    makers = [Path(runner.__file__), Path(databases.__file__), databases.ROLES]
    content = [path.read_bytes() for path in sorted([*runner.HERE.glob("[0-9]*.sql"), *makers])]
    return hashlib.sha256(b"\0".join(content)).hexdigest()[:16]


async def _drop_leftovers(cluster: Cluster) -> None:
    """What killed sessions and older migrations left behind, when it is older than any session."""
    sql = """
        SELECT datname, datistemplate FROM pg_database
         WHERE datname ~ '^medverka_(test|template|schema)_'
           AND (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification
               < now() - interval '3 hours'
    """
    async with databases.connected(cluster.dsn("admin")) as conn:
        if not await conn.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            return  # may not ask how old they are
        for name, is_template in await conn.fetch(sql):
            if is_template:
                await conn.execute(f"ALTER DATABASE {name} IS_TEMPLATE false")
            await databases.drop_database(cluster.dsn("admin"), name)
