"""Making assignments: the worker walks who takes part, batch by batch, each behind the gate.

A slot of a schedule is made once for a resident, however often, and by however many workers, the
walk is made; what stands already is left as it is.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.consents import gate
from domain.db import BEGINNING, Connection, Pool, begin, fetch_all, text_array
from domain.surveys.assignments import goes_on
from domain.surveys.schedules import LONG_AGO, Slot, Timetable, ZoneFrom, occurrences, opening

AHEAD = timedelta(days=3)
"""How far ahead assignments are made: a phone that is offline for some days has them."""
OFTEN = timedelta(hours=1)
"""A schedule is walked once in this: who has just joined, or whose pause has ended, is asked within it."""
BATCH = 100
"""Residents of one transaction: who withdraws does not wait long for it."""
MOST_ROWS = 30
"""Rows of one statement, at most. PostgreSQL and the worker pause between two, which lets others' requests
in: with two thousand a request waited twice as long."""
REST = 0.5
"""Of the time that a batch took, how long nothing is made after it: others' requests go by then. Statements
of ten rows take as long in all, and let in less."""


class Schedule(Struct, frozen=True, kw_only=True):
    """A questionnaire that a study asks by a timetable."""

    schedule_id: UUID
    study_id: UUID
    questionnaire: str
    category: str
    timetable: Timetable


class Taker(Struct, frozen=True, kw_only=True):
    """Someone who takes part, and where. `anchor`: their enrolment, or the event that is counted from.

    `asked`: before, by this schedule. Of whom was not, no slot can stand already.
    """

    resident_id: UUID
    anchor: datetime
    zone: str
    asked: bool


async def walk(pool: Pool, now: datetime) -> int:
    """Make what opens until `AHEAD`, for every schedule that is due for a walk. How many were made."""
    async with pool.acquire() as conn, begin(conn, job="find"):
        due = await waiting(conn, now + AHEAD - OFTEN)
    return sum([await _walk_one(pool, schedule, now) for schedule in due])


async def waiting(conn: Connection, until: datetime) -> list[Schedule]:
    """The schedules whose assignments are not made until then."""
    sql = """
        SELECT schedule_id, study_id, questionnaire, category, timetable
          FROM schedule
         WHERE ended_at IS NULL AND walked_until < $1
         ORDER BY schedule_id
    """
    return await fetch_all(conn, Schedule, sql, until)


async def _walk_one(pool: Pool, schedule: Schedule, now: datetime) -> int:
    made, after = 0, BEGINNING
    while True:
        begun = time.perf_counter()
        async with pool.acquire() as conn, begin(conn, job="assign"):
            await keep_plans(conn)
            takers = await taking_part(conn, schedule, after)
            made += await assign(conn, schedule, takers, now)
            if len(takers) < BATCH:
                sql = "UPDATE schedule SET walked_until = $2 WHERE schedule_id = $1"
                await conn.execute(sql, schedule.schedule_id, now + AHEAD)
                return made
        after = takers[-1].resident_id
        await asyncio.sleep((time.perf_counter() - begun) * REST)


async def keep_plans(conn: Connection) -> None:
    """Have each statement planned once for all batches, until COMMIT."""
    # The first of a walk find few assignments, and a plan that reads them all would be kept.
    await conn.execute("SET LOCAL enable_seqscan = off")
    # To plan each statement anew for its values takes half as long as running it.
    await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")


async def taking_part(conn: Connection, schedule: Schedule, after: UUID) -> list[Taker]:
    """A batch of those who take part; where the timetable counts from an event, of those who had it.

    Nobody of them moves to another zone until COMMIT: who does then finds what was made. Every
    table begins where the last batch ended: merged, one would be read from its first row on, batch after batch.
    """
    sql = """
        SELECT e.resident_id, coalesce(v.occurred_at, e.enrolled_at) AS anchor, r.zone, made.one IS NOT NULL AS asked
          FROM enrolment e
          JOIN resident r ON r.resident_id = e.resident_id AND r.resident_id > $2
          -- Not by EXISTS, for which all of the schedule's would be read.
          LEFT JOIN LATERAL (SELECT 1 AS one FROM assignment a
                              WHERE a.resident_id = e.resident_id AND a.schedule_id = $5 LIMIT 1) made ON true
          LEFT JOIN study_event v
               ON v.resident_id = e.resident_id AND v.resident_id > $2 AND v.study_id = e.study_id AND v.name = $4
         WHERE e.study_id = $1 AND e.ended_at IS NULL AND ($4::text IS NULL OR v.name IS NOT NULL)
           AND e.resident_id > $2
         ORDER BY e.resident_id
         LIMIT $3
           FOR SHARE OF r
    """
    return await fetch_all(
        conn, Taker, sql, schedule.study_id, after, BATCH, schedule.timetable.event, schedule.schedule_id
    )  # fmt: skip


async def assign(
    conn: Connection, schedule: Schedule, takers: Sequence[Taker], now: datetime
) -> int:
    """Make what opens until `AHEAD` for those who may be asked now. How many were made."""
    locked = await gate.lock_many(conn, [taker.resident_id for taker in takers])
    permits = await gate.study_permits(conn, schedule.study_id, locked, [schedule.category])
    allowed = {permit.resident_id for permit in permits if goes_on(permit)}
    made = 0
    asked = [taker for taker in takers if taker.resident_id in allowed]
    for slots, residents, before in _alike(schedule.timetable, asked, now):
        for at in range(0, len(slots), MOST_ROWS):
            some = slots[at : at + MOST_ROWS]
            each, times = MOST_ROWS // len(some), _times(some)
            for first in range(0, len(residents), each):
                some_of = residents[first : first + each]
                made += await _insert(conn, schedule, some_of, times, asked=before)
    return made


def _alike(
    timetable: Timetable, takers: Iterable[Taker], now: datetime
) -> Iterator[tuple[Sequence[Slot], list[UUID], bool]]:
    """Who is asked at which times: by the calendar, all of a zone who take part by then at the same.

    And whether they were asked before.
    """
    since = now - timedelta(minutes=timetable.window)  # What is still open is made, too.
    until, alike = now + AHEAD, dict[tuple[str, bool], tuple[list[Slot], list[UUID]]]()
    by_calendar = timetable.relative_to == "calendar" and timetable.first is not None
    for one in takers:
        home = _at_home(one.zone)
        if by_calendar:
            which = (one.zone, one.asked)
            if which not in alike:
                alike[which] = occurrences(timetable, LONG_AGO, home, since, until), []
            slots, residents = alike[which]
            if all(one.anchor <= slot.opens_at for slot in slots):
                residents.append(one.resident_id)
                continue
        yield occurrences(timetable, one.anchor, home, since, until), [one.resident_id], one.asked
    yield from ((*found, asked) for (_, asked), found in alike.items())


def _times(slots: Sequence[Slot]) -> list[str]:
    """Of each of their times an array, written once for all who are asked at them."""
    moments = zip(*((s.local, s.opens_at, s.closes_at, s.expires_at) for s in slots), strict=True)
    return [text_array(moment.isoformat() for moment in each) for each in moments]


async def _insert(
    conn: Connection,
    schedule: Schedule,
    residents: Sequence[UUID],
    times: Sequence[str],
    *,
    asked: bool,
) -> int:
    """What was cancelled by a pause that has ended is asked again; nothing else is changed.

    What stands is looked for first of those who were `asked` before: a conflict would lock it, and write.
    """
    sql = """
        WITH slots AS MATERIALIZED (
            SELECT s.*, ARRAY(SELECT s.opens_at + make_interval(mins => m) FROM unnest($5::int[]) m ORDER BY m) AS knocks_at
              FROM unnest($7::text::timestamp[], $8::text::timestamptz[], $9::text::timestamptz[], $10::text::timestamptz[])
                   AS s (slot, opens_at, closes_at, expires_at))
        INSERT INTO assignment AS a (resident_id, assignment_id, schedule_id, study_id, category,
                                     questionnaire, slot, opens_at, closes_at, expires_at, knocks_at)
        SELECT r.resident_id, uuidv7(), $1, $2, $3, $4, s.slot, s.opens_at, s.closes_at, s.expires_at, s.knocks_at
          FROM unnest($6::text::uuid[]) AS r (resident_id)
         CROSS JOIN slots s
         WHERE NOT $11 OR coalesce((SELECT made.state FROM assignment made
                                     WHERE made.resident_id = r.resident_id AND made.schedule_id = $1
                                       AND made.slot = s.slot), 'cancelled') = 'cancelled'
        ON CONFLICT (resident_id, schedule_id, slot) DO UPDATE
           SET state = 'due', opens_at = excluded.opens_at, closes_at = excluded.closes_at,
               expires_at = excluded.expires_at, knocks_at = excluded.knocks_at
         WHERE a.state = 'cancelled'
    """
    made = await conn.execute(
        sql, schedule.schedule_id, schedule.study_id, schedule.category, schedule.questionnaire,
        [0, *schedule.timetable.reminders], text_array(residents), *times, asked,
    )  # fmt: skip
    return int(made.rpartition(" ")[2])


async def move(conn: Connection, resident_id: UUID, left: str, zone: str, now: datetime) -> None:
    """Follow a resident into another zone: what has not opened opens when their clock reaches it there.

    What their clock has jumped over opens now (see `schedules.opening`).
    """
    sql = """
        SELECT assignment_id, slot, opens_at
          FROM assignment
         WHERE resident_id = $1 AND state = 'due' AND opens_at > $2
           FOR UPDATE
    """
    zones = [*_at_home(left), ZoneFrom(now, ZoneInfo(zone))]
    rows = await conn.fetch(sql, resident_id, now)
    shifts = [opening(row["slot"], zones) - row["opens_at"] for row in rows]
    sql = """
        UPDATE assignment a
           SET opens_at = opens_at + by, closes_at = closes_at + by, expires_at = expires_at + by,
               knocks_at = ARRAY(SELECT at + by FROM unnest(knocks_at) AS at ORDER BY at)
          FROM unnest($2::uuid[], $3::interval[]) AS moved (assignment_id, by)
         WHERE a.resident_id = $1 AND a.assignment_id = moved.assignment_id
    """
    await conn.execute(sql, resident_id, [row["assignment_id"] for row in rows], shifts)


@cache
def _at_home(zone: str) -> tuple[ZoneFrom]:
    return (ZoneFrom(LONG_AGO, ZoneInfo(zone)),)
