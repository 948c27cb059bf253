"""Schedules as rows: what a study asks by which timetable, until it ends."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, to_builtins

from domain.db import Connection, fetch_all, find_one, new_id
from domain.errors import Invalid, NotFound
from domain.fields import Input
from domain.surveys import schedules
from domain.surveys.declarations import Problem
from domain.surveys.model import Faulty
from domain.surveys.schedules import Timetable


class ScheduleDraft(Input, frozen=True, kw_only=True):
    """A published questionnaire, and when to ask it."""

    questionnaire_id: UUID
    timetable: Timetable


class ScheduleEntry(Struct, frozen=True, kw_only=True):
    """A schedule. `questionnaire` is `url|version`: another version needs another schedule."""

    schedule_id: UUID
    study_id: UUID
    questionnaire: str
    category: str
    timetable: Timetable
    created_at: datetime
    ended_at: datetime | None


async def create(
    conn: Connection, study_id: UUID, draft: ScheduleDraft, created_by: UUID
) -> ScheduleEntry:
    """Begin to ask. The worker makes the assignments.

    Raises:
        Faulty: with all that is wrong with the timetable.
        NotFound: the study has no such questionnaire.
        Invalid: it is not published, or retired.

    """
    found = schedules.problems(draft.timetable)
    if found:
        raise Faulty(Problem(f"timetable.{one.path}", one.text) for one in found)
    sql = """
        SELECT status, url || '|' || version AS questionnaire, category
          FROM questionnaire_version
         WHERE questionnaire_id = $2 AND (study_id = $1 OR study_id IS NULL)
           FOR SHARE
    """
    asked = await conn.fetchrow(sql, study_id, draft.questionnaire_id)
    if asked is None:
        raise NotFound
    if asked["status"] != "active":
        raise Invalid("Only a questionnaire that is published, and not retired, is asked.")
    sql = """
        INSERT INTO schedule (schedule_id, study_id, questionnaire, category, timetable, created_by)
        VALUES ($1, $2, $3, $4, $5, $6)
    """
    schedule_id = new_id()
    await conn.execute(
        sql, schedule_id, study_id, asked["questionnaire"], asked["category"],
        to_builtins(draft.timetable), created_by,
    )  # fmt: skip
    return await _schedule(conn, study_id, schedule_id)


async def end(conn: Connection, study_id: UUID, schedule_id: UUID) -> ScheduleEntry:
    """Ask no more. What is open may still be answered. Once more changes nothing.

    Raises:
        NotFound: the study has no such schedule.

    """
    sql = """
        UPDATE schedule SET ended_at = coalesce(ended_at, clock_timestamp())
         WHERE study_id = $1 AND schedule_id = $2
    """
    await conn.execute(sql, study_id, schedule_id)
    return await _schedule(conn, study_id, schedule_id)


async def _schedule(conn: Connection, study_id: UUID, schedule_id: UUID) -> ScheduleEntry:
    sql = """
        SELECT schedule_id, study_id, questionnaire, category, timetable, created_at, ended_at
          FROM schedule
         WHERE study_id = $1 AND schedule_id = $2
    """
    found = await find_one(conn, ScheduleEntry, sql, study_id, schedule_id)
    if found is None:
        raise NotFound
    return found


async def of_study(
    conn: Connection, study_id: UUID, before: UUID | None, limit: int
) -> list[ScheduleEntry]:
    """What a study asks and has asked, newest first."""
    sql = """
        SELECT schedule_id, study_id, questionnaire, category, timetable, created_at, ended_at
          FROM schedule
         WHERE study_id = $1 AND ($2::uuid IS NULL OR schedule_id < $2)
         ORDER BY schedule_id DESC
         LIMIT $3
    """
    return await fetch_all(conn, ScheduleEntry, sql, study_id, before, limit)


async def cancel(conn: Connection, limit: int) -> int:
    """Cancel what ended schedules would have opened after their end. The worker's step; how many.

    They are looked at for five days: assignments are made three days ahead.
    """
    sql = """
        WITH over AS (
            SELECT a.resident_id, a.assignment_id
              FROM schedule s
              JOIN assignment a USING (schedule_id)
             WHERE s.ended_at > statement_timestamp() - interval '5 days'
               AND a.state IN ('due', 'draft') AND a.opens_at > s.ended_at
             LIMIT $1
               FOR UPDATE OF a SKIP LOCKED),
        marked AS (
            UPDATE assignment a SET state = 'cancelled', knocks_at = '{}'
              FROM over
             WHERE a.resident_id = over.resident_id AND a.assignment_id = over.assignment_id
            RETURNING 1)
        SELECT count(*) AS cancelled FROM marked
    """
    cancelled: int = await conn.fetchval(sql, limit)
    return cancelled
