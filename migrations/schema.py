"""`schema.sql`: what the migrations add up to, for people to read and for a check to compare."""

import asyncio
import re
import secrets
from urllib.parse import unquote, urlsplit, urlunsplit

from migrations.databases import create_database, drop_database
from migrations.programs import PROGRAMS, ServerFailed
from migrations.runner import migrate

# Settings of the session that would restore it, the key of this one dump, and empty words.
NOISE = re.compile(
    r"^(\\unrestrict .*|SET default_\w+ = .*;|--|-- PostgreSQL database dump complete)\n"
    r"|(?<=; )Schema: (?:public|-); Owner: -$",
    re.MULTILINE,
)
HEAD = "-- Generated from the migrations by `make schema`. Not to be edited.\n\n"


async def dump_schema(dsn: str) -> str:
    """The schema of a database as text, the same for the same migrations. `dsn` is an administrator's."""
    address = urlsplit(dsn)
    bare = urlunsplit(address._replace(netloc=f"{address.hostname}:{address.port or 5432}"))
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / "pg_dump",
        *("--schema-only", "--no-owner", "--schema=public", f"--dbname={bare}"),
        stdout=asyncio.subprocess.PIPE,
        env={
            "PGUSER": unquote(address.username or ""),
            "PGPASSWORD": unquote(address.password or ""),
        },
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise ServerFailed("pg_dump could not read the schema")
    objects = output.decode().partition("-- Name:")
    return HEAD + re.sub(r"\n{3,}", "\n\n", NOISE.sub("", "".join(objects[1:]))).strip() + "\n"


async def schema_of_migrations(admin_dsn: str, migrator_dsn: str) -> str:
    """The schema that the migrations make from nothing, in a database made for it and dropped.

    Both addresses name a cluster with the roles; which database they name does not matter.
    """
    name = f"medverka_schema_{secrets.token_hex(6)}"
    await create_database(admin_dsn, name)
    try:
        await migrate(at_database(migrator_dsn, name))
        return await dump_schema(at_database(admin_dsn, name))
    finally:
        await drop_database(admin_dsn, name)


def at_database(dsn: str, name: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
