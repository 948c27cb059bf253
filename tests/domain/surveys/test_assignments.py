"""What is asked is asked once, of who may be asked, and taken once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from asyncpg import Connection

from domain.db import Connection as Conn
from domain.db import Pool, begin, open_pool
from domain.errors import NotFound
from domain.rights.sweeps import sweep
from domain.surveys import assigning, assignments
from domain.surveys.receiving import NotOpen, by_week
from domain.surveys.schedules import LONG_AGO, Timetable, ZoneFrom, occurrences
from tests.database import Database
from tests.domain.donations.conftest import permit
from tests.people import make_resident, make_study

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAILY: dict[str, Any] = {
    "relative_to": "calendar", "first": str(NOW.date() - 30 * DAY), "window": 24 * 60,
    "rule": "FREQ=DAILY", "at": "08:00:00", "reminders": [60],
}  # fmt: skip


class Asked(NamedTuple):
    """A resident in a study that asks daily."""

    worker: Pool
    admin: Connection
    resident_id: UUID
    study_id: UUID
    schedule_id: UUID

    async def walk(self, now: datetime = NOW) -> int:
        await self.admin.execute("UPDATE schedule SET walked_until = '-infinity'")
        return await assigning.walk(self.worker, now)

    async def states(self) -> list[str]:
        sql = "SELECT state FROM assignment WHERE resident_id = $1 ORDER BY slot"
        return [row["state"] for row in await self.admin.fetch(sql, self.resident_id)]

    async def open_one(self, hours: float = -1) -> UUID:
        """The first assignment, moved to open that many hours from now for a day."""
        sql = """
            UPDATE assignment
               SET opens_at = now() + $2, closes_at = now() + $2 + interval '1 day',
                   expires_at = now() + $2 + interval '1 day',
                   knocks_at = ARRAY[now() + $2, now() + $2 + interval '30 hours']
             WHERE slot = (SELECT min(slot) FROM assignment WHERE resident_id = $1)
               AND resident_id = $1
            RETURNING assignment_id
        """
        found: UUID = await self.admin.fetchval(sql, self.resident_id, hours * HOUR)
        return found


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("worker"), 2) as pool:
        yield pool


@pytest.fixture
async def asked(worker: Pool, admin: Connection) -> Asked:
    resident_id, study_id = await make_resident(admin), await make_study(admin)
    await permit(admin, resident_id, "survey-sleep", study_id=study_id)
    sql = "INSERT INTO enrolment (resident_id, study_id, enrolled_at) VALUES ($1, $2, now() - interval '9 days')"
    await admin.execute(sql, resident_id, study_id)
    schedule_id = uuid4()
    sql = """
        INSERT INTO schedule (schedule_id, study_id, questionnaire, category, timetable, created_by)
        VALUES ($1, $2, 'https://example.org/q|1', 'survey-sleep', $3, $2)
    """
    async with worker.acquire() as conn:
        encoded = await conn.fetchval("SELECT $1::jsonb::text AS t", DAILY)
    await admin.execute(sql.replace("$3", "$3::text::jsonb"), schedule_id, study_id, encoded)
    return Asked(worker, admin, resident_id, study_id, schedule_id)


async def count(conn: Conn, sql: str) -> int:
    found: int = await conn.fetchval(sql)
    return found


async def test_each_slot_is_made_once_however_often_the_worker_walks(asked: Asked) -> None:
    assert await asked.walk() == 4  # One is open already, and three days lie ahead.
    assert await asked.walk() == 0
    assert await asked.walk(NOW + DAY) == 1


FORWARD = datetime(2027, 3, 28, 1, tzinfo=UTC)
"""Clocks in Stockholm go from two to three: half past two is reached after three."""
AT_NIGHT = {"rule": "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30", "at": "02:00:00"}


@pytest.mark.parametrize(("now", "change"), [(NOW, {}), (FORWARD - 2 * HOUR, AT_NIGHT)])
async def test_each_is_asked_by_their_own_clock_and_from_when_they_take_part(
    asked: Asked, now: datetime, change: dict[str, Any]
) -> None:
    clocks = ("Europe/Stockholm", "Asia/Tokyo", "Europe/Stockholm", "America/New_York")
    since = [now - 9 * DAY, now + DAY, now + 2 * HOUR + HOUR / 4, now - HOUR]
    sql = "UPDATE schedule SET timetable = timetable || $1::text::jsonb"
    await asked.admin.execute(sql, msgspec.json.encode(change).decode())
    people = [await make_resident(asked.admin) for _ in clocks]
    for resident_id, zone, at in zip(people, clocks, since, strict=True):
        await permit(asked.admin, resident_id, "survey-sleep", study_id=asked.study_id)
        sql = "INSERT INTO enrolment (resident_id, study_id, enrolled_at) VALUES ($1, $2, $3)"
        await asked.admin.execute(sql, resident_id, asked.study_id, at)
        sql = "UPDATE resident SET zone = $2 WHERE resident_id = $1"
        await asked.admin.execute(sql, resident_id, zone)
    await asked.walk(now)
    timetable = msgspec.convert(DAILY | change, Timetable)
    for resident_id, zone, at in zip(people, clocks, since, strict=True):
        home = [ZoneFrom(LONG_AGO, ZoneInfo(zone))]
        slots = occurrences(timetable, at, home, now - DAY, now + assigning.AHEAD)
        sql = "SELECT slot, opens_at FROM assignment WHERE resident_id = $1 ORDER BY slot"
        found = [tuple(row) for row in await asked.admin.fetch(sql, resident_id)]
        assert found == sorted((slot.local, slot.opens_at) for slot in slots)


async def test_a_walk_is_made_when_it_is_due(asked: Asked) -> None:
    await assigning.walk(asked.worker, NOW)
    assert await assigning.walk(asked.worker, NOW) == 0


@pytest.mark.parametrize("period", ["(,2026-01-01)", "empty"])
async def test_who_consents_to_the_past_alone_is_not_asked(asked: Asked, period: str) -> None:
    sql = "UPDATE consent_grant SET data_period = tstzmultirange($1::text::tstzrange)"
    await asked.admin.execute(sql, period)
    assert await asked.walk() == 0


async def test_who_has_left_or_is_withdrawing_is_not_asked(asked: Asked) -> None:
    await asked.admin.execute("BEGIN")
    sql = "SELECT pg_advisory_xact_lock(uuid_hash_extended($1, 0))"
    await asked.admin.execute(sql, asked.resident_id)
    assert await assigning.walk(asked.worker, NOW) == 0
    await asked.admin.execute("ROLLBACK")
    sql = "UPDATE enrolment SET ended_at = now(), ended_by = 'resident'"
    await asked.admin.execute(sql)
    assert await asked.walk() == 0


async def test_a_pause_cancels_and_its_end_asks_again(asked: Asked, conn: Conn) -> None:
    await asked.walk()
    paused = "UPDATE consent_grant SET pauses = tstzmultirange(tstzrange(now(), NULL))"
    await asked.admin.execute(paused)
    async with begin(conn, resident=asked.resident_id):
        await assignments.stop(conn, asked.resident_id)
    assert await asked.states() == ["cancelled"] * 4
    await asked.admin.execute("UPDATE consent_grant SET pauses = '{}'")
    assert await asked.walk() == 4


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
async def test_what_has_not_opened_follows_into_another_zone_and_is_asked_once(
    asked: Asked, conn: Conn, zone: str
) -> None:
    await asked.walk()
    await asked.admin.execute("UPDATE resident SET zone = $1", zone)
    async with begin(conn, resident=asked.resident_id):
        await assigning.move(conn, asked.resident_id, "Europe/Stockholm", zone, NOW)
    await asked.walk()
    sql = "SELECT slot, opens_at, closes_at, knocks_at FROM assignment WHERE opens_at > $1"
    rows = await asked.admin.fetch(sql, NOW)
    for row in rows:
        assert row["opens_at"].astimezone(ZoneInfo(zone)).replace(tzinfo=None) == row["slot"]
        assert row["closes_at"] - row["opens_at"] == DAY
        assert row["knocks_at"] == [row["opens_at"], row["opens_at"] + HOUR]
    assert len(rows) >= 2
    sql = "SELECT count(*) - count(DISTINCT slot) FROM assignment"
    assert await count(asked.admin, sql) == 0


async def test_who_moves_while_a_walk_is_made_is_asked_by_the_clock_there(asked: Asked) -> None:
    await asked.admin.execute("BEGIN")
    await asked.admin.execute("UPDATE resident SET zone = 'Asia/Tokyo'")
    walk = asyncio.create_task(assigning.walk(asked.worker, NOW))
    await asyncio.sleep(0.3)
    await asked.admin.execute("COMMIT")
    assert await walk
    opens_at = await asked.admin.fetchval("SELECT max(opens_at) FROM assignment")
    assert opens_at.astimezone(ZoneInfo("Asia/Tokyo")).hour == 8


async def test_what_the_clock_jumps_over_opens_on_landing(asked: Asked, conn: Conn) -> None:
    await asked.walk()
    sql = "SELECT min(opens_at) FROM assignment WHERE opens_at > $1"
    landing = await asked.admin.fetchval(sql, NOW) - HOUR
    async with begin(conn, resident=asked.resident_id):
        await assigning.move(conn, asked.resident_id, "Europe/Stockholm", "Asia/Tokyo", landing)
    sql = "SELECT count(*) FROM assignment WHERE opens_at = $1"
    assert await asked.admin.fetchval(sql, landing) == 1


async def test_leaving_cancels_and_a_consent_that_stands_does_not(asked: Asked, conn: Conn) -> None:
    await asked.walk()
    async with begin(conn, resident=asked.resident_id):
        await assignments.stop(conn, asked.resident_id)
    assert await asked.states() == ["due"] * 4
    await asked.admin.execute("UPDATE enrolment SET ended_at = now(), ended_by = 'resident'")
    async with begin(conn, resident=asked.resident_id):
        await assignments.stop(conn, asked.resident_id)
    assert await asked.states() == ["cancelled"] * 4


async def test_an_answer_is_taken_once(asked: Asked, conn: Conn) -> None:
    await asked.walk()
    one, me = await asked.open_one(), asked.resident_id
    async with begin(conn, resident=me):
        done = await assignments.complete(
            conn, me, one, uuid4(), datetime.now(UTC), datetime.now(UTC)
        )
    assert (done.state, done.late_received) == ("completed", False)
    async with begin(conn, resident=me):
        with pytest.raises(NotOpen):
            await assignments.complete(conn, me, one, uuid4(), datetime.now(UTC), datetime.now(UTC))


async def test_what_was_written_offline_in_time_is_late_received(asked: Asked, conn: Conn) -> None:
    await asked.walk()
    one, me = await asked.open_one(-48), asked.resident_id
    async with asked.worker.acquire() as working, begin(working, job="expire"):
        assert await assignments.expire(working, 100) >= 1
    async with begin(conn, resident=me):
        written = datetime.now(UTC) - 47 * HOUR
        done = await assignments.complete(conn, me, one, uuid4(), written, datetime.now(UTC))
        outcomes = await assignments.outcomes(conn, me, None, NOW - 9 * DAY)
    assert (done.state, done.late_received) == ("completed", True)
    assert sum(week.late for week in by_week(outcomes, datetime.now(UTC))) == 1


async def test_a_draft_and_a_refusal_each_keep_to_the_states(asked: Asked, conn: Conn) -> None:
    await asked.walk()
    one, me = await asked.open_one(), asked.resident_id
    async with begin(conn, resident=me):
        await assignments.begin_draft(conn, me, one, datetime.now(UTC))
        assert (await assignments.assignment(conn, me, one)).state == "draft"
        assert (await assignments.decline(conn, me, one)).state == "declined"
        with pytest.raises(NotOpen):
            await assignments.begin_draft(conn, me, one, datetime.now(UTC))


async def test_anothers_assignment_is_not_there(asked: Asked, conn: Conn) -> None:
    await asked.walk()
    one, other = await asked.open_one(), await make_resident(asked.admin)
    async with begin(conn, resident=other):
        with pytest.raises(NotFound):
            await assignments.assignment(conn, other, one)
        with pytest.raises(NotFound):
            await assignments.assignment(conn, asked.resident_id, one)


async def test_a_resident_sees_what_has_opened(asked: Asked, conn: Conn) -> None:
    await asked.walk()
    one = await asked.open_one()
    async with begin(conn, resident=asked.resident_id):
        found = await assignments.of_resident(conn, asked.resident_id, None, 50)
    assert one in {each.assignment_id for each in found}
    assert all(each.opens_at <= datetime.now(UTC) for each in found)


async def test_overdue_knocks_are_one_and_reminders_come_later(asked: Asked) -> None:
    await asked.walk()
    await asked.admin.execute("UPDATE assignment SET knocks_at = '{}'")
    await asked.open_one()
    for expected in (1, 0):
        async with asked.worker.acquire() as conn, begin(conn, job="knock"):
            assert await assignments.knock(conn, 100) == expected
    sql = "SELECT kind FROM outbox"
    assert [row["kind"] for row in await asked.admin.fetch(sql)] == ["survey-due"]
    assert await count(asked.admin, "SELECT max(cardinality(knocks_at)) FROM assignment") == 1


async def test_the_worker_makes_and_tells_what_is_due(asked: Asked) -> None:
    assert (await sweep(asked.worker))["assignments_made"] == 4
    done = await sweep(asked.worker)
    assert (done["assignments_made"], done["assignments_knocked"]) == (0, 0)
