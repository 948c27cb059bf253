"""Requests of one statement are at work a few at a time, in their order, and none waits behind one that waits."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.turns import Turns
from domain.db import Connection, Pool, open_pool
from tests.api.region import Region
from tests.database import Database

SHORT = 0.05


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    made = await open_pool(database.dsn("api"), 4)
    yield made
    made.terminate()


async def well(_: Connection) -> None:
    """Every connection may be used."""


def two(pool: Pool) -> Turns:
    return Turns(pool, 16, SHORT, well)


async def hold(turns: Turns, until: asyncio.Event) -> None:
    async with turns.one():
        await until.wait()


async def held(turns: Turns, until: asyncio.Event) -> list[asyncio.Task[None]]:
    """Two have a turn each."""
    holding = [asyncio.create_task(hold(turns, until)) for _ in range(2)]
    await asyncio.sleep(SHORT)
    assert not any(task.done() for task in holding)
    return holding


async def test_they_are_served_in_the_order_in_which_they_came(pool: Pool) -> None:
    turns, until, served = Turns(pool, 16, 5, well), asyncio.Event(), list[int]()

    async def come(nth: int) -> None:
        async with turns.one():
            served.append(nth)
            await asyncio.sleep(0)

    await held(turns, until)
    waiting = [asyncio.create_task(come(nth)) for nth in range(5)]
    await asyncio.sleep(0)
    assert served == []
    until.set()
    late = asyncio.create_task(come(5))
    await asyncio.gather(*waiting, late)
    assert served == [0, 1, 2, 3, 4, 5]


async def test_nobody_waits_for_a_turn_for_ever(pool: Pool) -> None:
    turns, until = two(pool), asyncio.Event()
    holding = await held(turns, until)
    with pytest.raises(TimeoutError):
        async with turns.one():
            pass
    until.set()
    await asyncio.gather(*holding)


async def test_a_connection_serves_turn_after_turn_until_something_goes_wrong(pool: Pool) -> None:
    turns = two(pool)
    async with turns.one() as first:
        pass
    async with turns.one() as second:
        assert second is first
    with pytest.raises(asyncpg.PostgresError):
        async with turns.one() as broken:
            await broken.execute("BEGIN; SELECT nothing")
    assert pool.get_idle_size() == pool.get_size()
    async with turns.one() as fresh:
        assert not fresh.is_in_transaction()
    await turns.close()


async def test_a_connection_that_was_lost_meanwhile_is_replaced(
    pool: Pool, database: Database
) -> None:
    turns = two(pool)
    async with turns.one() as first:
        lost = await first.fetchval("SELECT pg_backend_pid()")
    admin = await asyncpg.connect(database.dsn("admin"))
    await admin.execute("SELECT pg_terminate_backend($1)", lost)
    await admin.close()
    await asyncio.sleep(SHORT)
    async with turns.one() as second:
        assert await second.fetchval("SELECT 1") == 1
    await turns.close()


async def test_a_connection_that_may_not_be_used_gets_no_turn(pool: Pool) -> None:
    async def ill(_: Connection) -> None:
        raise LookupError

    turns = Turns(pool, 16, SHORT, ill)
    with pytest.raises(LookupError):
        async with turns.one():
            pass
    assert pool.get_idle_size() == pool.get_size()


async def test_nobody_waits_behind_withdrawals_that_wait_for_uses_under_way(
    region: Region, database: Database
) -> None:
    in_use = [await region.resident(name) for name in ("anna", "bo")]
    await region.resident("cia")
    reader = await asyncpg.connect(database.dsn("admin"))
    await reader.execute("BEGIN")
    sql = "SELECT pg_advisory_xact_lock_shared(uuid_hash_extended(one, 0)) FROM unnest($1::uuid[]) one"
    await reader.execute(sql, in_use)
    withdrawals = [
        asyncio.create_task(region.post(name, "/v1/me/withdrawals", {"scope": "everything"}))
        for name in ("anna", "bo")  # as many as there are turns
    ]
    await asyncio.sleep(SHORT)
    assert (await region.get("cia", "/v1/me/consents")).status_code == 200
    assert not any(task.done() for task in withdrawals)
    await reader.close()
    assert all(answer.is_success for answer in await asyncio.gather(*withdrawals))
