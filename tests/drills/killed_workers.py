"""T19: 10,000 knocks through 4 workers that are killed 50 times; the stand-in for FCM keeps the log.

Each knock reaches an end, none is lost, and one that comes twice comes after a kill, under the same
name and collapse key.
"""

import asyncio
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.db import Pool, begin
from notifications import outbox
from notifications.claims import LEASE
from notifications.kinds import Kind
from notifications.worker import BATCH
from tests.drills import mutant
from tests.drills.harness import MUTANT, ROOT, Part, Site, free_port, scaled
from tests.drills.knocked import settled
from tests.drills.mutant import Mutation
from tests.fcm.plan import Doing, Plan, Received
from tests.fcm.standin import StandIn, standing_in
from tests.notifications.street import make_neighbours

KNOCKS = 1_000 if MUTANT else 10_000
KILLS = 10 if MUTANT else 50
"""Without a lease each worker knocks for all the others too: ten times as many would not end in time."""
WORKERS = 4
ANSWER_SECONDS = 0.3
LONGEST = 0.3
"""Seconds between a wave of knocks and the end of a worker."""
START_SECONDS = 60.0
AFTERWARDS = 90.0
"""Seconds within which all must be told once nobody is killed any more: leases run out first."""

TWICE = (
    Mutation(
        "notifications/claims.py",
        "(leased_until IS NULL OR leased_until <= statement_timestamp())", "true",
    ),
    Mutation(
        "notifications/claims.py",
        "(o.leased_until IS NULL OR o.leased_until <= statement_timestamp())", "true",
    ),
)  # fmt: skip
"""The mutant: a lease keeps nobody out."""


class Running(NamedTuple):
    """A `medverka worker`."""

    process: "subprocess.Popen[bytes]"
    log: Path


class Twice(NamedTuple):
    """A device that was knocked on again, and when."""

    first: Received
    again: Received


async def t19(here: Site) -> Part:
    """A wave of knocks before each kill; then everything that was left comes to its end."""
    with standing_in(free_port()) as standin, _environ(standin) as environ:
        standin.plan(Plan(all=Doing(delay=ANSWER_SECONDS)))
        async with here.connect() as admin:
            people = await make_neighbours(admin, scaled(KNOCKS))
        kills = await _kill_under(here, people, environ, scaled(KILLS))
        received = [one for one in standin.received() if one.target]
    async with here.connect() as admin:
        rows = await admin.fetch(
            "SELECT d.value, o.state FROM outbox o JOIN device d USING (resident_id)"
        )
    states = Counter(row["state"] for row in rows)
    reached = {one.target for one in received}
    twice = _twice(received)
    wrong = {
        "unfinished": states["waiting"],
        "lost": sum(row["state"] == "sent" and row["value"] not in reached for row in rows)
        + sum(count for state, count in states.items() if state not in {"sent", "waiting"}),
        "renamed": sum(_name(one.first) != _name(one.again) for one in twice),
        "without_a_crash": sum(not _explained(one, kills) for one in twice),
        "beyond_crashes": max(0, len(twice) - len(kills) * BATCH),
    }
    figures = {"kills": len(kills), "twice": len(twice), "states": dict(states), **wrong}
    return Part(n=len(people), violations=sum(wrong.values()), more=figures)


@contextmanager
def _environ(standin: StandIn) -> Iterator[Mapping[str, str]]:
    """What workers start with; the mutant's source, where it is asked for."""
    with tempfile.TemporaryDirectory(prefix="medverka-mutant-") as folder:
        more = mutant.environment(Path(folder), TWICE) if MUTANT else {}
        yield {**standin.environ(), **more}


async def _kill_under(
    here: Site, people: Sequence[UUID], environ: Mapping[str, str], kills: int
) -> list[float]:
    """When each worker was killed, on the monotonic clock."""
    working = [_start(here, environ) for _ in range(WORKERS)]
    killed, wave = list[float](), -(-len(people) // kills)
    try:
        async with here.pool(1) as pool:
            for n in range(kills):
                victim = await _at_work(working)
                await _promise(pool, people[n * wave : (n + 1) * wave])
                await asyncio.sleep(random.uniform(0, LONGEST))  # noqa: S311 - no secret
                victim.process.kill()
                killed.append(time.monotonic())
                await asyncio.to_thread(victim.process.wait)
                working.remove(victim)
                working.append(_start(here, environ))
        await settled(here, AFTERWARDS)
    finally:
        await asyncio.to_thread(_end, working)
    return killed


async def _at_work(working: Sequence[Running]) -> Running:
    """Any of those that have begun to work."""
    until = time.monotonic() + START_SECONDS
    while not (there := [one for one in working if b"swept" in one.log.read_bytes()]):
        if time.monotonic() > until:
            raise TimeoutError
        await asyncio.sleep(0.05)
    return random.choice(there)  # noqa: S311 - no secret


def _start(here: Site, environ: Mapping[str, str]) -> Running:
    path = here.folder / f"worker-{time.monotonic_ns()}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "cli.py", "worker"],
            cwd=ROOT, env=here.environ(environ), stdout=log, stderr=log,
        )  # fmt: skip
    return Running(process, path)


def _end(working: Sequence[Running]) -> None:
    """As an operator ends them, and if need be as the drill does."""
    for one in working:
        one.process.send_signal(signal.SIGTERM)
    for one in working:
        with suppress(subprocess.TimeoutExpired):
            one.process.wait(20)
        one.process.kill()
        one.process.wait()


async def _promise(pool: Pool, people: Sequence[UUID]) -> None:
    async with pool.acquire() as conn:
        for one in people:
            async with begin(conn, resident=one):
                await outbox.promise(conn, one, Kind.SIGNED_OUT)


def _twice(received: Sequence[Received]) -> list[Twice]:
    by_target = defaultdict[str, list[Received]](list)
    for one in received:
        by_target[one.target].append(one)
    return [Twice(first, again) for each in by_target.values() for first, again in pairwise(each)]


def _explained(twice: Twice, kills: Sequence[float]) -> bool:
    """It came again because a worker died over it: once the lease of the dead one was over."""
    patience = LEASE.total_seconds() / 2
    died = any(twice.first.at - 1 <= at <= twice.again.at for at in kills)
    return died and twice.again.at - twice.first.at >= patience


def _name(received: Received) -> tuple[object, ...]:
    """What the phone tells a repeated knock by: reference and collapse keys."""
    message = msgspec.json.decode(received.body)["message"]
    apns = message.get("apns", {}).get("headers", {})
    android = message.get("android", {})
    return message["data"], android.get("collapse_key"), apns.get("apns-collapse-id")
