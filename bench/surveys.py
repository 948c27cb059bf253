"""`make bench-surveys`: residents answer sixty questions over HTTP; the worker asks a million times.

Server, worker, PostgreSQL (durable) and load share the machine. Every response is new, of another
resident than the one before, with a token never seen before. `others_p99_growth` is of residents who
read their consents at an even pace while a worker process makes the assignments, over the same
before and after it. `N=` scales residents, responses and assignments.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from uuid import UUID

import msgspec

from bench import answering, surveyed
from bench.load import paced, percentile, post, read, run
from bench.meter import Meter
from bench.region import Region, region
from domain.db import new_id
from migrations.embedded import Cluster
from tests.drills.commands import begin
from tests.drills.harness import own_cluster

CLIENTS = 32
RUNS = 5
WARM = 200
SCALE = float(os.environ.get("N") or 1)
RESIDENTS = max(2_000, round(100_000 * SCALE))
RESPONSES = max(1_000, round(4_000 * SCALE))
"""In a run. Those of the first make their residents' data keys."""
PACE = 50
"""Requests a second of others, each of one of `MANY` residents."""
MANY = 2_000
QUIET_S = max(4.0, 40 * min(SCALE, 1))
MILLION = 1_000_000
LONGEST = 200.0

BARS: dict[str, Callable[[float], bool]] = {
    "responses_per_s": lambda rate: rate >= 400,
    "p99_ms": lambda ms: ms <= 60,
    "million_assignments_s": lambda s: s <= 120,
    "others_p99_growth": lambda ratio: ratio <= 1.5,
}


def main() -> int:
    """Measure, print, and say by the exit status whether all bars held."""
    with own_cluster() as cluster:
        figures = asyncio.run(_measure(cluster))
    passed = all(bar(figures[name]) for name, bar in BARS.items())
    line = {"bench": "surveys", "n": RESPONSES * RUNS, **figures, "passed": passed}
    print(msgspec.json.encode(line).decode())
    return 0 if passed else 1


async def _measure(cluster: Cluster) -> dict[str, float]:
    async with region(cluster, RESIDENTS) as here:
        study, questionnaire_id = await surveyed.asking(here)
        async with here.site.connect() as conn:
            backend: int = await conn.fetchval("SELECT pg_backend_pid()")
            meter = Meter(backend, here.server.process)
            await _submit(here, study, meter, WARM)
            await conn.execute("VACUUM ANALYZE")  # plans made for empty tables are nobody's
            runs = [await _submit(here, study, meter, RESPONSES) for _ in range(RUNS)]
        figures = {name: round(statistics.median(r[name] for r in runs), 2) for name in runs[0]}
        return {**figures, **await _assign(here, study, questionnaire_id)}


async def _submit(here: Region, study: UUID, meter: Meter, count: int) -> dict[str, float]:
    requests = [_submission(here, study, n) for n in range(count)]
    before = meter.read()
    done = await run(here.server.port, CLIENTS, requests)
    done.expect(201)
    cpu = meter.read().since(before).per(count / 1000)
    nothing = await run(here.server.port, CLIENTS, [read("/health/live", "")] * count)
    print(
        f"{done.per_second:.0f} responses/s, p50 {percentile(done.seconds, 50):.1f} ms, "
        f"p99 {percentile(done.seconds, 99):.1f} ms; cpu ms each {cpu.told()}",
        flush=True,
    )
    return {
        "responses_per_s": done.per_second,
        "p99_ms": percentile(done.seconds, 99),
        "empty_rps": nothing.per_second,
    }


def _submission(here: Region, study: UUID, n: int) -> bytes:
    """A response with an id of its own."""
    resident, response_id = here.residents[n % len(here.residents)], new_id()
    path = f"/v1/me/responses/{response_id}/submission"
    body = {"study_id": study, "response": answering.response(n)}
    return post(path, here.token(resident), body, str(response_id))


async def _assign(here: Region, study: UUID, questionnaire_id: UUID) -> dict[str, float]:
    """Seconds from a worker's start until a million stand, and what others notice of it."""
    requests = [read("/v1/me/consents", here.token(resident)) for resident in here.residents[:MANY]]
    others = partial(paced, here.server.port, PACE, cycle(requests))
    await others(asyncio.sleep(2))
    quiet = await others(asyncio.sleep(QUIET_S / 2))
    schedule_id = await surveyed.schedule(here, study, questionnaire_id)
    walk = asyncio.create_task(_walked(here, schedule_id))
    beside = await others(walk)
    quiet += await others(asyncio.sleep(QUIET_S / 2))
    made, took = walk.result()
    if made != len(here.residents) * surveyed.SLOTS:
        raise RuntimeError(f"{made} assignments were made")
    before, during = (percentile(seconds, 99) for seconds in (quiet, beside))
    print(
        f"{made} assignments in {took:.1f} s; others' p99 {before:.1f}, meanwhile {during:.1f} ms"
    )
    return {
        "million_assignments_s": round(took * MILLION / made, 1),
        "others_p99_growth": round(during / before, 2),
        "others_p99_ms": round(before, 2),
    }


async def _walked(here: Region, schedule_id: UUID) -> tuple[int, float]:
    """How many assignments one round of a worker makes, and in how many seconds from its start."""
    begun = time.perf_counter()
    process = await begin(here.site, "worker", "--once")
    done = asyncio.create_task(process.communicate())
    async with here.site.connect() as conn:
        sql = "SELECT walked_until > now() FROM schedule WHERE schedule_id = $1"
        while not await conn.fetchval(sql, schedule_id):
            if done.done() or time.perf_counter() > begun + LONGEST:
                raise RuntimeError("the worker does not get on")
            await asyncio.sleep(0.1)
        took = time.perf_counter() - begun
        sql = "SELECT count(*) FROM assignment WHERE schedule_id = $1 AND state = 'due'"
        await done
        return await conn.fetchval(sql, schedule_id), took


if __name__ == "__main__":
    sys.exit(main())
