"""One row a sample, in a table keyed by resident, measure and start: what every peer writes to.

Numbers for measures, no foreign keys, no row-level security, and in `sample` integers for times: the
least that it can cost. Emptied before each run, so that the index is always small.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from migrations.databases import connected, create_database, drop_database
from migrations.embedded import Cluster

DATABASE = "medverka_peers"
HEART_RATE = 1


@asynccontextmanager
async def table(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database with the tables, for as long as the block lasts."""
    sql = """
        CREATE TABLE sample (
            resident uuid,
            measure  smallint,
            start_ms bigint,
            value    double precision,
            PRIMARY KEY (resident, measure, start_ms)
        );
        CREATE TABLE donation (
            resident uuid,
            measure  smallint,
            start    timestamptz,
            value    double precision,
            PRIMARY KEY (resident, measure, start)
        );
        CREATE TABLE consent (
            resident    uuid,
            category    text,
            given_at    timestamptz NOT NULL,
            valid_until timestamptz NOT NULL,
            PRIMARY KEY (resident, category)
        )
    """
    await create_database(cluster.dsn("admin"), DATABASE)
    address = cluster.nearby("admin", DATABASE)
    async with connected(address) as conn:
        await conn.execute(sql)
    try:
        yield address
    finally:
        await drop_database(cluster.dsn("admin"), DATABASE)


async def empty(address: str) -> None:
    """Before a run: nobody else's rows in the way."""
    async with connected(address) as conn:
        await conn.execute("TRUNCATE sample, donation")


async def stored(address: str) -> int:
    """How many rows a run has left."""
    async with connected(address) as conn:
        sql = "SELECT (SELECT count(*) FROM sample) + (SELECT count(*) FROM donation)"
        count: int = await conn.fetchval(sql)
        return count


async def bytes_per_sample(address: str) -> float:
    """Of a table with its index, as the last run left it."""
    async with connected(address) as conn:
        await conn.execute("VACUUM sample, donation")
        sql = "SELECT pg_total_relation_size('sample') + pg_total_relation_size('donation')"
        size: int = await conn.fetchval(sql)
    return size / await stored(address)
