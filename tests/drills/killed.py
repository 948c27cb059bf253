"""T01: servers are killed under uploads, again and again, and phones retry with the same key."""

import asyncio
import random
from collections.abc import Sequence

from tests.drills.crashes import forget_keys
from tests.drills.harness import MUTANT, Part, Server, Site, scaled
from tests.drills.reasons import reasons, unexplained
from tests.drills.uploads import (
    SAMPLES,
    Donor,
    Parcel,
    Told,
    astray,
    donors,
    halves,
    settled,
    until_told,
)

KILLS = 50
CLIENTS = 16
LONGEST = 0.2
"""Seconds between a server's first yes and its end."""
PATIENCE = 30.0
"""Seconds within which a server must say yes."""


async def t01(here: Site) -> Part:
    """0 missing, 0 double, 0 half: by what is read back, and after each kill before any retry.

    PostgreSQL is there all the while, so nobody is told `not now` but by a machine that is too busy.
    """
    if MUTANT:
        await forget_keys(here)
    told, under_way, half = Told(), 0, 0
    async with here.serve() as lasting, lasting.http() as reader:
        people = await donors(here, lasting, CLIENTS)
        waiting: dict[str, Parcel] = {}
        coming = asyncio.create_task(here.start())
        for left in reversed(range(scaled(KILLS))):
            victim = await coming
            if left:
                coming = asyncio.create_task(here.start())
            await _killed_under(victim, people, waiting, told)
            await settled(here)
            under_way += len(waiting)
            half += await halves(reader, waiting.values())
        for parcel in waiting.values():
            await until_told(parcel, reader.exchange, told)
        wrong = await astray(here, reader, people)
    wrong["half"] += half
    why = reasons(here)
    figures = {"kills": scaled(KILLS), "cut_off": under_way, "statuses": dict(told.statuses),
               "rude": dict(told.rude), "not_now": dict(why), **wrong}  # fmt: skip
    samples = SAMPLES * sum(len(donor.parcels) for donor in people)
    wrongs = sum(wrong.values()) + told.rude.total() + unexplained(why)
    return Part(n=samples, violations=wrongs, more=figures)


async def _killed_under(
    victim: Server, people: Sequence[Donor], waiting: dict[str, Parcel], told: Told
) -> None:
    """Each donor gives until the server is gone. Who waits for an answer is in `waiting` then."""
    serves = asyncio.Event()
    phones = [asyncio.create_task(_give(victim, donor, waiting, told, serves)) for donor in people]
    await asyncio.wait_for(serves.wait(), PATIENCE)
    await asyncio.sleep(random.uniform(0, LONGEST))  # noqa: S311 - no secret
    await asyncio.to_thread(victim.kill)
    await asyncio.gather(*phones)


async def _give(
    victim: Server,
    donor: Donor,
    waiting: dict[str, Parcel],
    told: Told,
    serves: asyncio.Event,
) -> None:
    """First what the server before left unanswered, then the next and the next."""
    async with victim.http() as http:
        while True:
            parcel = waiting.get(donor.token) or donor.make()
            waiting[donor.token] = parcel
            try:
                if told.hear(await http.exchange(parcel.request())):
                    del waiting[donor.token]
                    serves.set()
            except ConnectionError:
                told.statuses["no answer"] += 1
                return
