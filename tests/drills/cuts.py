"""T03: connections that break anywhere, between phone and server and between server and PostgreSQL."""

import asyncio
import random
from collections import Counter

from tests.drills.crashes import forget_keys
from tests.drills.harness import MUTANT, Part, Site, scaled
from tests.drills.http import Answer
from tests.drills.proxy import CUTS, SLICED, STALL_SECONDS, STALLS, Fault, Proxy, plan
from tests.drills.reasons import reasons, unexplained
from tests.drills.uploads import SAMPLES, Donor, Told, astray, donors, settled, until_told
from tests.drills.wire import Wire

CUT, SLOW, WHOLE = 1000, 20, 400
"""Tries that are cut, of each kind that stalls, and that come through."""
CLIENTS = 16
PATIENCE = STALL_SECONDS / 2
"""Seconds that a phone waits for an answer."""
BREAKING = 0.2
"""The share of commits that break the server's connection to PostgreSQL."""
BROKEN = ("ConnectionDoesNotExistError", "InterfaceError", "ConnectionResetError")
"""What such a request meets, and nothing else should."""


async def t03(here: Site) -> Part:
    """0 missing, 0 double, 0 half over a thousand cuts; nobody is ever told 500."""
    if MUTANT:
        await forget_keys(here)
    told, unanswered, wire = Told(), Counter[str](), Wire(here.database.dsn("api"))
    async with wire as address, here.serve(DATABASE_URL=address) as server:
        people = await donors(here, server, CLIENTS)
        wire.breaking = BREAKING
        async with Proxy(server.port) as proxy:
            faults = _faults()
            await asyncio.gather(*(_give(proxy, one, faults, unanswered, told) for one in people))
        wire.breaking = 0
        await settled(here)
        async with server.http() as reader:
            wrong = await astray(here, reader, people)
    cuts = sum(unanswered[fault] for fault in CUTS) + wire.broken
    why = reasons(here)
    wrongs = (
        sum(wrong.values()) + told.rude.total() + (cuts < scaled(CUT)) + unexplained(why, *BROKEN)
    )
    figures = {"cuts": cuts, "unanswered": dict(unanswered), "commits_broken": wire.broken,
               "statuses": dict(told.statuses), "rude": dict(told.rude), "not_now": dict(why),
               **wrong}  # fmt: skip
    return Part(
        n=SAMPLES * sum(len(one.parcels) for one in people), violations=wrongs, more=figures
    )


def _faults() -> list[Fault | None]:
    """In any order, as many of each as there should be."""
    faults: list[Fault | None] = [CUTS[n % len(CUTS)] for n in range(scaled(CUT))]
    faults += [fault for fault in STALLS for _ in range(scaled(SLOW))]
    faults += [SLICED] * scaled(WHOLE // 20) + [None] * scaled(WHOLE)
    random.shuffle(faults)
    return faults


async def _give(
    proxy: Proxy,
    donor: Donor,
    faults: list[Fault | None],
    unanswered: Counter[str],
    told: Told,
) -> None:
    """One parcel after the other, while there are faults left; each try takes one."""

    async def send(raw: bytes) -> Answer:
        fault = faults.pop() if faults else None
        async with proxy.http(plan(fault, len(raw)) if fault else None) as http:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await http.exchange(raw)
            except (ConnectionError, TimeoutError):
                unanswered[fault or "whole"] += 1
                raise

    while faults:
        await until_told(donor.make(), send, told)
