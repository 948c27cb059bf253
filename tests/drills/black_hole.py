"""T20 with a push service that takes connections and never says a word: withdrawals do not wait for it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from domain.consents import gate
from notifications import deciding
from notifications.deciding import Gate
from notifications.fcm import Fcm
from notifications.firebase import Account
from tests.drills.harness import MUTANT, Part, Site, free_port, p99_ms, scaled
from tests.drills.http import HOST
from tests.drills.knocked import Resident, Watched, promise, residents, withdraw, working
from tests.drills.residents import make_study
from tests.fcm.plan import Doing, Plan
from tests.fcm.standin import StandIn, standing_in

RESIDENTS = 300
MOST_MS = 2000
OVER_SECONDS = 10.0
LOOKS = 1_000
"""How often to look for knocks that a worker holds."""


async def t20_hole(here: Site) -> Part:
    """Half of them while it reads and does not answer, half while not even a handshake comes."""
    if MUTANT:
        deciding.BEGIN_SECONDS = 15.0  # the locks are held for as long as a service may take
    figures, seconds, unfinished, late = {}, list[float](), 0, 0
    study = await make_study(here)
    with standing_in(free_port()) as standin:
        standin.plan(Plan(all=Doing(never=True)))
        async with here.serve() as server, here.pool(2) as pool, _deaf() as hole:
            people = await residents(here, server, study, scaled(RESIDENTS))
            half = len(people) // 2
            for name, address, some in (
                ("silent", standin.address, people[:half]), ("deaf", hole, people[half:]),
            ):  # fmt: skip
                pusher = Watched(Fcm(_account(standin, address)))
                async with working(here, Gate(gate.lock_many, gate.contactable), pusher):
                    await promise(pool, some, study)
                    held = await _held(here)
                    answers = await withdraw(server, _spread(some, held), study)
                await pusher.close()
                seconds += [one.seconds for one in answers.values()]
                unfinished += sum(one.status != 200 for one in answers.values())
                late += sum(
                    at > answers[device].at
                    for device, times in pusher.begun.items()
                    for at in times
                )
                figures[f"begun_{name}"] = len(pusher.begun)
    worst = p99_ms(seconds)
    more = {**figures, "answered_202": unfinished, "begun_after_answer": late}
    return Part(
        n=len(seconds), violations=unfinished + late + (worst > MOST_MS), p99_ms=worst, more=more
    )


def _account(standin: StandIn, address: str) -> Account:
    return Account(
        credentials=str(standin.account), address=address, authority=str(standin.authority)
    )


async def _held(here: Site) -> set[UUID]:
    """Whose knocks a worker is about to begin, once there are any."""
    sql = "SELECT resident_id FROM outbox WHERE leased_until > now() AND state = 'waiting'"
    async with here.connect() as admin:
        for _ in range(LOOKS):
            if rows := await admin.fetch(sql):
                return {row["resident_id"] for row in rows}
            await asyncio.sleep(0.01)
    raise TimeoutError


def _spread(people: list[Resident], held: set[UUID]) -> dict[Resident, float]:
    """They withdraw at once; the others when they like."""
    return {
        who: 0 if who.resident_id in held else random.uniform(0, OVER_SECONDS)  # noqa: S311
        for who in people
    }


@asynccontextmanager
async def _deaf() -> AsyncIterator[str]:
    """An address that takes connections, and neither reads nor speaks."""

    async def ignore(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)

    taken = list[asyncio.StreamWriter]()
    port = free_port()
    server = await asyncio.start_server(ignore, HOST, port)
    try:
        yield f"https://{HOST}:{port}"
    finally:
        server.close()
        for writer in taken:
            writer.transport.abort()
