"""T20: residents withdraw before, during and after the claim of their knock. None begins after the answer."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from domain.consents import gate
from domain.db import Connection
from notifications.deciding import Gate
from notifications.push import Begun, Knock
from tests.drills.harness import MUTANT, Part, Site, p99_ms, scaled
from tests.drills.knocked import Watched, promise, residents, settled, withdraw, working
from tests.drills.residents import make_study
from tests.notifications.doorbell import Doorbell

RESIDENTS = 500
SLOWEST = 0.8
"""Seconds that the network may take until it lets a request begin: less than the worker's patience."""
OVER_SECONDS = 5.0
"""Over which withdrawals are spread: about what the worker takes."""


class SlowNetwork(Doorbell):
    """Requests begin a while after they were wanted, unless they are called back before."""

    def begin(self, knocks: Sequence[Knock]) -> list[Begun]:
        loop = asyncio.get_running_loop()
        begun = [Begun(one, loop.create_future(), loop.create_future()) for one in knocks]
        for one in begun:
            loop.call_later(random.uniform(0, SLOWEST), self._go, one)  # noqa: S311
        return begun

    def _go(self, begun: Begun) -> None:
        if not begun.started.done():
            self.ring(begun)


async def t20(here: Site) -> Part:
    """Each of 500 is held against their own withdrawal's answer; three in five withdraw."""
    study = await make_study(here)
    pusher = Watched(SlowNetwork())
    lock = _let_everyone if MUTANT else gate.lock_many
    async with here.serve() as server, here.pool(2) as pool:
        people = await residents(here, server, study, scaled(RESIDENTS))
        leaving = random.sample(people, len(people) * 3 // 5)
        when = {who: random.uniform(-0.2, 1) * OVER_SECONDS for who in leaving}  # noqa: S311
        await promise(pool, people, study)
        async with working(here, Gate(lock, gate.contactable), pusher):
            answers = await withdraw(server, when, study)
            ended = await settled(here, 60)
    late = sum(
        at > answers[device].at
        for device, times in pusher.begun.items() if device in answers for at in times
    )  # fmt: skip
    stayed = {who.device_id for who in people} - answers.keys()
    missed = sum(len(pusher.begun.get(device, ())) != 1 for device in stayed)
    slow = sum(one.status != 200 for one in answers.values())
    figures = {
        "withdrawals": len(answers), "knocked_before": len(pusher.begun.keys() & answers.keys()),
        "begun_after_answer": late, "answered_202": slow, "not_told_once": missed,
        "states": await _states(here),
    }  # fmt: skip
    return Part(
        n=len(people), violations=late + slow + missed + (not ended),
        p99_ms=p99_ms([one.seconds for one in answers.values()]), more=figures,
    )  # fmt: skip


async def _let_everyone(_: Connection, resident_ids: Sequence[UUID]) -> list[UUID]:
    """The mutant: nobody's withdrawal is held off."""
    return list(resident_ids)


async def _states(here: Site) -> dict[str, int]:
    async with here.connect() as admin:
        return dict(Counter(row["state"] for row in await admin.fetch("SELECT state FROM outbox")))
