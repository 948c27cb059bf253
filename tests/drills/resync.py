"""T06, T07: the same samples again, under new keys and under keys that were forgotten."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from domain.rights.sweeps import sweep
from tests.drills import mutant
from tests.drills.harness import MUTANT, Part, Server, Site, scaled
from tests.drills.http import Http
from tests.drills.mutant import Mutation
from tests.drills.reasons import reasons, unexplained
from tests.drills.residents import NOON, done
from tests.drills.uploads import PATH, SAMPLES, Donor, astray, donors, given, value_of

MEASURE = "resting-heart-rate"
RESIDENTS = 4
DAYS, LATER = 30, 3
"""That were given, and that come with the new syncs."""
EVERY_MS = 15 * 60_000
DAY_MS = 24 * 60 * 60_000
WINDOW, STRIDE = 7, 4
PHONES = 4
"""That send all of it at once."""
PARCELS = 40
BLIND = (
    Mutation(
        "domain/donations/columns.py",
        "    if not len(known):\n        return columns\n",
        "    if len(known) >= 0:\n        return columns\n",
    ),
)
"""What is stored already is not looked for."""


@asynccontextmanager
async def _serving(here: Site) -> AsyncIterator[Server]:
    with TemporaryDirectory(prefix="medverka-drill-") as folder:
        more = mutant.environment(Path(folder), BLIND) if MUTANT else {}
        async with here.serve(**more) as server:
            yield server


async def t06(here: Site) -> Part:
    """Only what is new is accepted and stored, however it is cut, mixed and doubled."""
    wrongs = sent = 0
    async with _serving(here) as server, server.http() as http:
        for donor in await donors(here, server, scaled(RESIDENTS)):
            sync = _Sync(donor, server)
            for starts in _days(0, DAYS):
                await sync.send(http, starts)
            for starts in _days(0, DAYS):  # under new keys
                await sync.send(http, starts)
            for first in range(0, DAYS + LATER - WINDOW + 1, STRIDE):
                await sync.send(http, _mixed(_starts(first, first + WINDOW)))
            await sync.at_once(list(_days(0, DAYS + LATER + 2)))
            wrongs += sync.wrongs + await sync.astray(http)
            sent += sync.sent
    why = reasons(here)
    figures = {"residents": scaled(RESIDENTS), "not_now": dict(why)}
    return Part(n=sent, violations=wrongs + unexplained(why), more=figures)


class _Sync:
    """What one resident's phones send, against what must have become of it."""

    def __init__(self, donor: Donor, server: Server) -> None:
        self._donor = donor
        self._server = server
        self._known: set[int] = set()
        self.wrongs = 0
        self.sent = 0

    async def send(self, http: Http, starts: Sequence[int]) -> None:
        """One upload under a key of its own: accepted are those that nobody has sent."""
        counts = await self._counts(http, starts)
        new = len(set(starts) - self._known)
        self._known |= set(starts)
        self.wrongs += counts != (new, len(starts) - new)

    async def at_once(self, uploads: Sequence[Sequence[int]]) -> None:
        """The same from several phones, each in an order of its own: of all, each is accepted once."""
        new = len({at for starts in uploads for at in starts} - self._known)
        accepted = sum(await asyncio.gather(*(self._phone(uploads) for _ in range(PHONES))))
        self._known |= {at for starts in uploads for at in starts}
        self.wrongs += accepted != new

    async def _phone(self, uploads: Sequence[Sequence[int]]) -> int:
        async with self._server.http() as http:
            return sum([(await self._counts(http, one))[0] for one in _mixed(uploads)])

    async def _counts(self, http: Http, starts: Sequence[int]) -> tuple[int, int]:
        """Accepted and duplicates."""
        self.sent += len(starts)
        answer = done(await http.post(PATH, self._donor.token, _upload(starts), str(uuid4())))
        found = answer.json()
        return found["accepted"], found["duplicates"]

    async def astray(self, http: Http) -> int:
        """Samples that are missing, double or never sent."""
        there = await given(http, self._donor.token)
        (found,) = [samples for measure, samples in there.items() if measure == MEASURE] or [[]]
        return abs(len(found) - len(self._known)) + len({at for at, _ in found} ^ self._known)


async def t07(here: Site) -> Part:
    """A retry that comes when its key is forgotten: by the samples' own times nothing is new."""
    wrongs = 0
    async with _serving(here) as server, server.http() as http:
        people = await donors(here, server, RESIDENTS)
        parcels = [donor.make() for _ in range(scaled(PARCELS)) for donor in people]
        for parcel in parcels:
            done(await http.exchange(parcel.request()))
        await _forget(here)
        for parcel in parcels:
            late, again = [done(await http.exchange(parcel.request())) for _ in range(2)]
            counts = late.json()["accepted"], late.json()["duplicates"]
            wrongs += counts != (0, SAMPLES) or again.body != late.body
        wrong = await astray(here, http, people)
    wrongs += sum(wrong.values()) + unexplained(why := reasons(here))
    return Part(n=len(parcels), violations=wrongs, more={**wrong, "not_now": dict(why)})


async def _forget(here: Site) -> None:
    """Four days go by, and the worker sweeps."""
    async with here.connect() as admin, here.pool(2, "worker") as pool:
        await admin.execute("UPDATE reply SET made_at = made_at - interval '4 days'")
        await sweep(pool)
        if await admin.fetchval("SELECT count(*) FROM reply"):
            raise RuntimeError("the answers are still kept")


def _starts(first: int, last: int) -> list[int]:
    """Of the samples of these days."""
    return list(range(NOON + first * DAY_MS, NOON + last * DAY_MS, EVERY_MS))


def _days(first: int, last: int) -> Iterator[list[int]]:
    return (_starts(day, day + 1) for day in range(first, last))


def _mixed(found: Sequence[Any]) -> list[Any]:
    return random.sample(found, len(found))


def _upload(starts: Sequence[int]) -> dict[str, Any]:
    batch = {"measure": MEASURE, "unit": "/min", "utc_offset_minutes": 60,
             "start": starts, "value": [value_of(at) for at in starts]}  # fmt: skip
    return {"source": {"app": "watch"}, "batches": [batch]}
