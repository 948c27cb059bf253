"""Stop switches: a study, a recipient or a category that nothing may be used for, whoever consented."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from domain.db import Connection, fetch_all, find_one
from domain.errors import Forbidden, Invalid, NotFound
from domain.fields import Code, Input, Name, Note


class StopDraft(Input, frozen=True, kw_only=True):
    """What to stop, exactly one of three, and why."""

    study_id: UUID | None = None
    recipient: Annotated[Name | None, Meta(description="as the items name them")] = None
    category: Code | None = None
    reason: Annotated[Note, Meta(min_length=1)]


class Stop(Struct, frozen=True, kw_only=True):
    """A stop switch. It stops until `lifted_at`."""

    stop_id: UUID
    study_id: UUID | None
    recipient: str | None
    category: str | None
    reason: str
    placed_by: UUID
    placed_at: datetime
    lifted_by: UUID | None
    lifted_at: datetime | None


class NotYoursToLift(Forbidden):
    """Who placed a stop lifts it, or the data protection officer."""


async def place(conn: Connection, draft: StopDraft, placed_by: UUID) -> Stop:
    """Stop from COMMIT on. A batch that is being read then is the last.

    Raises:
        Invalid: not exactly one of study, recipient and category.

    """
    if [draft.study_id, draft.recipient, draft.category].count(None) != 2:  # noqa: PLR2004
        raise Invalid("Name one of study_id, recipient and category.")
    sql = """
        INSERT INTO stop_switch (study_id, recipient, category, reason, placed_by)
        VALUES ($1, $2, $3, $4, $5)
        RETURNING stop_id, study_id, recipient, category, reason, placed_by, placed_at, lifted_by,
                  lifted_at
    """
    made = await find_one(
        conn, Stop, sql, draft.study_id, draft.recipient, draft.category, draft.reason, placed_by
    )
    if made is None:
        raise NotFound
    return made


async def lift(conn: Connection, stop_id: UUID, lifted_by: UUID, *, officer: bool) -> Stop:
    """Let go on. `officer`: whether a data protection officer lifts it.

    Raises:
        NotFound: no such switch.
        NotYoursToLift: someone else placed it.

    """
    sql = """
        UPDATE stop_switch
           SET lifted_at = coalesce(lifted_at, clock_timestamp()), lifted_by = coalesce(lifted_by, $2)
         WHERE stop_id = $1 AND ($3 OR placed_by = $2)
        RETURNING stop_id, study_id, recipient, category, reason, placed_by, placed_at, lifted_by,
                  lifted_at
    """
    lifted = await find_one(conn, Stop, sql, stop_id, lifted_by, officer)
    if lifted is not None:
        return lifted
    sql = "SELECT EXISTS (SELECT FROM stop_switch WHERE stop_id = $1) AS there"
    raise NotYoursToLift if await conn.fetchval(sql, stop_id) else NotFound


async def switches(conn: Connection, before: UUID | None, limit: int) -> list[Stop]:
    """What is stopped and what was, newest first."""
    sql = """
        SELECT stop_id, study_id, recipient, category, reason, placed_by, placed_at, lifted_by,
               lifted_at
          FROM stop_switch
         WHERE $1::uuid IS NULL OR stop_id < $1
         ORDER BY stop_id DESC
         LIMIT $2
    """
    return await fetch_all(conn, Stop, sql, before, limit)
