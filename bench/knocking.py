"""One `medverka worker`, from promised messages to recorded answers; and claims among a million."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from bench.load import percentile
from bench.street import Street
from domain.db import BUCKETS, Connection, begin
from notifications import claims, outbox
from notifications.hints import CHANNEL
from notifications.kinds import Kind
from tests.drills.commands import begin as begin_command
from tests.drills.harness import Site
from tests.fcm.standin import StandIn

LONGEST = 120.0
BETWEEN = 0.1
"""Seconds from one message at idle to the next, about."""
BATCH = 100


@asynccontextmanager
async def working(here: Site, there: StandIn) -> AsyncIterator[None]:
    """A worker process that knocks at the stand-in, ended as an operator ends it."""
    process = await begin_command(here, "worker", **there.environ())
    drained = asyncio.create_task(process.communicate())  # or it would wait for us to read its log
    try:
        yield
    finally:
        process.terminate()
        await drained


async def knocked(here: Site, there: StandIn, residents: Sequence[UUID]) -> float:
    """Messages a second, from the moment they may go until the last answer is recorded.

    They go as prompt ones: the ramp of what goes to many is FCM's wish, and would be what is measured.
    """
    before = there.count()
    sql = "UPDATE outbox SET bulk = false, not_before = now() WHERE resident_id = ANY ($1)"
    async with here.connect() as admin:
        await admin.execute(sql, residents)
        begun = time.perf_counter()
        for bucket in range(BUCKETS):
            await admin.execute("SELECT pg_notify($1, $2)", CHANNEL, str(bucket))
        sql = "SELECT EXISTS (SELECT FROM outbox WHERE state = 'waiting' AND NOT bulk)"
        while await admin.fetchval(sql):
            if time.perf_counter() > begun + LONGEST:
                raise TimeoutError("the worker does not get on")
            await asyncio.sleep(0.02)
        took = time.perf_counter() - begun
        sql = "SELECT count(*) FROM outbox WHERE resident_id = ANY ($1) AND state = 'sent'"
        sent = await admin.fetchval(sql, residents)
    if (sent, there.count() - before) != (len(residents), len(residents)):
        raise RuntimeError(f"of {len(residents)} knocks {sent} were sent")
    return len(residents) / took


async def latencies(here: Site, there: StandIn, street: Street, count: int) -> list[float]:
    """Seconds from COMMIT to the request's arrival at FCM, one message at a time."""
    before, committed = there.count(), dict[str, float]()
    async with here.connect("api") as conn:
        for one in random.sample(street.residents, count):
            async with begin(conn, resident=one):
                await outbox.promise(conn, one, Kind.SIGNED_OUT)
            committed[street.value(one)] = time.monotonic()
            await asyncio.sleep(random.uniform(0, 2 * BETWEEN))
    await asyncio.sleep(2)
    arrived = there.received(before)
    if {one.target for one in arrived} != committed.keys():
        raise RuntimeError(f"{len(arrived)} of {count} knocks arrived")
    return [one.at - committed[one.target] for one in arrived]


async def claim_p99_ms(here: Site, rounds: int) -> float:
    """Of claims of a hundred in every bucket, of prompt and of bulk, each in its own transaction."""
    seconds: list[float] = []
    async with here.connect("worker") as conn:
        for bucket in random.sample(range(BUCKETS), BUCKETS) * rounds:
            for claim in (_prompt, _bulk):
                begun = time.perf_counter()
                async with begin(conn, job="claim"):
                    claimed = await claim(conn, bucket)
                seconds.append(time.perf_counter() - begun)
                if claimed < BATCH:
                    raise RuntimeError("there was less to claim than was meant")
    return percentile(seconds, 99)


async def _prompt(conn: Connection, bucket: int) -> int:
    return len(await claims.prompt(conn, bucket, BATCH))


async def _bulk(conn: Connection, bucket: int) -> int:
    waiting = await claims.waiting_in_bulk(conn, bucket, BATCH)
    return len(await claims.bulk(conn, bucket, waiting))
