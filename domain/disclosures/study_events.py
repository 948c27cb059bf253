"""What happened to a participant, as their study's team says: an operation, a visit. Schedules count from it.

The team says it under a code, as it writes messages: while the participant takes part and can be
spoken to. The participant sees all of it, and it goes when they leave.
"""

from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.caller import Member
from domain.db import Connection, fetch_all
from domain.disclosures import conversations
from domain.disclosures.conversations import Between
from domain.errors import Invalid
from domain.fields import Input, Instant

MOST = 100
"""Of one participant in a study."""
AHEAD = timedelta(days=366)
"""An event may be planned."""


class Happening(Input, frozen=True, kw_only=True):
    """When it happened, or will, at most a year from now."""

    occurred_at: Instant


class StudyEvent(Struct, frozen=True, kw_only=True):
    """An event by the name that timetables have for it."""

    study_id: UUID
    name: str
    occurred_at: datetime
    recorded_at: datetime


async def record(
    conn: Connection,
    member: Member,
    between: Between,
    name: str,
    happening: Happening,
    now: datetime,
) -> StudyEvent:
    """Say when it happened, or correct it. What was to be asked by the time of before, and has not opened, is not.

    `between`: of `conversations.reach`, which holds it to the gate.

    Raises:
        Invalid: it is too far ahead, or more events than are kept.

    """
    if happening.occurred_at > now + AHEAD:
        raise Invalid("It lies more than a year ahead.")
    there = await of_participant(conn, between)
    before = next((one for one in there if one.name == name), None)
    if before is None and len(there) >= MOST:
        raise Invalid("No more events of one participant are kept.", most=MOST)
    if before is None or before.occurred_at != happening.occurred_at:
        sql = """
            INSERT INTO study_event (resident_id, study_id, name, occurred_at, recorded_by)
            VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (resident_id, study_id, name) DO UPDATE
               SET occurred_at = excluded.occurred_at, recorded_by = excluded.recorded_by,
                   recorded_at = clock_timestamp()
        """
        await conn.execute(sql, *between, name, happening.occurred_at, member.member_id)
        await _ask_no_more(conn, between, name)
    return next(one for one in await of_participant(conn, between) if one.name == name)


async def take_back(conn: Connection, between: Between, name: str) -> None:
    """Say that it did not happen. Once more changes nothing."""
    sql = "DELETE FROM study_event WHERE resident_id = $1 AND study_id = $2 AND name = $3"
    await conn.execute(sql, *between, name)
    await _ask_no_more(conn, between, name)


async def mine(conn: Connection, between: Between) -> list[StudyEvent]:
    """What a study says has happened to a resident.

    Raises:
        NotFound: they never took part in it.

    """
    await conversations.check_took_part(conn, between)
    return await of_participant(conn, between)


async def everything(conn: Connection, resident_id: UUID) -> list[StudyEvent]:
    """Of all studies, for the export of what is the resident's."""
    sql = """
        SELECT study_id, name, occurred_at, recorded_at
          FROM study_event
         WHERE resident_id = $1
         ORDER BY occurred_at, study_id, name
    """
    return await fetch_all(conn, StudyEvent, sql, resident_id)


async def of_participant(conn: Connection, between: Between) -> list[StudyEvent]:
    """What a team has said of a participant, earliest first."""
    sql = """
        SELECT study_id, name, occurred_at, recorded_at
          FROM study_event
         WHERE resident_id = $1 AND study_id = $2
         ORDER BY occurred_at, name
    """
    return await fetch_all(conn, StudyEvent, sql, *between)


async def _ask_no_more(conn: Connection, between: Between, name: str) -> None:
    """Cancel what counted from the event and has not opened. The walk asks what counts from it now."""
    sql = """
        UPDATE assignment a
           SET state = 'cancelled', knocks_at = '{}'
          FROM schedule s
         WHERE a.resident_id = $1 AND a.study_id = $2 AND a.schedule_id = s.schedule_id
           AND s.timetable->>'event' = $3 AND a.state = 'due' AND a.opens_at > statement_timestamp()
    """
    await conn.execute(sql, *between, name)
