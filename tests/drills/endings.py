"""T34: signed out everywhere, or erased, a login's old tokens are refused at once, by every process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, time
from typing import NamedTuple
from uuid import uuid4

from tests.drills.harness import MUTANT, Part, Server, Site, p99_ms, scaled
from tests.drills.http import Http
from tests.drills.mutant import Mutation, environment
from tests.drills.residents import done

FORGETFUL = (Mutation("domain/residents/identity.py", "self.issued_at <= refused_until", "False"),)
"""When a login was ended is not looked at."""

ROUNDS = 3 if MUTANT else 20
READERS = 4
"""Per process, all with the token that is about to end."""

ADMITTED, REFUSED = 200, 401
TERMS = {"notice_version": 1, "language": "en"}
ENDS = (("POST", "/v1/me/sign-out-everywhere"), ("DELETE", "/v1/me?confirm=erase"))
BLOCK = {"scope": "category", "category": "sleep"}
TRIES: tuple[tuple[str, str, object], ...] = (
    ("PUT", "/v1/me", TERMS), ("GET", "/v1/me", None), ("GET", "/v1/me/export", None), ("GET", "/v1/me/messages", None),
    ("POST", "/v1/me/blocks", BLOCK), ("POST", "/v1/me/withdrawals", {"scope": "everything"}),
    ("POST", "/v1/me/sign-out-everywhere", None), ("DELETE", "/v1/me?confirm=erase", None),
)  # fmt: skip


class Seen(NamedTuple):
    """One answer to the token that ends: when it was asked for, and what it was."""

    asked: float
    status: int


async def drill(here: Site) -> Part:
    """0 accepted after the acknowledgement, by two processes under way with the same token."""
    wrong: list[str] = []
    n, took = 0, []
    async with _two(here) as servers:
        for turn in range(scaled(ROUNDS)):
            for method, path in ENDS:
                asked, seconds = await _one(here, servers, turn, method, path, wrong)
                n += asked
                took.append(seconds)
    more = {"examples": wrong[:12]} if wrong else {}
    return Part(n=n, violations=len(wrong), p99_ms=p99_ms(took), more={"ended": len(took), **more})


@asynccontextmanager
async def _two(here: Site) -> AsyncIterator[tuple[Server, Server]]:
    with TemporaryDirectory() as folder:
        more = environment(Path(folder), FORGETFUL) if MUTANT else {}
        async with here.serve(**more) as first, here.serve(**more) as second:
            yield first, second


async def _one(
    here: Site, servers: tuple[Server, Server], turn: int, method: str, path: str, wrong: list[str]
) -> tuple[int, float]:
    """End one login while others use it; how many requests were judged, and how long the end took."""
    subject, key = f"{method}-{turn}", str(uuid4())
    old = here.token(subject)
    async with servers[turn % 2].http() as http, servers[1 - turn % 2].http() as other:
        before = done(await http.ask("PUT", "/v1/me", old, TERMS)).json()["resident_id"]
        done(await http.post("/v1/me/blocks", old, BLOCK, key))
        over = asyncio.Event()
        using = [asyncio.create_task(_use(one, old, over)) for one in servers * READERS]
        await asyncio.sleep(0.05)
        begun = monotonic()
        done(await http.ask(method, path, old))
        acked = monotonic()
        tried = [*await _try(http, old, key), *await _try(other, old, key)]
        over.set()
        used = [one for task in await asyncio.gather(*using) for one in task]
        late = [one.status for one in used if one.asked > acked]
        wrong += [f"{subject}: {s} after the end" for s in [*tried, *late] if s != REFUSED]
        if not any(one.status == ADMITTED for one in used if one.asked < begun):
            wrong.append(f"{subject}: never used before the end")
        wrong += await _anew(here, other, subject, before, erased=method == "DELETE")
    return len(tried) + len(late), acked - begun


async def _use(server: Server, token: str, over: asyncio.Event) -> list[Seen]:
    seen = []
    async with server.http() as http:
        while not over.is_set():
            asked = monotonic()
            seen.append(Seen(asked, (await http.get("/v1/me", token)).status))
    return seen


async def _try(http: Http, token: str, key: str) -> list[int]:
    """All of them, with the key that was used before the end: its answer is not replayed either."""
    headers = {"Idempotency-Key": key}
    return [
        (await http.ask(method, path, token, body, headers)).status for method, path, body in TRIES
    ]


async def _anew(here: Site, http: Http, subject: str, before: str, *, erased: bool) -> list[str]:
    """A login of after the end is let in: as the same resident, or, once erased, as a new one."""
    later = int(time()) + 2
    token = here.token(subject, iat=later, auth_time=later)
    profile = await http.get("/v1/me", token)
    if not erased:
        return [] if profile.ok else [f"{subject}: {profile.status} for a new login"]
    begun = await http.ask("PUT", "/v1/me", token, TERMS)
    if profile.status != 409 or begun.status != 201:
        return [f"{subject}: {profile.status} and {begun.status} for a new login after erasure"]
    same = begun.json()["resident_id"] == before
    return [f"{subject}: the erased resident is back"] if same else []
