"""Requests of one statement are at work a few at a time, in their order, and none waits behind one that waits."""

import asyncio

import asyncpg
import pytest

from api.turns import Turns, give_back
from tests.api.region import Region
from tests.database import Database

SHORT = 0.05
LONG = 5.0


async def hold(turns: Turns, until: asyncio.Event, *, given_back: bool = False) -> None:
    async with turns.one(LONG):
        if given_back:
            give_back()
        await until.wait()


async def held(turns: Turns, until: asyncio.Event, *, given_back: bool = False) -> None:
    """Two have a turn each."""
    holding = [asyncio.create_task(hold(turns, until, given_back=given_back)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in holding)


async def test_they_are_served_in_the_order_in_which_they_came() -> None:
    turns, until, served = Turns(16), asyncio.Event(), list[int]()

    async def come(nth: int) -> None:
        async with turns.one(LONG):
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


async def test_nobody_waits_for_a_turn_for_ever() -> None:
    turns, until = Turns(16), asyncio.Event()
    await held(turns, until)
    with pytest.raises(TimeoutError):
        async with turns.one(SHORT):
            pass
    until.set()


async def test_who_gives_a_turn_back_keeps_nobody_waiting_and_gives_it_back_once() -> None:
    turns, until = Turns(16), asyncio.Event()
    await held(turns, until, given_back=True)
    await held(turns, until)
    until.set()
    await asyncio.sleep(0)
    later = asyncio.Event()
    await held(turns, later)
    with pytest.raises(TimeoutError):
        async with turns.one(SHORT):
            pass
    later.set()


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
