"""Phones that give until they are told that it was taken, and what must be true of it afterwards."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID, uuid4

from msgspec import Struct, field

from tests.drills.harness import Server, Site
from tests.drills.http import Answer, Http, request
from tests.drills.residents import NOON, Study, begin, done, make_study

PATH = "/v1/me/donations"
MEASURES = (("heart-rate", "/min", 30), ("heart-rate-variability-sdnn", "ms", 20))
"""What each parcel holds: measure, unit, samples."""
SAMPLES = sum(samples for _, _, samples in MEASURES)
APART_MS = 60_000
"""Between the first samples of a donor's parcels."""
PAUSE = 0.1
"""Seconds before a retry. Apps wait as long as Retry-After says; a drill presses."""
MOST_RETRIES = 600
LIMIT = 10_000

Send = Callable[[bytes], Awaitable[Answer]]
"""One try: hands the bytes of a request over, and gets its answer."""


class Parcel(Struct, frozen=True):
    """One upload under one key: samples of two measures that no other parcel has."""

    token: str
    number: int
    key: str = field(default_factory=lambda: str(uuid4()))

    @property
    def first_ms(self) -> int:
        return NOON + self.number * APART_MS

    def starts(self, samples: int) -> list[int]:
        return [self.first_ms + 1000 * n for n in range(samples)]

    def body(self) -> dict[str, Any]:
        batches = [
            {
                "measure": measure,
                "unit": unit,
                "utc_offset_minutes": 60,
                "start": self.starts(samples),
                "value": [value_of(at) for at in self.starts(samples)],
            }
            for measure, unit, samples in MEASURES
        ]
        return {"source": {"app": "watch"}, "batches": batches}

    def request(self) -> bytes:
        """The bytes of it, the same for each try."""
        return request("POST", PATH, self.token, self.body(), {"Idempotency-Key": self.key})


class Donor(Struct):
    """A resident who lets heart data be kept, and the parcels that their phone has made."""

    token: str
    resident_id: UUID
    parcels: list[Parcel] = []

    def make(self) -> Parcel:
        """The next one."""
        self.parcels.append(Parcel(self.token, len(self.parcels)))
        return self.parcels[-1]


class Told(Struct):
    """What phones were answered, and the answers that no phone should ever get."""

    statuses: Counter[str] = field(default_factory=Counter)
    rude: Counter[str] = field(default_factory=Counter)

    def hear(self, answer: Answer) -> bool:
        """Whether it is a yes. A no must be `not now`, with a time to come back."""
        self.statuses[str(answer.status)] += 1
        if answer.ok:
            if answer.json()["accepted"] != SAMPLES:
                self.rude["a yes to fewer samples"] += 1
            return True
        patient = answer.headers.get("retry-after", "").isdigit()
        if answer.status not in {409, 429, 503} or not patient:
            self.rude[f"{answer.status} {'with' if patient else 'without'} Retry-After"] += 1
        return False


async def donors(here: Site, server: Server, count: int) -> list[Donor]:
    """New residents, each with a first parcel given."""
    study = await make_study(here)
    async with server.http() as http:
        return [await _donor(here, http, study, f"donor-{n}") for n in range(count)]


async def _donor(here: Site, http: Http, study: Study, name: str) -> Donor:
    token = here.token(name)
    donor = Donor(token, await begin(http, token))
    done(await http.post("/v1/me/consent-events", token, study.answer(), str(uuid4())))
    done(await http.exchange(donor.make().request()))
    return donor


async def until_told(parcel: Parcel, send: Send, told: Told) -> Answer:
    """As an app does: the same bytes again and again, until there is a yes."""
    for _ in range(MOST_RETRIES):
        try:
            answer = await send(parcel.request())
        except (ConnectionError, TimeoutError):
            told.statuses["no answer"] += 1
        else:
            if told.hear(answer):
                return answer
        await asyncio.sleep(PAUSE)
    raise RuntimeError("there was never a yes")


async def settled(here: Site) -> None:
    """Until PostgreSQL has ended what killed servers had begun."""
    sql = """
        SELECT count(*) FROM pg_stat_activity
         WHERE usename = 'medverka_api' AND (state <> 'idle' OR xact_start IS NOT NULL)
    """
    async with here.connect() as admin:
        for _ in range(MOST_RETRIES):
            if not await admin.fetchval(sql):
                return
            await asyncio.sleep(PAUSE / 10)
    raise RuntimeError("PostgreSQL does not end what was begun")


async def halves(http: Http, parcels: Iterable[Parcel]) -> int:
    """How many parcels are there in part."""
    found = 0
    for parcel in parcels:
        until = parcel.first_ms + APART_MS
        there = await given(http, parcel.token, f"&from={parcel.first_ms}&to={until}")
        found += sum(map(len, there.values())) not in {0, SAMPLES}
    return found


async def given(http: Http, token: str, query: str = "") -> dict[str, list[tuple[int, float]]]:
    """Start and value of what a resident has given, by measure."""
    streams = (await _read(http, "/v1/me/streams", token))["items"]
    return {
        stream["measure"]: await _samples(http, token, stream["stream_id"], query)
        for stream in streams
    }


async def _samples(http: Http, token: str, stream_id: str, query: str) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    path, cursor = f"/v1/me/streams/{stream_id}/samples?limit={LIMIT}{query}", ""
    while True:
        page = await _read(http, path + cursor, token)
        for batch in page["items"]:
            found += zip(batch["start"], batch["value"], strict=True)
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


async def _read(http: Http, path: str, token: str) -> Any:
    """As an app reads: later, where the answer is `not now`. Whether it may be is for `reasons`."""
    answer = await http.get(path, token)
    for _ in range(MOST_RETRIES):
        if answer.status != 503 or not answer.headers.get("retry-after", "").isdigit():
            break
        await asyncio.sleep(PAUSE)
        answer = await http.get(path, token)
    return done(answer).json()


async def astray(here: Site, http: Http, people: Iterable[Donor]) -> dict[str, int]:
    """What is missing, there twice, half there or otherwise wrong, of all that was given."""
    wrong = Counter[str](missing=0, double=0, half=0, odd=0)
    for donor in people:
        there = await given(http, donor.token)
        for measure, _, samples in MEASURES:
            wanted = Counter((at, value_of(at)) for p in donor.parcels for at in p.starts(samples))
            found = Counter(there.get(measure, []))
            wrong["missing"] += (wanted - found).total()
            wrong["odd"] += len(found.keys() - wanted.keys())
            wrong["double"] += found.total() - len(found)
        wrong["half"] += sum(_is_half(there, parcel) for parcel in donor.parcels)
        wrong["odd"] += await _uncounted(here, donor, sum(map(len, there.values())))
    return dict(wrong)


def _is_half(there: dict[str, list[tuple[int, float]]], parcel: Parcel) -> bool:
    until = parcel.first_ms + APART_MS
    held = sum(parcel.first_ms <= at < until for found in there.values() for at, _ in found)
    return 0 < held < SAMPLES


async def _uncounted(here: Site, donor: Donor, read: int) -> bool:
    """Whether the tables count other samples than were read."""
    sql = """
        SELECT (SELECT sum(samples) FROM segment WHERE resident_id = $1) AS segments,
               (SELECT sum(samples) FROM stream WHERE resident_id = $1) AS streams
    """
    async with here.connect() as admin:
        row = await admin.fetchrow(sql, donor.resident_id)
    return row is None or {row["segments"], row["streams"]} != {read}


def value_of(at: int) -> float:
    """The value of the sample that starts then."""
    return 50 + at // 1000 % 90
