"""Concerns, as those see them who are to look: by code, through the gate, the most urgent first.

A study's team sees its own; stewards see theirs, and those that the team has let pass their time.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, structs

from domain.audit import store as audit
from domain.caller import Member
from domain.consents import gate
from domain.consents.gate import Permit
from domain.db import Connection, act_for, fetch_all, find_one
from domain.disclosures.model import Reader, written_down
from domain.disclosures.uses import check_standing
from domain.errors import NotFound
from domain.studies import enrolments
from domain.surveys.judging import covers

PURPOSE = "safety"


class Concern(Struct, frozen=True, kw_only=True):
    """A response with an answer to look at by `due_at`. The first who says so has seen it."""

    concern_id: UUID
    participant: UUID
    response_id: UUID
    category: str
    tells: str
    raised_at: datetime
    due_at: datetime
    overdue: bool
    seen_at: datetime | None
    seen_by: UUID | None


class _Row(Struct, frozen=True, kw_only=True):
    resident_id: UUID
    concern_id: UUID
    response_id: UUID
    category: str
    tells: str
    raised_at: datetime
    due_at: datetime
    overdue: bool
    seen_at: datetime | None
    seen_by: UUID | None
    authored_at: datetime


async def of_study(
    conn: Connection,
    member: Member,
    study_id: UUID,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[Concern], tuple[datetime, UUID] | None]:
    """Those that nobody has seen, soonest first, and where to go on. Each is in an access log then.

    Who is being withdrawn from at this moment is left out.

    Raises:
        NotFound: neither a member of the study nor a steward asks.
        StudyNotInForce: nothing leaves the study now; stewards see theirs all the same.

    """
    sql = """
        SELECT resident_id, concern_id, response_id, category, tells, raised_at, due_at,
               due_at < statement_timestamp() AS overdue, seen_at, seen_by,
               (SELECT r.authored_at FROM response r
                 WHERE r.resident_id = c.resident_id AND r.response_id = c.response_id
                 ORDER BY r.revision DESC LIMIT 1) AS authored_at
          FROM concern c
         WHERE study_id = $1 AND seen_at IS NULL
           AND CASE WHEN $2 THEN tells = 'study-team'
                    ELSE tells = 'steward' OR due_at < statement_timestamp() END
           AND ($3::timestamptz IS NULL OR (due_at, concern_id) > ($3, $4::uuid))
         ORDER BY due_at, concern_id
         LIMIT $5
    """
    of_team = await _check(conn, member, study_id)
    rows = await fetch_all(conn, _Row, sql, study_id, of_team, *(after or (None, None)), limit)
    last = (rows[-1].due_at, rows[-1].concern_id) if len(rows) == limit else None
    return await _shown(conn, Reader(study_id, member.member_id), rows), last


async def see(conn: Connection, member: Member, study_id: UUID, concern_id: UUID) -> Concern:
    """Say that one has looked at it, and that it is in hand. The first time counts.

    Raises:
        NotFound: there is none for this member, or its resident has taken back their consent.
        StudyNotInForce: see `of_study`.

    """
    sql = """
        SELECT resident_id, concern_id, response_id, category, tells, raised_at, due_at,
               due_at < statement_timestamp() AS overdue, seen_at, seen_by,
               (SELECT r.authored_at FROM response r
                 WHERE r.resident_id = c.resident_id AND r.response_id = c.response_id
                 ORDER BY r.revision DESC LIMIT 1) AS authored_at
          FROM concern c
         WHERE study_id = $1 AND concern_id = $2
           AND CASE WHEN $3 THEN tells = 'study-team'
                    ELSE tells = 'steward' OR due_at < statement_timestamp() END
    """
    of_team = await _check(conn, member, study_id)
    row = await find_one(conn, _Row, sql, study_id, concern_id, of_team)
    shown = await _shown(conn, Reader(study_id, member.member_id), [row] if row else [])
    if row is None or not shown:
        raise NotFound
    sql = """
        UPDATE concern
           SET seen_at = coalesce(seen_at, clock_timestamp()), seen_by = coalesce(seen_by, $3)
         WHERE resident_id = $1 AND concern_id = $2
        RETURNING seen_at, seen_by, due_at < seen_at AS overdue
    """
    await act_for(conn, row.resident_id)
    seen = await conn.fetchrow(sql, row.resident_id, concern_id, member.member_id)
    if seen is None:
        raise NotFound
    return structs.replace(shown[0], **dict(seen))


async def _check(conn: Connection, member: Member, study_id: UUID) -> bool:
    """Open the study's rows. Whether the team asks; else a steward does."""
    of_team = study_id in member.studies
    if of_team:
        await check_standing(conn, Reader(study_id, member.member_id))
    elif "steward" not in member.roles:
        raise NotFound
    sql = "SELECT set_config('app.study', study_id::text, true) AS study FROM study WHERE study_id = $1"
    if await conn.fetchval(sql, study_id) is None:
        raise NotFound
    return of_team


async def _shown(conn: Connection, reader: Reader, rows: Sequence[_Row]) -> list[Concern]:
    """Of these what the gate lets through, each written down as a use."""
    residents = sorted({row.resident_id for row in rows})
    locked = await gate.lock_many(conn, residents)
    permits = await gate.study_permits(conn, reader.study_id, locked, None)
    codes = await enrolments.codes(conn, reader.study_id, locked)
    shown = [
        row
        for row in rows
        if row.resident_id in codes and any(_opens(permit, row) for permit in permits)
    ]
    uses = [
        written_down(reader, PURPOSE, row.resident_id, permits, [(row.category, row.authored_at)])
        for row in shown
    ]
    await audit.record(conn, uses)
    return [_concern(row, codes[row.resident_id]) for row in shown]


def _opens(permit: Permit, row: _Row) -> bool:
    of_it = (permit.resident_id, permit.category) == (row.resident_id, row.category)
    return of_it and covers(permit, row.authored_at)


def _concern(row: _Row, code: UUID) -> Concern:
    fields = {
        name: getattr(row, name) for name in Concern.__struct_fields__ if name != "participant"
    }
    return Concern(participant=code, **fields)
