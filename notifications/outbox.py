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
    await _promise(conn, kind, [About(resident_id, about, study_id)], None, bulk=False)


async def promise_each(
    conn: Connection, kind: Kind, those: Sequence[About], unless_since: datetime | None = None
) -> list[UUID]:
    """Promise the same kind to many, but for those told the same since a time. Who is told.

    Their knocks keep to the ramp, and to their study's share; those of urgent kinds do not.
    """
    return await _promise(conn, kind, those, unless_since, bulk=not RULES[kind].urgent)


async def _promise(
    conn: Connection, kind: Kind, those: Sequence[About], since: datetime | None, *, bulk: bool
) -> list[UUID]:
    """Of what is not bulk the workers get a hint with the COMMIT. A new device is not told of itself."""
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
            RETURNING resident_id, message_id, study_id, about),
        knocks AS (
            INSERT INTO outbox (bucket, message_id, resident_id, kind, study_id, expires_at, bulk, told)
            SELECT b.bucket, told.message_id, told.resident_id, $5, told.study_id, now() + $8, $10,
                   CASE WHEN $11 THEN ARRAY[told.about] ELSE '{}' END
              FROM told
              JOIN unnest($2::uuid[], $7::smallint[]) AS b (message_id, bucket) USING (message_id)
             WHERE $9
            RETURNING message_id, bucket)
        SELECT told.resident_id, hint.given
          FROM told
          LEFT JOIN knocks USING (message_id)
          LEFT JOIN LATERAL (SELECT pg_notify('medverka_outbox', knocks.bucket::text) AS given
                              WHERE knocks.bucket IS NOT NULL AND NOT $10) hint ON true
    """
    residents, abouts, studies = zip(*those, strict=True) if those else ((), (), ())
    rule = RULES[kind]
    rows = await conn.fetch(
        sql, residents, [new_id() for _ in those], abouts, studies, kind, since,
        [bucket_of(one) for one in residents], rule.waits, rule.channel == "push", bulk,
        kind is Kind.DEVICE_ADDED,
    )  # fmt: skip
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


async def promise_code(conn: Connection, resident_id: UUID, code_id: UUID) -> None:
    """Promise the letter that confirms an e-mail address, instead of those of before. It is in no inbox."""
    await cancel_code(conn, resident_id)
    sql = """
        WITH letter AS (
            INSERT INTO outbox (bucket, message_id, resident_id, kind, expires_at)
            VALUES ($1, $2, $3, $4, now() + $5)
            RETURNING bucket)
        SELECT pg_notify('medverka_outbox', bucket::text) AS hint FROM letter
    """
    bucket, waits = bucket_of(resident_id), RULES[Kind.EMAIL_CODE].waits
    await conn.execute(sql, bucket, code_id, resident_id, Kind.EMAIL_CODE, waits)


async def cancel_code(conn: Connection, resident_id: UUID) -> None:
    """Send no code that still waits."""
    sql = """
        UPDATE outbox
           SET state = 'cancelled', cause = 'replaced', ended_at = clock_timestamp()
         WHERE bucket = $1 AND resident_id = $2 AND state = 'waiting' AND kind = $3
    """
    await conn.execute(sql, bucket_of(resident_id), resident_id, Kind.EMAIL_CODE)
