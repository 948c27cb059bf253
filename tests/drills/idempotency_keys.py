"""T04, T05: one key many times at once, and keys that are no keys."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from tests.drills.crashes import forget_keys
from tests.drills.harness import MUTANT, Part, Server, Site, p99_ms, scaled
from tests.drills.http import Answer, Http
from tests.drills.residents import Study, begin, donation, done, make_study

TOGETHER = 64
STALL_SECONDS = 3.0
PATIENCE = 1.0
"""Within this many seconds the others are told, while the first one stalls."""
LONGEST_KEY = 255
MOST_RETRIES = 100


async def t04(here: Site) -> Part:
    """64 posts with one key: one effect, and each answer is that one, or 409 with Retry-After."""
    if MUTANT:
        await forget_keys(here)
    study, wrongs, statuses = await make_study(here), 0, Counter[int]()
    keys, stalled = scaled(20), scaled(2)
    told: list[float] = []
    async with here.serve() as one, here.serve() as other:
        connections = [server.http() for server in (one, other) for _ in range(TOGETHER // 2)]
        for n in range(keys + stalled):
            token = here.token(f"r{n}")
            resident_id = await begin(connections[0], token)
            posts = _Posts(token, study)
            if n < keys:
                answers = await posts.at_once(connections)
            else:
                answers, seconds = await _stalled(here, posts, connections, resident_id)
                told += seconds
            statuses += Counter(answer.status for answer in answers)
            last = await posts.until_kept(connections[0])
            wrongs += _differ([*answers, last]) + (await _events(here, resident_id) != 1)
        for http in connections:
            http.break_off()
    late = sum(seconds > PATIENCE for seconds in told)
    figures = {"statuses": {str(code): count for code, count in sorted(statuses.items())}}
    return Part(
        n=(keys + stalled) * TOGETHER, violations=wrongs + late, p99_ms=p99_ms(told), more=figures
    )


class _Posts:
    """The same permission of one resident, under the same key."""

    def __init__(self, token: str, study: Study) -> None:
        self._token = token
        self._body = study.answer()
        self._key = str(uuid4())

    async def send(self, http: Http) -> Answer:
        return await http.post("/v1/me/consent-events", self._token, self._body, self._key)

    async def at_once(self, connections: Sequence[Http]) -> list[Answer]:
        return list(await asyncio.gather(*(self.send(http) for http in connections)))

    async def until_kept(self, http: Http) -> Answer:
        """As an app retries: after Retry-After, until it is a yes."""
        for _ in range(MOST_RETRIES):
            answer = await self.send(http)
            if answer.status != 409:
                break
            await asyncio.sleep(0.1)
        return answer


def _differ(answers: Sequence[Answer]) -> int:
    """How many are neither the one answer nor a proper `not now`."""
    kept = next((answer.body for answer in answers if answer.ok), b"")
    return sum(
        not (answer.status == 201 and answer.body == kept)
        and not (answer.status == 409 and answer.headers.get("retry-after", "").isdigit())
        for answer in answers
    )


async def _stalled(
    here: Site, posts: _Posts, connections: Sequence[Http], resident_id: UUID
) -> tuple[list[Answer], list[float]]:
    """The first one waits for a row; how long the others did until they were told."""
    seconds: list[float] = []

    async def later(http: Http) -> Answer:
        begun = time.perf_counter()
        answer = await posts.send(http)
        seconds.append(time.perf_counter() - begun)
        return answer

    async with _holding(here, resident_id):
        first = asyncio.create_task(posts.send(connections[0]))
        await asyncio.sleep(0.5)
        others = await asyncio.gather(*(later(http) for http in connections[1:]))
        await asyncio.sleep(max(0.0, STALL_SECONDS - 0.5 - max(seconds)))
    return [await first, *others], seconds


@asynccontextmanager
async def _holding(here: Site, resident_id: UUID) -> AsyncIterator[None]:
    """Someone else has the end of the resident's chain, for as long as the block lasts."""
    async with here.connect() as admin, admin.transaction():
        sql = "SELECT seq FROM consent_head WHERE resident_id = $1 FOR UPDATE"
        await admin.fetchval(sql, resident_id)
        yield


async def _events(here: Site, resident_id: UUID) -> int:
    async with here.connect() as admin:
        sql = "SELECT count(*) AS events FROM consent_event WHERE resident_id = $1"
        found: int = await admin.fetchval(sql, resident_id)
    return found


async def t05(here: Site) -> Part:
    """Every route that takes a key of a resident: another body, none, too long, someone else's."""
    if MUTANT:
        await forget_keys(here)
    study = await make_study(here)
    async with here.serve() as server:
        misuses = [
            found
            for n in range(scaled(10))
            for found in await _misused(here, server, study, f"{n}")
        ]
    return Part(n=len(misuses), violations=sum(misuses))


async def _misused(here: Site, server: Server, study: Study, name: str) -> list[bool]:
    """Which of the misuses were let pass."""
    anna, bertil = here.token(f"anna {name}"), here.token(f"bertil {name}")
    found: list[bool] = []
    async with server.http() as http:
        for token in (anna, bertil):
            await begin(http, token)
        for path, body, other in _requests(study):
            key = f"key-{name}"  # the same on each route: it belongs to one
            kept = done(await http.post(path, anna, body, key))
            theirs = done(await http.post(path, bertil, body, key))
            foreign = "idempotency-replayed" in theirs.headers
            longest = await http.post(path, anna, body, "k" * LONGEST_KEY)
            found += [
                (await http.post(path, anna, body, key)).body != kept.body,
                not _reused(await http.post(path, anna, other, key)),
                (await http.post(path, anna, body)).status != 400,
                (await http.post(path, anna, body, "k" * (LONGEST_KEY + 1))).status != 400,
                "idempotency-replayed" in kept.headers or foreign,
                longest.status == 400,
            ]
    return found


def _reused(answer: Answer) -> bool:
    return answer.status == 422 and b"/idempotency-key-reused" in answer.body


def _requests(study: Study) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Path, body, and another body."""
    pausing = {"scope": "everything", "until": "2090-01-01T00:00:00Z"}
    blocking = {"scope": "category", "category": "sleep"}
    return [
        ("/v1/me/consent-events", study.answer(), study.answer("deny")),
        ("/v1/me/donations", donation(2), donation(3)),
        ("/v1/me/enrolments", {"study_id": study.study_id}, {"study_id": uuid4()}),
        ("/v1/me/pauses", pausing, {**pausing, "until": "2091-01-01T00:00:00Z"}),
        ("/v1/me/resumptions", {"scope": "everything"}, {"scope": "category", "category": "heart"}),
        ("/v1/me/blocks", blocking, {**blocking, "category": "heart"}),
        ("/v1/me/withdrawals", study.withdrawal(), study.withdrawal("erase")),
    ]
