"""T21: 429, 5xx, no answer and a broken connection: when a knock is tried again, and when no more.

The clock is not waited for: each time, a row's times are moved into the past. The time-out is a second.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from asyncpg import Connection
from msgspec.structs import replace

from domain.consents import gate
from domain.db import BUCKETS
from notifications import errands
from notifications.deciding import Gate
from notifications.fcm import Fcm
from notifications.firebase import Account
from notifications.hints import CHANNEL
from notifications.push import Pusher
from notifications.retries import FIRST_WAIT, LONGEST_SPREAD, OVER
from tests.drills.harness import MUTANT, Part, Site, free_port, scaled
from tests.drills.http import HOST
from tests.drills.knocked import working
from tests.fcm.breaking import Peer, breaking
from tests.fcm.plan import Doing, Plan
from tests.fcm.standin import StandIn, standing_in
from tests.notifications.street import make_neighbour, make_phone, promise

EACH = 10
"""Knocks of each case."""
TIMEOUT_SECONDS = 1.0
SLACK = 5.0
"""Seconds from a request's arrival until its end is written."""
ROUND_SECONDS = 30.0
CUT = "cut off"


class Case(NamedTuple):
    """What FCM does with a knock each time, and for how many seconds it is to be left alone then."""

    doing: Doing
    least: float


CASES: Mapping[str, Case] = {
    "429 and 7 s": Case(Doing(error="quota", headers={"retry-after": "7"}), 10),
    "429 and 90 s": Case(Doing(error="quota", headers={"retry-after": "90"}), 90),
    "429": Case(Doing(error="quota"), 60),
    "503 and 40 s": Case(Doing(error="unavailable", headers={"retry-after": "40"}), 40),
    "500": Case(Doing(error="internal"), 10),
    "502 in HTML": Case(Doing(status=502, body="<html>"), 10),
    "no answer": Case(Doing(never=True), 10),
    CUT: Case(Doing(), 10),
}


class Told(NamedTuple):
    """One knock and its end. `gaps`: the seconds from each request to the next that was allowed."""

    case: str
    arrived: Sequence[float]
    gaps: Sequence[float]
    state: str
    cause: str | None
    attempts: int


Arrivals = Callable[[], Mapping[str, Sequence[float]]]
"""When requests came for each target, on the wall's clock."""


async def t21(here: Site) -> Part:
    """Each knock of each case, until it is given up."""
    if MUTANT:
        errands.wait = lambda tries, *_: timedelta(seconds=3 << tries)  # type: ignore[attr-defined]
    told: list[Told] = []
    with standing_in(free_port()) as there:
        async with _answering(there) as (pusher, arrivals):
            told += await _through(here, there, pusher, arrivals, [n for n in CASES if n != CUT])
        async with _cutting(there) as (pusher, arrivals):
            told += await _through(here, there, pusher, arrivals, [CUT])
    wrong = {
        "out_of_range": sum(not _in_range(one, n) for one in told for n in range(len(one.gaps))),
        "not_given_up": sum(one.state != "dead" or not one.cause for one in told),
        "at_the_wrong_time": sum(not _over_in_time(one) for one in told),
        "tried_beneath": sum(len(one.arrived) != one.attempts for one in told),
        "all_together": sum(_together([t for t in told if t.case == name]) for name in CASES),
    }
    least = {
        name: round(min(chain(*(t.gaps for t in told if t.case == name))), 1) for name in CASES
    }
    tries = sum(len(one.arrived) for one in told)
    return Part(n=tries, violations=sum(wrong.values()), more={**wrong, "shortest_s": least})


def _in_range(one: Told, n: int) -> bool:
    """Whether a knock was left alone for long enough after its n-th try, and not for too long."""
    least = CASES[one.case].least
    spread = (min(LONGEST_SPREAD, FIRST_WAIT * (1 << n + 1)) - FIRST_WAIT).total_seconds()
    return least <= one.gaps[n] <= least + spread + SLACK


def _over_in_time(one: Told) -> bool:
    """Whether it was given up within the hour, and not before another try would have come after it."""
    took, longest = sum(one.gaps), CASES[one.case].least + LONGEST_SPREAD.total_seconds()
    over = OVER.total_seconds()
    return over - longest - SLACK <= took <= over + SLACK * len(one.gaps)


def _together(told: Sequence[Told]) -> bool:
    """Whether those who were told the same would come back at once."""
    third = [one.gaps[2] for one in told if len(one.gaps) > 2]
    return max(third, default=0) - min(third, default=0) < 1


@asynccontextmanager
async def _answering(there: StandIn) -> AsyncIterator[tuple[Pusher, Arrivals]]:
    before, late = there.count(), time.time() - time.monotonic()

    def arrivals() -> Mapping[str, Sequence[float]]:
        found = defaultdict[str, list[float]](list)
        for one in there.received(before):
            found[one.target].append(one.at + late)
        return found

    pusher = Fcm(_account(there))
    yield pusher, arrivals
    await pusher.close()


@asynccontextmanager
async def _cutting(there: StandIn) -> AsyncIterator[tuple[Pusher, Arrivals]]:
    """One who reads a request, and breaks the connection off."""
    found = defaultdict[str, list[float]](list)

    def on(peer: Peer, stream: int) -> None:
        found[json.loads(peer.bodies[stream])["message"]["fid"]].append(time.time())
        asyncio.get_running_loop().call_later(0.2, peer.transport.abort)

    async with breaking(there.files, on) as port:
        pusher = Fcm(replace(_account(there), address=f"https://{HOST}:{port}"))
        yield pusher, lambda: found
        await pusher.close()


def _account(there: StandIn) -> Account:
    return Account(
        credentials=str(there.account), address=there.address, authority=str(there.authority),
        seconds=TIMEOUT_SECONDS,
    )  # fmt: skip


async def _through(
    here: Site, there: StandIn, pusher: Pusher, arrivals: Arrivals, names: Sequence[str]
) -> list[Told]:
    """Knock until all are given up."""
    async with here.connect() as admin, here.pool(2) as pool:
        whose = await _people(admin, names)
        there.plan(Plan(targets={who.hex: [CASES[name].doing] for who, name in whose.items()}))
        for who in whose:
            await promise(pool, who)
        gaps = defaultdict[UUID, list[float]](list)
        async with working(here, Gate(gate.lock_many, gate.contactable), pusher):
            while waiting := await _tried(admin, list(whose)):
                came = arrivals()
                for who, until in waiting.items():
                    gaps[who].append(until - came[who.hex][-1])
                await _pass(admin)
        sql = "SELECT resident_id, state, cause, attempts FROM outbox WHERE resident_id = ANY ($1)"
        rows = {row["resident_id"]: row for row in await admin.fetch(sql, list(whose))}
    came = arrivals()
    return [
        Told(name, came[who.hex], gaps[who], *list(rows[who].values())[1:])
        for who, name in whose.items()
    ]


async def _people(admin: Connection, names: Sequence[str]) -> dict[UUID, str]:
    """Residents of each case, whose phones are known by their own ids."""
    whose = {}
    for name in names:
        for _ in range(max(3, scaled(EACH))):
            who = await make_neighbour(admin, phones=0)
            await make_phone(admin, who, who.hex)
            whose[who] = name
    return whose


async def _tried(admin: Connection, whose: Sequence[UUID]) -> dict[UUID, float]:
    """Once none is due or under way: until when each that waits has to, in seconds since 1970."""
    sql = """
        SELECT resident_id, extract(epoch FROM not_before)::float8 AS until,
               leased_until IS NULL AND not_before > clock_timestamp() AS rests
          FROM outbox
         WHERE resident_id = ANY ($1) AND state = 'waiting'
    """
    over = time.monotonic() + ROUND_SECONDS
    rows = await admin.fetch(sql, whose)
    while not all(row["rests"] for row in rows):
        if time.monotonic() > over:
            raise TimeoutError("a knock is not tried")
        await asyncio.sleep(0.1)
        rows = await admin.fetch(sql, whose)
    return {row["resident_id"]: row["until"] for row in rows}


async def _pass(admin: Connection) -> None:
    """All the time that any has to wait is over."""
    await admin.execute("""
        UPDATE outbox
           SET tried_at = tried_at - (not_before - clock_timestamp()), not_before = clock_timestamp()
         WHERE state = 'waiting'
    """)
    for bucket in range(BUCKETS):
        await admin.execute("SELECT pg_notify($1, $2)", CHANNEL, str(bucket))
