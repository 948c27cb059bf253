"""A resident who takes part in a study, and what the study can have of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from asyncpg import Connection

from domain.caller import Resident
from domain.consents import store as consents
from domain.consents.model import ConsentAnswer, ConsentEvent
from domain.db import Connection as Conn
from domain.db import Pool, begin
from domain.disclosures import uses
from domain.disclosures.model import Given, Reader, Wanted
from domain.donations import store as donations
from domain.donations.keys import FileKeyProvider
from domain.donations.model import Batch, Source, Upload
from domain.rights import withdraw as rights
from domain.rights.withdraw import Pausing, Withdrawal, Withdrawing
from domain.studies import enrolments
from notifications import outbox
from notifications.kinds import Kind
from tests.people import make_notice, make_resident, make_study, publish

MINUTE = 60_000
BEFORE = (-30 * MINUTE, -20 * MINUTE, -10 * MINUTE)
"""When what was donated begins, in ms from the test's own now; a batch each, of ten samples."""
AHEAD = MINUTE
"""A fourth batch. A phone's clock may be ahead: what it measured lies after any withdrawal."""


class Part(NamedTuple):
    """A resident in a study with one required item, over heart and activity."""

    pool: Pool
    admin: Connection
    keys: FileKeyProvider
    resident: Resident
    reader: Reader
    item_id: UUID
    now: datetime

    @property
    def resident_id(self) -> UUID:
        return self.resident.resident_id

    @property
    def study_id(self) -> UUID:
        return self.reader.study_id

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Conn]:
        """A transaction in the resident's name."""
        async with self.pool.acquire() as conn, begin(conn, resident=self.resident_id):
            yield conn

    async def consent(self, **words: Any) -> ConsentEvent:
        async with self.asking() as conn:
            seen = await consents.seq(conn, self.resident_id)
            said: dict[str, Any] = {"decision": "permit", "seen_seq": seen} | words
            answer = ConsentAnswer(item_id=self.item_id, notice_version=1, language="en", **said)
            return (await consents.record(conn, self.resident_id, [answer], self.resident_id))[0]

    async def donate(self, *offsets: int, measure: str = "heart-rate") -> int:
        """Ten samples from each of these ms after now on, an upload each. How many were taken."""
        now_ms = int(self.now.timestamp() * 1000)
        taken = 0
        for offset in offsets:
            unit = {"heart-rate": "/min", "step-count": "{steps}"}[measure]
            start = [now_ms + offset + n for n in range(10)]
            end = None if measure == "heart-rate" else [at + 1 for at in start]
            batch = Batch(
                measure=measure, unit=unit, utc_offset_minutes=60,
                start=start, end=end, value=[60.0] * 10,
            )  # fmt: skip
            one = Upload(source=Source(app="watch"), batches=[batch])
            async with self.asking() as conn:
                answer = await donations.donate(conn, self.keys, self.resident_id, one, self.now)
            taken += answer.accepted
        return taken

    async def withdraw(self, effect: str, scope: str = "study") -> Withdrawal | None:
        """End it by that effect. A pause is for an hour, and no withdrawal."""
        about = self.about(scope)
        async with self.asking() as conn:
            if effect == "pause":
                pausing = Pausing(until=self.now + timedelta(hours=1), **about)
                await rights.pause(conn, self.resident, pausing)
                return None
            wish = Withdrawing(effect=effect, **about)  # type: ignore[arg-type]
            return (await rights.withdraw(conn, self.resident, wish))[1]

    def about(self, scope: str) -> dict[str, Any]:
        ids: dict[str, dict[str, Any]] = {
            "item": {"item_id": self.item_id}, "study": {"study_id": self.study_id},
            "category": {"category": "heart"}, "everything": {},
        }  # fmt: skip
        return {"scope": scope, **ids[scope]}

    async def reading(self) -> AsyncIterator[int]:
        """The study reads: from what moment each donation of ten samples is, in ms after now."""
        now_ms = int(self.now.timestamp() * 1000)
        async for one in uses.samples(self.pool, self.keys, self.reader, Wanted()):
            if isinstance(one, Given):
                for start in one.run.columns.start[::10]:
                    yield int(start) - now_ms

    async def readable(self) -> list[int]:
        return [offset async for offset in self.reading()]

    async def rows(self) -> dict[str, list[str]]:
        """Of which categories there are samples, and keys."""
        segments = "SELECT DISTINCT category FROM segment WHERE resident_id = $1 ORDER BY 1"
        keys = "SELECT DISTINCT scope FROM data_key WHERE resident_id = $1 ORDER BY 1"
        return {
            name: [row[0] for row in await self.admin.fetch(sql, self.resident_id)]
            for name, sql in {"segments": segments, "keys": keys}.items()
        }

    async def knocks(self) -> dict[str, str]:
        """The state of each kind's knock."""
        sql = "SELECT kind, state FROM outbox WHERE resident_id = $1"
        rows = await self.admin.fetch(sql, self.resident_id)
        return {row["kind"]: row["state"] for row in rows}


def rows_of(*categories: str) -> dict[str, list[str]]:
    return {"segments": list(categories), "keys": list(categories)}


async def take_part(pool: Pool, admin: Connection, keys: FileKeyProvider) -> Part:
    """A new resident consents, joins, donates heart rates, and two knocks wait for them."""
    resident_id, study_id = await make_resident(admin), await make_study(admin)
    item_id = uuid4()
    items = {item_id: ["heart", "activity"]}
    await publish(admin, await make_notice(admin, study_id), 1, items, required=True)
    sql = "INSERT INTO member (issuer, subject_hmac, label) VALUES ('i', $1, 'ana') RETURNING member_id"
    member_id = await admin.fetchval(sql, uuid4().bytes)
    sql = "INSERT INTO membership (member_id, role, study_id) VALUES ($1, 'analyst', $2)"
    await admin.execute(sql, member_id, study_id)
    resident = Resident(resident_id=resident_id, language="en", zone="Europe/Stockholm")
    reader = Reader(study_id, member_id)
    part = Part(pool, admin, keys, resident, reader, item_id, datetime.now(UTC))
    await part.consent()
    async with part.asking() as conn:
        await enrolments.enrol(conn, resident_id, study_id)
        await outbox.promise(conn, resident_id, Kind.CONSENT_TO_REVIEW, None, study_id)
        await outbox.promise(conn, resident_id, Kind.LOGIN_ADDED)
    assert await part.donate(*BEFORE, AHEAD) == 40
    return part
