"""Assignments: what a resident is asked to answer, each for one slot of a schedule.

What was asked is answered, declined, missed or cancelled once: each statement says in its WHERE
from which states it may go on, so that two devices, or a withdrawal and an answer, cannot both win.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, structs

from domain.consents import gate
from domain.db import Connection, fetch_all, find_one
from domain.errors import NotFound
from domain.surveys.receiving import NotOpen, Outcome, State, Window, received_late
from notifications.kinds import Kind
from notifications.outbox import About, promise_each

Local = Annotated[
    datetime,
    Meta(
        extra_json_schema={
            "description": "On the resident's wall clock",
            "examples": ["2026-03-01T08:00:00"],
            "extra": {"format": "local-date-time"},
        }
    ),
]


class Assignment(Struct, frozen=True, kw_only=True):
    """One survey to answer. `questionnaire` is `url|version`; `slot` is on the wall clock."""

    assignment_id: UUID
    study_id: UUID
    questionnaire: str
    slot: Local
    opens_at: datetime
    closes_at: datetime
    expires_at: datetime
    state: State
    response_id: UUID | None
    received_at: datetime | None
    late_received: bool


async def of_resident(
    conn: Connection, resident_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> list[Assignment]:
    """What a resident has been asked by now, the latest first. What is not open yet is not there."""
    sql = """
        SELECT assignment_id, study_id, questionnaire, slot, opens_at, closes_at, expires_at,
               CASE WHEN state IN ('due', 'draft') AND expires_at <= statement_timestamp()
                    THEN 'expired' ELSE state END AS state,
               response_id, received_at, late_received
          FROM assignment
         WHERE resident_id = $1 AND opens_at <= statement_timestamp()
           AND ($2::timestamptz IS NULL OR (opens_at, assignment_id) < ($2, $3::uuid))
         ORDER BY opens_at DESC, assignment_id DESC
         LIMIT $4
    """
    before, assignment_id = after or (None, None)
    return await fetch_all(conn, Assignment, sql, resident_id, before, assignment_id, limit)


async def open_now(conn: Connection, resident_id: UUID, limit: int) -> list[Assignment]:
    """What can be answered now, the one that ends first at the beginning."""
    sql = """
        SELECT assignment_id, study_id, questionnaire, slot, opens_at, closes_at, expires_at, state,
               response_id, received_at, late_received
          FROM assignment
         WHERE resident_id = $1 AND state IN ('due', 'draft')
           AND opens_at <= statement_timestamp() AND expires_at > statement_timestamp()
         ORDER BY expires_at, assignment_id
         LIMIT $2
    """
    return await fetch_all(conn, Assignment, sql, resident_id, limit)


async def everything(conn: Connection, resident_id: UUID) -> list[Assignment]:
    """All that a resident was or will be asked, oldest first, for the export of what is theirs."""
    sql = """
        SELECT assignment_id, study_id, questionnaire, slot, opens_at, closes_at, expires_at, state,
               response_id, received_at, late_received
          FROM assignment
         WHERE resident_id = $1
         ORDER BY opens_at, assignment_id
    """
    return await fetch_all(conn, Assignment, sql, resident_id)


async def assignment(conn: Connection, resident_id: UUID, assignment_id: UUID) -> Assignment:
    """One of a resident's assignments, kept as it is until COMMIT.

    Raises:
        NotFound: the resident has no such assignment.

    """
    sql = """
        SELECT assignment_id, study_id, questionnaire, slot, opens_at, closes_at, expires_at, state,
               response_id, received_at, late_received
          FROM assignment
         WHERE resident_id = $1 AND assignment_id = $2
           FOR UPDATE
    """
    found = await find_one(conn, Assignment, sql, resident_id, assignment_id)
    if found is None:
        raise NotFound
    return found


async def complete(
    conn: Connection,
    resident_id: UUID,
    assignment_id: UUID,
    response_id: UUID,
    written_at: datetime,
    now: datetime,
) -> Assignment:
    """Take an answer. Call it behind the gate's lock, in the transaction that stores the answer.

    Raises:
        NotFound: the resident has no such assignment.
        NotOpen: it was answered, or was not open when this was written.

    """
    asked = await assignment(conn, resident_id, assignment_id)
    window = Window(asked.opens_at, asked.expires_at)
    late = received_late(asked.state, window, written_at, now)
    sql = """
        UPDATE assignment
           SET state = 'completed', response_id = $3, written_at = least($4::timestamptz, $5), received_at = $5,
               late_received = $6, knocks_at = '{}'
         WHERE resident_id = $1 AND assignment_id = $2
    """
    await conn.execute(sql, resident_id, assignment_id, response_id, written_at, now, late)
    return structs.replace(
        asked, state="completed", response_id=response_id, received_at=now, late_received=late
    )


async def begin_draft(
    conn: Connection, resident_id: UUID, assignment_id: UUID, now: datetime
) -> None:
    """Note that an answer has been begun. Doing it again changes nothing.

    Raises:
        NotFound: the resident has no such assignment.
        NotOpen: it cannot be answered now.

    """
    asked = await assignment(conn, resident_id, assignment_id)
    received_late(asked.state, Window(asked.opens_at, asked.expires_at), now, now)
    sql = """
        UPDATE assignment SET state = 'draft'
         WHERE resident_id = $1 AND assignment_id = $2 AND state = 'due'
    """
    await conn.execute(sql, resident_id, assignment_id)


async def decline(conn: Connection, resident_id: UUID, assignment_id: UUID) -> Assignment:
    """Say no to one assignment. Doing it again changes nothing.

    Raises:
        NotFound: the resident has no such assignment.
        NotOpen: it was answered or cancelled.

    """
    asked = await assignment(conn, resident_id, assignment_id)
    if asked.state in {"completed", "cancelled"}:
        raise NotOpen("It is no longer asked.", state=asked.state)
    sql = """
        UPDATE assignment SET state = 'declined', knocks_at = '{}'
         WHERE resident_id = $1 AND assignment_id = $2
    """
    await conn.execute(sql, resident_id, assignment_id)
    return await assignment(conn, resident_id, assignment_id)


async def stop(conn: Connection, resident_id: UUID) -> None:
    """Cancel what there is no ground to ask any more. Call it once grants or episodes are ended.

    Ground is an episode under way, and a consent of its study that collects the category from now on.
    """
    sql = """
        SELECT DISTINCT study_id
          FROM assignment
         WHERE resident_id = $1 AND state IN ('due', 'draft')
    """
    studies = [row["study_id"] for row in await conn.fetch(sql, resident_id)]
    for study_id in studies:
        permits = await gate.study_permits(conn, study_id, [resident_id], None)
        sql = """
            UPDATE assignment a
               SET state = 'cancelled', knocks_at = '{}'
             WHERE a.resident_id = $1 AND a.study_id = $2 AND a.state IN ('due', 'draft')
               AND (NOT a.category = ANY ($3)
                    OR NOT EXISTS (SELECT FROM enrolment e
                                    WHERE e.resident_id = $1 AND e.study_id = $2
                                      AND e.ended_at IS NULL))
        """
        going_on = [permit.category for permit in permits if goes_on(permit)]
        await conn.execute(sql, resident_id, study_id, going_on)


def goes_on(permit: gate.Permit) -> bool:
    """Whether it opens what comes, and not the past alone."""
    return bool(permit.periods) and permit.periods[-1][1] is None


async def expire(conn: Connection, limit: int) -> int:
    """Mark what was not answered in its time as missed. The worker's step; how many."""
    sql = """
        WITH over AS (
            SELECT resident_id, assignment_id FROM assignment
             WHERE state IN ('due', 'draft') AND expires_at <= statement_timestamp()
             ORDER BY expires_at
             LIMIT $1
               FOR UPDATE SKIP LOCKED),
        marked AS (
            UPDATE assignment a SET state = 'expired', knocks_at = '{}'
              FROM over
             WHERE a.resident_id = over.resident_id AND a.assignment_id = over.assignment_id
            RETURNING 1)
        SELECT count(*) AS expired FROM marked
    """
    expired: int = await conn.fetchval(sql, limit)
    return expired


async def knock(conn: Connection, limit: int) -> int:
    """Promise the knocks whose time has come: of an opening, or one reminder. The worker's step.

    Several that are overdue are one knock. Who pauses or has withdrawn was cancelled; the worker
    that sends asks the gate again.
    """
    sql = """
        WITH ready AS (
            SELECT resident_id, assignment_id, knocks_at[1] = opens_at AS opens
              FROM assignment
             WHERE state IN ('due', 'draft') AND knocks_at <> '{}'
               AND knocks_at[1] <= statement_timestamp()
             ORDER BY knocks_at[1]
             LIMIT $1
               FOR UPDATE SKIP LOCKED)
        UPDATE assignment a
           SET knocks_at = ARRAY(SELECT k FROM unnest(a.knocks_at) k
                                  WHERE k > statement_timestamp() ORDER BY k)
          FROM ready
         WHERE a.resident_id = ready.resident_id AND a.assignment_id = ready.assignment_id
        RETURNING a.resident_id, a.assignment_id, a.study_id, ready.opens,
                  a.expires_at > statement_timestamp() AS open
    """
    ready = await conn.fetch(sql, limit)
    for kind, opens in ((Kind.SURVEY_DUE, True), (Kind.SURVEY_REMINDER, False)):
        those = [
            About(row["resident_id"], row["assignment_id"], row["study_id"])
            for row in ready
            if row["opens"] is opens and row["open"]
        ]
        if those:
            await promise_each(conn, kind, those)
    return len(ready)


async def outcomes(
    conn: Connection, resident_id: UUID, study_id: UUID | None, since: datetime
) -> list[Outcome]:
    """What became of what was asked since a time, for `receiving.by_week`."""
    sql = """
        SELECT slot, opens_at, expires_at, state, late_received
          FROM assignment
         WHERE resident_id = $1 AND opens_at >= $3 AND opens_at <= statement_timestamp()
           AND ($2::uuid IS NULL OR study_id = $2)
         ORDER BY opens_at
    """
    rows = await conn.fetch(sql, resident_id, study_id, since)
    return [Outcome(*row.values()) for row in rows]
