"""T09: requests broken off anywhere leave nothing behind, and sent again they have one effect."""

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import httpx
import structlog
from litestar import Litestar
from msgspec import Struct

from api.app import create_app
from tests.api.conftest import serving
from tests.drills.crashes import forget_keys
from tests.drills.harness import MUTANT, Part, Server, Site, scaled
from tests.drills.http import Http
from tests.drills.residents import NOON, Study, begin, donation, done, make_study

REQUESTS = 2000
RESIDENTS = 40
CLIENTS = 32
POOL_SIZE = 10
LONGEST = 0.3
LONGEST_INSIDE = 0.08
"""Seconds until a request is broken off: somewhat more than it takes under this load."""


class _Wish(Struct, frozen=True):
    """A request with its key. Each donation is of one sample that nothing else gives."""

    token: str
    path: str
    body: dict[str, Any]
    key: str


class _Resident(Struct, frozen=True):
    token: str
    resident_id: UUID


async def t09(here: Site) -> Part:
    """Half is cut by the client's reset, half cancelled inside the application by a time-out."""
    if MUTANT:
        await forget_keys(here)
    study = await make_study(here)
    async with here.serve(POOL_SIZE=str(POOL_SIZE)) as server:
        people = [await _settled(here, server, study, n) for n in range(RESIDENTS)]
        wishes = [_wish(people[n % RESIDENTS], study, n) for n in range(scaled(REQUESTS))]
        await _fill_pool(server, people)
        half = len(wishes) // 2
        cut = await _reset(server, wishes[:half])
        async with _application(here) as (app, client):
            cancelled = await _cancel(client, wishes[half:])
            await asyncio.sleep(0.5)
            pool = app.state.pool
            await app.state.trips.close()  # what is kept for the next trip is not stuck
            stuck = pool.get_size() - pool.get_idle_size()
        await asyncio.sleep(0.5)
        stuck += await _stuck(here, server)
        early = await _effects(here)
        wrongs = await _again(server, wishes)
    events, samples = await _effects(here)
    expected = len(wishes) // 2
    figures = {
        "reset": cut, "cancelled": cancelled, "kept_all_the_same": sum(early) - RESIDENTS,
        "stuck_connections": stuck,
    }  # fmt: skip
    wrongs += abs(events - RESIDENTS - expected) + abs(samples - expected) + stuck
    return Part(n=len(wishes), violations=wrongs, more=figures)


async def _settled(here: Site, server: Server, study: Study, number: int) -> _Resident:
    token = here.token(f"r{number}")
    async with server.http() as http:
        resident_id = await begin(http, token)
        done(await http.post("/v1/me/consent-events", token, study.answer(), str(uuid4())))
    return _Resident(token, resident_id)


def _wish(resident: _Resident, study: Study, number: int) -> _Wish:
    """Evens give again without having looked, which changes nothing and is an event; odds donate."""
    if number // RESIDENTS % 2:
        upload = donation(samples=1, start=NOON + number * 60_000)
        return _Wish(resident.token, "/v1/me/donations", upload, str(uuid4()))
    return _Wish(resident.token, "/v1/me/consent-events", study.answer(), str(uuid4()))


async def _fill_pool(server: Server, people: Sequence[_Resident]) -> None:
    """Until it is as large as it may be: by what takes a connection of its own."""

    async def one(resident: _Resident) -> None:
        async with server.http() as http:
            for _ in range(10):
                done(await http.get("/v1/me/streams", resident.token))

    await asyncio.gather(*(one(resident) for resident in people))


async def _reset(server: Server, wishes: Sequence[_Wish]) -> int:
    """How many did not get an answer."""
    waiting, cut = iter(wishes), 0

    async def hand() -> None:
        nonlocal cut
        async with server.http() as http:
            for wish in waiting:
                try:
                    async with asyncio.timeout(random.uniform(0, LONGEST)):  # noqa: S311
                        await http.post(wish.path, wish.token, wish.body, wish.key)
                except TimeoutError:
                    cut += 1

    await asyncio.gather(*(hand() for _ in range(CLIENTS)))
    return cut


@asynccontextmanager
async def _application(here: Site) -> AsyncIterator[tuple[Litestar, httpx.AsyncClient]]:
    """The application in this process, where what it is doing can be cancelled; it says nothing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    app = create_app(here.settings)
    async with serving(app) as client:
        yield app, client


async def _cancel(client: httpx.AsyncClient, wishes: Sequence[_Wish]) -> int:
    waiting, cancelled = iter(wishes), 0

    async def hand() -> None:
        nonlocal cancelled
        for wish in waiting:
            headers = {"Authorization": f"Bearer {wish.token}", "Idempotency-Key": wish.key}
            with suppress(TimeoutError):
                async with asyncio.timeout(random.uniform(0, LONGEST_INSIDE)):  # noqa: S311
                    await client.post(wish.path, json=_plain(wish.body), headers=headers)
                    continue
            cancelled += 1

    await asyncio.gather(*(hand() for _ in range(POOL_SIZE)))
    return cancelled


def _plain(body: object) -> Any:
    """With ids as text, for httpx."""
    match body:
        case dict():
            return {name: _plain(one) for name, one in body.items()}
        case list():
            return [_plain(one) for one in body]
        case UUID():
            return str(body)
        case _:
            return body


async def _stuck(here: Site, server: Server) -> int:
    """Connections that are missing, in excess, in use or in a transaction, when nothing is asked."""
    async with server.http() as http:
        text = (await http.get("/metrics")).body.decode()
    figures = dict(re.findall(r'medverka_pool_connections\{state="(\w+)"\} (\d+)', text))
    sql = """
        SELECT count(*) AS hanging FROM pg_stat_activity
         WHERE usename = 'medverka_api' AND state <> 'idle'
    """
    async with here.connect() as admin:
        hanging: int = await admin.fetchval(sql)
    return hanging + (POOL_SIZE - int(figures["open"])) + (POOL_SIZE - int(figures["idle"]))


async def _again(server: Server, wishes: Sequence[_Wish]) -> int:
    """Send each twice more. How many came to no yes, or to two."""
    waiting, wrongs = iter(wishes), 0

    async def hand() -> None:
        nonlocal wrongs
        async with server.http() as http:
            for wish in waiting:
                first, second = await _until_told(http, wish), await _until_told(http, wish)
                wrongs += not first.ok or first.body != second.body

    await asyncio.gather(*(hand() for _ in range(CLIENTS)))
    return wrongs


async def _until_told(http: Http, wish: _Wish) -> Any:
    for _ in range(50):
        answer = await http.post(wish.path, wish.token, wish.body, wish.key)
        if answer.status != 409:
            break
        await asyncio.sleep(0.1)
    return answer


async def _effects(here: Site) -> tuple[int, int]:
    """Events and samples that there are."""
    async with here.connect() as admin:
        events = await admin.fetchval("SELECT count(*) AS events FROM consent_event")
        samples = await admin.fetchval("SELECT coalesce(sum(samples), 0) AS samples FROM segment")
    return events, samples
