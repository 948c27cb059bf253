"""T22: what FCM refuses for good is not tried again, and only what it refused is given up.

A device that is given another address while a knock on the old one is under way keeps it. A refusal
of us, and not of a device, stops the lane: nothing more goes, an alarm says so, and nothing is lost.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from domain.consents import gate
from domain.db import Pool, begin
from notifications import devices, errands, figures, worker
from notifications.deciding import Gate
from notifications.devices import Registration
from notifications.fcm import Fcm
from notifications.firebase import Account
from tests.drills.harness import MUTANT, Part, Site, free_port, scaled
from tests.drills.knocked import settled, working
from tests.fcm.plan import Doing, Plan
from tests.fcm.standin import StandIn, standing_in
from tests.notifications.street import make_neighbour, make_phone, promise

EACH = 20
ANSWER_SECONDS = 1.0
STOP_SECONDS = 3.0
LONGEST = 60.0
RENEWED = "/renewed"
GONE: Mapping[str, str | None] = {
    "unregistered": "unregistered", "invalid-fid": "invalid-target", "sender-mismatch": "invalid-target",
    "invalid": None, "invalid-ttl": None,
}  # fmt: skip
"""FCM's errors about one knock, and why its device is given up; None where it is not."""
US = ("unauthenticated", "permission-denied", "third-party-auth", "sender-mismatch", "token")
"""Its errors about us, while it has accepted nothing of ours; `token`: no access token is given."""


class Neighbour(NamedTuple):
    """Which error their phone's address meets; one that is renewed has another by then."""

    resident_id: UUID
    device_id: UUID
    error: str
    renewed: bool

    @property
    def old(self) -> str:
        return self.resident_id.hex

    @property
    def new(self) -> str:
        return f"{self.resident_id.hex}{RENEWED}"


async def t22(here: Site) -> Part:
    """Errors about devices and messages, among knocks that are accepted."""
    if MUTANT:

        async def whatever(conn, who, device, _, because):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            return await devices._retire(conn, who, device, None, because)

        devices.retire = whatever
    with standing_in(free_port()) as there:
        people = await _people(here)
        there.plan(Plan(all=Doing(), targets={
            one.old: [Doing(delay=ANSWER_SECONDS, error=one.error)] for one in people
        }))  # fmt: skip
        pusher = Fcm(_account(there))
        async with here.pool(4) as pool, working(here, _gate(), pusher):
            others = await _accepted(here, pool, there)
            for one in people:
                await promise(pool, one.resident_id)
            await _arrived(there, len(others) + len(people))
            for one in people:
                if one.renewed:
                    await _renew(pool, one)
            ended = await settled(here, LONGEST)
        await pusher.close()
        came = Counter(one.target for one in there.received())
    wrong = await _wrong(here, people, came)
    wrong["unfinished"] = not ended
    return Part(n=len(people), violations=sum(wrong.values()), more=wrong)


async def _wrong(
    here: Site, people: Sequence[Neighbour], came: Mapping[str, int]
) -> dict[str, int]:
    async with here.connect() as admin:
        phones = {row["device_id"]: row for row in await admin.fetch("SELECT * FROM device")}
        sql = "SELECT resident_id, state FROM outbox"
        states = {row["resident_id"]: row["state"] for row in await admin.fetch(sql)}
    wrong = Counter[str]()
    for one in people:
        phone, because = phones[one.device_id], GONE[one.error]
        wrong["tried_again"] += came[one.old] > 1
        if one.renewed and because:
            wrong["fresh_lost"] += phone["value"] != one.new
            wrong["fresh_untold"] += came[one.new] != 1 or states[one.resident_id] != "sent"
        elif because:
            wrong["kept"] += phone["retired_because"] != because
            wrong["not_in_the_inbox_alone"] += states[one.resident_id] != "no-device"
        else:
            wrong["given_up"] += phone["retired_at"] is not None
            wrong["not_dead"] += states[one.resident_id] != "dead"
    return dict(wrong)


async def t22_lane(here: Site) -> Part:
    """Errors about us: each with a worker that has had nothing accepted yet."""
    errands.STOPPED = worker.STOPPED = timedelta(seconds=STOP_SECONDS)  # type: ignore[attr-defined]
    wrong, count = Counter[str](), scaled(EACH * 5)
    for error in US:
        with standing_in(free_port()) as there:
            wrong += await _stopped(here, there, error, count)
    async with here.connect() as admin:
        wrong["lost"] = await admin.fetchval("SELECT count(*) FROM outbox WHERE state <> 'sent'")
        sql = "SELECT count(*) FROM device WHERE retired_at IS NOT NULL"
        wrong["retired"] = await admin.fetchval(sql)
    return Part(n=count * len(US), violations=sum(wrong.values()), more=dict(wrong))


async def _stopped(here: Site, there: StandIn, error: str, count: int) -> Counter[str]:
    wrong = Counter[str]()
    no = Doing(status=400, body='{"error": "invalid_grant"}')
    there.plan(Plan(tokens=no) if error == "token" else Plan(all=Doing(error=error)))
    async with here.connect() as admin:
        people = [await make_neighbour(admin) for _ in range(count)]
    pusher = Fcm(_account(there))
    async with here.pool(4) as pool, working(here, _gate(), pusher):
        for who in people:
            await promise(pool, who)
        await asyncio.sleep(1)
        before = there.count()
        await asyncio.sleep(STOP_SECONDS / 2)
        wrong["went_on"] = there.count() - before
        wrong["no_alarm"] = figures.REGISTRY.get_sample_value("medverka_push_stopped") != 1
        there.plan(Plan())
        wrong["unfinished"] = not await settled(here, LONGEST)
        wrong["alarm_stayed"] = figures.REGISTRY.get_sample_value("medverka_push_stopped") != 0
    await pusher.close()
    return wrong


def _gate() -> Gate:
    return Gate(gate.lock_many, gate.contactable)


def _account(there: StandIn) -> Account:
    return Account(
        credentials=str(there.account), address=there.address, authority=str(there.authority)
    )


async def _people(here: Site) -> list[Neighbour]:
    made = []
    async with here.connect() as admin:
        for error in GONE:
            for n in range(max(2, scaled(EACH))):
                who = await make_neighbour(admin, phones=0)
                phone = await make_phone(admin, who, who.hex)
                made.append(Neighbour(who, phone, error, renewed=n % 2 == 1))
    return made


async def _accepted(here: Site, pool: Pool, there: StandIn) -> list[UUID]:
    """Knocks that are accepted first, so that a wrong sender is a matter of one address."""
    async with here.connect() as admin:
        others = [await make_neighbour(admin) for _ in range(3)]
    for who in others:
        await promise(pool, who)
    await _arrived(there, len(others))
    await settled(here, LONGEST)
    return others


async def _arrived(there: StandIn, count: int) -> None:
    until = time.monotonic() + LONGEST
    while there.count() < count:
        if time.monotonic() > until:
            raise TimeoutError("the knocks do not arrive")
        await asyncio.sleep(0.02)


async def _renew(pool: Pool, one: Neighbour) -> None:
    """As the resident's app does when its address has changed."""
    given = Registration(value_kind="fid", value=one.new, platform="android", language="sv")
    async with pool.acquire() as conn, begin(conn, resident=one.resident_id):
        await devices.register(conn, one.resident_id, one.device_id, given)
