"""Concerns: submitted answers that somebody is to look at within a time (see `safety`), as rows.

A row says that, of which response, and by when; what was answered stays sealed in the response.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.db import Connection, fetch_all, new_id
from domain.surveys.model import ResponseEntry
from domain.surveys.safety import Raised
from notifications import outbox
from notifications.kinds import Kind


class OwnConcern(Struct, frozen=True, kw_only=True):
    """One, as its resident sees it."""

    concern_id: UUID
    study_id: UUID
    response_id: UUID
    tells: str
    raised_at: datetime
    due_at: datetime
    seen_at: datetime | None


async def put(
    conn: Connection, resident_id: UUID, stored: ResponseEntry, raised: Sequence[Raised]
) -> None:
    """Put a response on the lists of those whom its answers name, each by the soonest time."""
    sql = """
        INSERT INTO concern (resident_id, concern_id, study_id, response_id, category, tells,
                             raised_at, due_at)
        SELECT $1, t.concern_id, $2, $3, $4, t.tells, $5, t.due_at
          FROM unnest($6::uuid[], $7::text[], $8::timestamptz[]) AS t (concern_id, tells, due_at)
    """
    soonest: dict[str, datetime] = {}
    for one in raised:
        soonest[one.tells] = min(one.due_at, soonest.get(one.tells, one.due_at))
    if soonest:
        await conn.execute(
            sql, resident_id, stored.study_id, stored.response_id, stored.category,
            stored.received_at, [new_id() for _ in soonest], list(soonest), list(soonest.values()),
        )  # fmt: skip


async def tell_overdue(conn: Connection, limit: int) -> int:
    """Tell residents whose answers nobody has looked at in time. The worker's step; how many."""
    sql = """
        UPDATE concern c SET told_at = clock_timestamp()
          FROM (SELECT resident_id, concern_id
                  FROM concern
                 WHERE due_at < statement_timestamp() AND seen_at IS NULL AND told_at IS NULL
                 LIMIT $1
                   FOR UPDATE SKIP LOCKED) late
         WHERE c.resident_id = late.resident_id AND c.concern_id = late.concern_id
        RETURNING c.resident_id, c.response_id, c.study_id
    """
    late = await conn.fetch(sql, limit)
    for row in late:  # one by one: these do not wait for the ramp
        await outbox.promise(
            conn, row["resident_id"], Kind.ANSWER_UNSEEN, row["response_id"], row["study_id"]
        )
    return len(late)


async def of_resident(
    conn: Connection, resident_id: UUID, before: UUID | None, limit: int
) -> list[OwnConcern]:
    """What of a resident's answers was put on a list, newest first, and whether somebody has looked."""
    sql = """
        SELECT concern_id, study_id, response_id, tells, raised_at, due_at, seen_at
          FROM concern
         WHERE resident_id = $1 AND ($2::uuid IS NULL OR concern_id < $2)
         ORDER BY concern_id DESC
         LIMIT $3
    """
    return await fetch_all(conn, OwnConcern, sql, resident_id, before, limit)
