"""Residents who can be knocked for: with a login, a choice for a study, a phone, and no quiet hours."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

from domain.db import Pool, begin
from notifications import outbox, worker
from notifications.deciding import Gate
from notifications.kinds import Kind
from notifications.push import Begun, Knock, Pusher
from notifications.worker import Worker
from tests.drills.harness import Server, Site
from tests.drills.residents import Study, done
from tests.drills.residents import begin as arrive
from tests.notifications.street import AWAKE, make_phone

CLIENTS = 16


class Resident(NamedTuple):
    """Their login's token, and the one phone they have."""

    token: str
    resident_id: UUID
    device_id: UUID


async def residents(here: Site, server: Server, study: Study, count: int) -> list[Resident]:
    """They have permitted the study's item, over HTTP."""
    names, made = iter(range(count)), list[Resident]()

    async def some() -> None:
        async with server.http() as http, here.connect() as admin:
            for name in names:
                token = here.token(f"{study.study_id} {name}")
                resident_id = await arrive(http, token)
                answer = study.answer()
                done(await http.post("/v1/me/consent-events", token, answer, str(uuid4())))
                sql = "UPDATE resident SET preferences = $2 WHERE resident_id = $1"
                await admin.execute(sql, resident_id, AWAKE)
                made.append(Resident(token, resident_id, await make_phone(admin, resident_id)))

    await asyncio.gather(*(some() for _ in range(CLIENTS)))
    return made


async def promise(pool: Pool, people: Iterable[Resident], study: Study) -> None:
    """One knock about the study for each of them, as their own requests would promise it."""
    async with pool.acquire() as conn:
        for one in people:
            async with begin(conn, resident=one.resident_id):
                await outbox.promise(
                    conn, one.resident_id, Kind.CONSENT_TO_REVIEW, study_id=study.study_id
                )


class Watched:
    """A pusher that notes when each knock was begun, on the monotonic clock."""

    def __init__(self, pusher: Pusher) -> None:
        self._pusher = pusher
        self.begun: dict[UUID, list[float]] = {}

    def begin(self, knocks: Sequence[Knock]) -> list[Begun]:
        found = self._pusher.begin(knocks)
        for one in found:
            one.started.add_done_callback(partial(self._note, one))
        return found

    async def close(self) -> None:
        await self._pusher.close()

    def _note(self, one: Begun, started: "asyncio.Future[None]") -> None:
        if not started.cancelled():
            self.begun.setdefault(one.knock.target.device_id, []).append(time.monotonic())


@asynccontextmanager
async def working(here: Site, gate: Gate, pusher: Pusher) -> AsyncIterator[None]:
    """A worker in this process, for as long as the block lasts; then it ends as it should."""
    stopping = asyncio.Event()
    async with here.pool(worker.CONNECTIONS, "worker") as pool:
        running = asyncio.create_task(Worker(pool, gate, pusher).run(stopping))
        try:
            yield
        finally:
            stopping.set()
            await running


class Withdrawn(NamedTuple):
    """When a withdrawal was answered on the monotonic clock, how long it took, and its status."""

    at: float
    seconds: float
    status: int


async def withdraw(
    server: Server, people: Mapping[Resident, float], study: Study
) -> dict[UUID, Withdrawn]:
    """Each of them after so many seconds. By device."""
    answers: dict[UUID, Withdrawn] = {}
    begun = time.monotonic()

    async def one(who: Resident, after: float) -> None:
        await asyncio.sleep(max(0, begun + after - time.monotonic()))
        async with server.http() as http:
            since = time.monotonic()
            wish = study.withdrawal()
            answer = done(await http.post("/v1/me/withdrawals", who.token, wish, str(uuid4())))
            now = time.monotonic()
            answers[who.device_id] = Withdrawn(now, now - since, answer.status)

    await asyncio.gather(*(one(who, after) for who, after in people.items()))
    return answers


async def settled(here: Site, seconds: float) -> bool:
    """Wait until nothing waits in the outbox any more."""
    until = time.monotonic() + seconds
    async with here.connect() as admin:
        while await admin.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE state = 'waiting')"):
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.2)
    return True
