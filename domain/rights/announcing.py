"""Telling residents what was announced: the workers walk all of them by id, batch by batch.

A batch's promises and the walk's place are one transaction behind the announcement's row: whoever
is killed, and however many walk, everyone is told once.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from msgspec import Struct

from domain.db import BEGINNING, Connection, Pool, begin, find_one
from notifications import outbox
from notifications.kinds import Kind
from notifications.outbox import About

BATCH = 500

log = structlog.get_logger()


class _Walk(Struct, frozen=True):
    announcement_id: UUID
    kind: Kind
    study_id: UUID | None
    walked_until: UUID


async def walk(pool: Pool) -> int:
    """Tell of all that is approved and not finished. How many were told."""
    async with pool.acquire() as conn, begin(conn, job="find"):
        sql = """
            SELECT announcement_id
              FROM announcement
             WHERE approved_at IS NOT NULL AND finished_at IS NULL
             ORDER BY approved_at
        """
        waiting = [row["announcement_id"] for row in await conn.fetch(sql)]
    return sum([await _walk_one(pool, announcement_id) for announcement_id in waiting])


async def _walk_one(pool: Pool, announcement_id: UUID) -> int:
    total = 0
    try:
        while True:
            async with pool.acquire() as conn, begin(conn, job="announce"):
                told = await step(conn, announcement_id)
            if told is None:
                return total
            total += told
    except Exception as error:  # noqa: BLE001 - one announcement must not stop the round
        # Its text and its frames may hold what must not be in a log; its class does not.
        log.error(  # noqa: TRY400
            "announcing_failed", announcement_id=str(announcement_id), error=type(error).__name__
        )
        return total


async def step(conn: Connection, announcement_id: UUID) -> int | None:
    """Promise one batch. How many were told; None where all are, or another worker is at it."""
    sql = """
        SELECT announcement_id, kind, study_id, walked_until
          FROM announcement
         WHERE announcement_id = $1 AND approved_at IS NOT NULL AND finished_at IS NULL
           FOR UPDATE SKIP LOCKED
    """
    at = await find_one(conn, _Walk, sql, announcement_id)
    if at is None:
        return None
    who = await _next(conn, at)
    those = [About(resident_id, announcement_id, at.study_id) for resident_id in who]
    told = await outbox.promise_each(conn, at.kind, those)
    await _move(conn, at, who)
    return len(told)


async def _next(conn: Connection, at: _Walk) -> list[UUID]:
    """Whom to tell next, in the order of their ids. Closed accounts are told nothing."""
    if at.study_id is None:
        sql = """
            SELECT resident_id
              FROM resident
             WHERE resident_id > $1 AND state NOT IN ('deceased', 'erased')
             ORDER BY resident_id
             LIMIT $2
        """
        rows = await conn.fetch(sql, at.walked_until, BATCH)
    else:
        sql = """
            SELECT DISTINCT e.resident_id
              FROM enrolment e
              JOIN resident r USING (resident_id)
             WHERE e.resident_id > $1 AND e.study_id = $2 AND (e.ended_at IS NULL OR $3)
               AND r.state NOT IN ('deceased', 'erased')
             ORDER BY e.resident_id
             LIMIT $4
        """
        ever = at.kind is Kind.BREACH_NOTICE
        rows = await conn.fetch(sql, at.walked_until, at.study_id, ever, BATCH)
    return [row["resident_id"] for row in rows]


async def _move(conn: Connection, at: _Walk, who: Sequence[UUID]) -> None:
    """On to the last of these. At the end no resident's id stays behind."""
    sql = """
        UPDATE announcement
           SET told = told + $2, walked_until = $3,
               finished_at = CASE WHEN $4 THEN clock_timestamp() END
         WHERE announcement_id = $1
    """
    over = len(who) < BATCH
    await conn.execute(sql, at.announcement_id, len(who), BEGINNING if over else who[-1], over)
