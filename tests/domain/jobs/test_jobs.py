"""A job is done once, by one worker, and comes back where it could not be done."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from asyncpg import Connection

from domain.db import Connection as Conn
from domain.db import Pool, begin, bucket_of, open_pool
from domain.jobs import store as jobs
from domain.jobs.model import LONGEST_WAIT, Job, backoff
from tests.database import Database

SOMEONE = uuid4()


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("worker"), 4) as pool:
        yield pool


@pytest.fixture
async def queued(pool: Pool) -> None:
    async with pool.acquire() as conn, begin(conn, job="test"):
        await jobs.put(conn, "erase-account", SOMEONE)


async def claimed(pool: Pool) -> list[Job]:
    async with pool.acquire() as conn, begin(conn, job="test"):
        return await jobs.claim(conn, bucket_of(SOMEONE), 10)


async def done(_: Conn, __: Job) -> bool:
    return True


async def not_yet(conn: Conn, _: Job) -> bool:
    await jobs.put(conn, "erase-account", UUID(int=1))
    return False


async def broken(_: Conn, __: Job) -> bool:
    raise RuntimeError


def test_waits_double_with_jitter_and_have_an_end() -> None:
    assert backoff(1, 0.0) == timedelta(seconds=10)
    assert backoff(3, 0.5) == timedelta(seconds=45)
    assert backoff(1000, 0.999) <= LONGEST_WAIT


@pytest.mark.usefixtures("queued")
async def test_a_job_is_claimed_by_one(pool: Pool) -> None:
    claims = await asyncio.gather(*(claimed(pool) for _ in range(4)))
    assert sorted(len(found) for found in claims) == [0, 0, 0, 1]


@pytest.mark.usefixtures("queued")
async def test_a_job_that_is_done_is_gone(pool: Pool, admin: Connection) -> None:
    assert await jobs.work(pool, {"erase-account": done}) == 1
    assert await admin.fetchval("SELECT count(*) FROM job") == 0


@pytest.mark.usefixtures("queued")
async def test_a_job_that_cannot_be_done_yet_leaves_nothing_and_comes_back(
    pool: Pool, admin: Connection
) -> None:
    assert await jobs.work(pool, {"erase-account": not_yet}) == 0
    assert await jobs.work(pool, {"erase-account": done}) == 0
    row = await admin.fetchrow("SELECT count(*), bool_and(due_at > now()) FROM job")
    assert row is not None
    assert tuple(row) == (1, True)
    await admin.execute("UPDATE job SET due_at = now()")
    assert await jobs.work(pool, {"erase-account": done}) == 1


@pytest.mark.usefixtures("queued")
async def test_a_job_that_fails_comes_back_and_stops_no_other(
    pool: Pool, admin: Connection
) -> None:
    assert await jobs.work(pool, {"erase-account": broken}) == 0
    row = await admin.fetchrow("SELECT attempts, leased_until FROM job")
    assert row is not None
    assert tuple(row) == (1, None)


@pytest.mark.usefixtures("queued")
async def test_who_lost_the_lease_can_neither_complete_nor_postpone(
    pool: Pool, admin: Connection
) -> None:
    (slow,) = await claimed(pool)
    await admin.execute("UPDATE job SET leased_until = now() - interval '1 second'")
    (quick,) = await claimed(pool)
    async with pool.acquire() as conn, begin(conn, job="test"):
        await jobs.postpone(conn, slow, timedelta(hours=1))
        assert not await jobs.complete(conn, slow)
        assert await jobs.complete(conn, quick)
