"""Who waits with the same statement shares a trip to PostgreSQL, and suffers from nobody who does."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from domain.db import Connection, Pool, open_pool
from domain.trips import FEW, MOST, Trips, alone
from migrations.databases import connected
from tests.database import Database

SHORT = 0.1
LOCK = 7


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    made = await open_pool(database.dsn("api"), 4)
    yield made
    made.terminate()


async def well(_: Connection) -> None:
    """Every connection may be used."""


@pytest.fixture
def trips(pool: Pool) -> Trips:
    return Trips(pool, 2, 5, well)


async def share(trips: Trips, number: int) -> tuple[int, str]:
    """What a caller brought along, twice as much, and the transaction it was in."""
    sql = """
        SELECT a.n, 2 * a.number AS twice, pg_current_xact_id()::text AS trip
          FROM jsonb_to_recordset($1) AS a (n integer, number integer)
    """
    ((_, twice, trip),) = await trips.rows(sql, number=number)
    return twice, trip


async def divide(trips: Trips, number: int) -> int:
    sql = "SELECT a.n, 100 / a.number AS part FROM jsonb_to_recordset($1) AS a (n integer, number integer)"
    ((_, part),) = await trips.rows(sql, number=number)
    return int(part)


async def wait(trips: Trips, lock: int) -> None:
    sql = """
        SELECT a.n, pg_advisory_xact_lock(a.lock)
          FROM jsonb_to_recordset($1) AS a (n integer, lock integer)
    """
    await trips.rows(sql, lock=lock)


@pytest.fixture
async def road(database: Database) -> AsyncIterator[Connection]:
    """While its transaction is open no trip with `wait` comes back."""
    async with connected(database.dsn("admin")) as conn:
        await conn.execute("BEGIN")
        await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        yield conn


async def under_way(trips: Trips) -> list[asyncio.Task[None]]:
    """Both trips: the second leaves beside the first once there are a few for it."""
    out = []
    for several in (1, FEW):
        out += [asyncio.create_task(wait(trips, LOCK)) for _ in range(several)]
        await asyncio.sleep(SHORT)
    return out


async def test_who_waits_shares_the_next_trip_and_gets_their_own(
    trips: Trips, road: Connection
) -> None:
    out = await under_way(trips)
    waiting = [asyncio.create_task(share(trips, n)) for n in range(MOST)]
    await asyncio.sleep(SHORT)
    assert not any(task.done() for task in waiting)
    await road.execute("ROLLBACK")
    answers = await asyncio.gather(*waiting)
    assert [twice for twice, _ in answers] == [2 * n for n in range(MOST)]
    assert len({trip for _, trip in answers}) == 1
    await asyncio.gather(*out)


async def test_nobody_waits_where_nothing_is_under_way(trips: Trips) -> None:
    first, second = await share(trips, 1), await share(trips, 2)
    assert (first[0], second[0]) == (2, 4)
    assert first[1] != second[1]


async def test_a_trip_leaves_beside_another_for_a_few_and_not_for_less(
    trips: Trips, road: Connection
) -> None:
    out = asyncio.create_task(wait(trips, LOCK))
    await asyncio.sleep(SHORT)
    waiting = [asyncio.create_task(share(trips, n)) for n in range(FEW - 1)]
    await asyncio.sleep(SHORT)
    assert not any(task.done() for task in waiting)
    answers = [await share(trips, 1), *await asyncio.gather(*waiting)]
    assert len({trip for _, trip in answers}) == 1
    await road.execute("ROLLBACK")
    await out


async def test_who_came_first_goes_first_whatever_they_ask(pool: Pool, road: Connection) -> None:
    trips, order = Trips(pool, 1, 5, well), list[int]()  # of two, the second may be back first
    out = asyncio.create_task(wait(trips, LOCK))
    await asyncio.sleep(SHORT)

    async def come(number: int) -> None:
        await (share(trips, number) if number % 3 else divide(trips, 1))
        order.append(number)

    late = [asyncio.create_task(come(n)) for n in range(2 * MOST)]
    await asyncio.sleep(SHORT)
    await road.execute("ROLLBACK")
    await asyncio.gather(out, *late)
    for kind in (True, False):
        of_kind = [n for n in order if bool(n % 3) is kind]
        assert of_kind == sorted(of_kind)


@pytest.mark.parametrize("number", [0, 2**40])  # the one cannot divide, the other cannot be read
async def test_the_fault_of_one_is_nobody_elses(
    trips: Trips, road: Connection, number: int
) -> None:
    out = await under_way(trips)
    waiting = [asyncio.create_task(divide(trips, one)) for one in (1, number, 5)]
    await asyncio.sleep(SHORT)
    await road.execute("ROLLBACK")
    hundred, fault, twenty = await asyncio.gather(*waiting, return_exceptions=True)
    assert (hundred, twenty) == (100, 20)
    assert isinstance(fault, asyncpg.PostgresError)
    await asyncio.gather(*out)


async def test_who_goes_away_takes_nobody_along(trips: Trips, road: Connection) -> None:
    out = await under_way(trips)
    staying, leaving = [asyncio.create_task(share(trips, n)) for n in (1, 2)]
    await asyncio.sleep(SHORT)
    leaving.cancel()
    out[0].cancel()
    await road.execute("ROLLBACK")
    assert (await staying)[0] == 2
    await out[1]


async def test_nobody_waits_for_a_trip_for_ever_but_for_its_end(
    pool: Pool, road: Connection
) -> None:
    trips = Trips(pool, 2, 3 * SHORT, well)
    out = await under_way(trips)
    with pytest.raises(TimeoutError):
        await share(trips, 1)
    assert not any(task.done() for task in out)
    await road.execute("ROLLBACK")
    await asyncio.gather(*out)
    assert (await share(trips, 1))[0] == 2


async def test_a_connection_serves_trip_after_trip_until_something_goes_wrong(
    trips: Trips, pool: Pool
) -> None:
    await share(trips, 1)
    assert trips.kept == 1
    with pytest.raises(asyncpg.DivisionByZeroError):
        await divide(trips, 0)
    assert trips.kept == 0
    assert pool.get_idle_size() == pool.get_size()
    await share(trips, 1)
    await trips.close()
    assert pool.get_idle_size() == pool.get_size()


async def test_a_connection_that_was_lost_meanwhile_is_replaced(
    trips: Trips, database: Database
) -> None:
    await share(trips, 1)
    async with connected(database.dsn("admin")) as admin:
        sql = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'medverka_api'"
        )
        await admin.execute(sql)
    await asyncio.sleep(SHORT)
    assert (await share(trips, 1))[0] == 2


async def test_a_connection_that_may_not_be_used_takes_nobody(pool: Pool) -> None:
    async def ill(_: Connection) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await share(Trips(pool, 2, SHORT, ill), 1)
    assert pool.get_idle_size() == pool.get_size()


async def test_one_asks_the_same_alone_on_a_connection_of_ones_own(pool: Pool) -> None:
    sql = """
        SELECT a.n, a.number, ($2::bytea[])[a.n] AS beside
          FROM jsonb_to_recordset($1) AS a (n integer, number integer)
    """
    async with pool.acquire() as conn:
        ((n, number, beside),) = await alone(conn)(sql, b"far", number=5)
    assert (n, number, beside) == (1, 5, b"far")
