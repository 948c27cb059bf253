"""Writing what became of claimed knocks. Only while the lease holds, and only what still waits.

Rows that a withdrawal has locked are passed by and tried again: by then it has cancelled them. The
COMMIT does not wait for the disk: should PostgreSQL crash just then, a phone is told twice, under the
same name, as when a worker crashes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.db import Connection, Pool, begin
from notifications.errands import Result
from notifications.ready import Ended, PutOff

TRIES = 5
TRY_AGAIN_SECONDS = 0.1


async def end(
    conn: Connection, bucket: int, lease: datetime, ends: Mapping[UUID, Ended | PutOff]
) -> None:
    """End knocks without sending them, or put them off."""
    sql = """
        UPDATE outbox o
           SET state = t.state, cause = t.cause, leased_until = NULL,
               bulk = coalesce(t.bulk, o.bulk), not_before = coalesce(t.not_before, o.not_before),
               ended_at = CASE WHEN t.state <> 'waiting' THEN clock_timestamp() END
          FROM unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::boolean[])
               AS t (message_id, state, cause, not_before, bulk)
          JOIN (SELECT message_id
                  FROM outbox
                 WHERE bucket = $1 AND message_id = ANY ($3) AND leased_until = $2 AND state = 'waiting'
                   FOR UPDATE SKIP LOCKED) mine USING (message_id)
         WHERE o.bucket = $1 AND o.message_id = t.message_id
    """
    if ends:
        all_ = list(ends.values())
        await conn.execute(
            sql, bucket, lease, list(ends),
            ["waiting" if isinstance(one, PutOff) else one.state for one in all_],
            [one.cause or None for one in all_],
            [one.until if isinstance(one, PutOff) else None for one in all_],
            [one.bulk if isinstance(one, PutOff) else None for one in all_],
        )  # fmt: skip


async def record(pool: Pool, bucket: int, lease: datetime, results: Sequence[Result]) -> int:
    """Write what the devices answered, in transactions of its own. How many rows were still ours."""
    left = {one.message_id: one for one in results}
    written = 0
    for _ in range(TRIES):
        async with pool.acquire() as conn, begin(conn, job="record", durable=False):
            done = await _record(conn, bucket, lease, list(left.values()))
            written += len(done)
            if len(done) == len(left):
                return written
            left = {one: left[one] for one in await _ours(conn, bucket, lease, list(left))}
        if not left:
            return written
        await asyncio.sleep(TRY_AGAIN_SECONDS)
    return written


async def _record(
    conn: Connection, bucket: int, lease: datetime, results: Sequence[Result]
) -> list[UUID]:
    sql = """
        UPDATE outbox o
           SET state = t.state, cause = t.cause, told = string_to_array(t.told, ',')::uuid[],
               attempts = t.attempts, leased_until = NULL,
               not_before = coalesce(clock_timestamp() + t.wait, o.not_before),
               tried_at = CASE WHEN t.attempts > 0 THEN coalesce(o.tried_at, clock_timestamp()) END,
               ended_at = CASE WHEN t.state <> 'waiting' THEN clock_timestamp() END
          FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::interval[])
               AS t (message_id, state, cause, told, attempts, wait)
          JOIN (SELECT message_id
                  FROM outbox
                 WHERE bucket = $1 AND message_id = ANY ($3) AND leased_until = $2 AND state = 'waiting'
                   FOR UPDATE SKIP LOCKED) mine USING (message_id)
         WHERE o.bucket = $1 AND o.message_id = t.message_id
        RETURNING o.message_id
    """
    rows = await conn.fetch(
        sql, bucket, lease,
        [one.message_id for one in results],
        [one.state for one in results],
        [one.cause for one in results],
        [",".join(map(str, one.told)) for one in results],
        [one.attempts for one in results],
        [one.wait for one in results],
    )  # fmt: skip
    return [row["message_id"] for row in rows]


async def _ours(conn: Connection, bucket: int, lease: datetime, ids: Sequence[UUID]) -> list[UUID]:
    """Which of them still wait under this lease: someone else had them locked."""
    sql = """
        SELECT message_id
          FROM outbox
         WHERE bucket = $1 AND message_id = ANY ($2) AND leased_until = $3 AND state = 'waiting'
    """
    return [row["message_id"] for row in await conn.fetch(sql, bucket, ids, lease)]
