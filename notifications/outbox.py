"""Promises: a message and its knock are rows of the transaction that they tell about.

They are sent after its COMMIT, or never existed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.db import Connection, bucket_of, new_id
from notifications.kinds import RULES, STAYING, Kind


class About(NamedTuple):
    """Whom to tell, and about what."""

    resident_id: UUID
    about: UUID | None
    study_id: UUID | None


async def promise(
    conn: Connection,
    resident_id: UUID,
    kind: Kind,
    about: UUID | None = None,
    study_id: UUID | None = None,
) -> None:
    """Promise a message to a resident. It is told after COMMIT, or not at all."""
    await promise_each(conn, kind, [About(resident_id, about, study_id)])


async def promise_each(
    conn: Connection, kind: Kind, those: Sequence[About], unless_since: datetime | None = None
) -> list[UUID]:
    """Promise the same kind to many, but for those told the same since a time. Who is told."""
    sql = """
        WITH told AS (
            INSERT INTO message (resident_id, message_id, kind, about, study_id)
            SELECT t.resident_id, t.message_id, $5, t.about, t.study_id
              FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[])
                   AS t (resident_id, message_id, about, study_id)
             WHERE NOT EXISTS (
                   SELECT FROM message m
                    WHERE m.resident_id = t.resident_id AND m.kind = $5
                      AND m.about IS NOT DISTINCT FROM t.about AND m.created_at >= $6)
            RETURNING resident_id, message_id, study_id),
        knocks AS (
            INSERT INTO outbox (bucket, message_id, resident_id, kind, study_id, expires_at)
            SELECT b.bucket, told.message_id, told.resident_id, $5, told.study_id, now() + $8
              FROM told
              JOIN unnest($2::uuid[], $7::smallint[]) AS b (message_id, bucket) USING (message_id)
             WHERE $9)
        SELECT resident_id FROM told
    """
    rule = RULES[kind]
    rows = await conn.fetch(
        sql,
        [one.resident_id for one in those],
        [new_id() for _ in those],
        [one.about for one in those],
        [one.study_id for one in those],
        kind,
        unless_since,
        [bucket_of(one.resident_id) for one in those],
        rule.waits,
        rule.channel == "push",
    )
    return [row["resident_id"] for row in rows]


async def cancel(conn: Connection, resident_id: UUID, study_id: UUID | None) -> None:
    """Cancel the knocks that a withdrawal leaves no ground for: of a study, or of all.

    Those about the account, and those that tell of an ending, stay.
    """
    sql = """
        UPDATE outbox
           SET state = 'cancelled'
         WHERE bucket = $1 AND resident_id = $2 AND state = 'waiting'
           AND ($3::uuid IS NULL OR study_id = $3) AND NOT kind = ANY ($4)
    """
    await conn.execute(sql, bucket_of(resident_id), resident_id, study_id, STAYING)
