"""Taking hold of due knocks, bucket by bucket, for as long as a lease by the database's clock.

A worker never waits for a row that someone else has locked: it passes it by. So a withdrawal that
updates a resident's knocks neither waits for a worker for long, nor can the two deadlock.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.db import Connection, fetch_all
from notifications.pace import Pace, granted

LEASE = timedelta(seconds=30)
"""Longer than a push service is waited for; after a crash, how long until another worker may."""
MOST_BESIDE = 50
"""Knocks of the same residents that are claimed beside those asked for, to be told of by one."""


class Claimed(Struct, frozen=True, kw_only=True):
    """A knock that this worker holds until `leased_until`, which is also the proof that it does."""

    message_id: UUID
    resident_id: UUID
    leased_until: datetime


async def prompt(conn: Connection, bucket: int, limit: int) -> list[Claimed]:
    """Claim what is due and not bulk, oldest first, with all that is due to the same residents.

    In a transaction of its own: the lease counts once it commits.
    """
    sql = """
        WITH due AS (
            SELECT resident_id, message_id
              FROM outbox
             WHERE bucket = $1 AND state = 'waiting' AND NOT bulk AND not_before <= statement_timestamp()
               AND (leased_until IS NULL OR leased_until <= statement_timestamp())
             ORDER BY not_before
             LIMIT $2
               FOR UPDATE SKIP LOCKED),
        theirs AS (
            SELECT other.message_id
              FROM (SELECT DISTINCT resident_id FROM due) who
              JOIN LATERAL (
                   SELECT o.message_id
                     FROM outbox o
                    WHERE o.bucket = $1 AND o.resident_id = who.resident_id AND o.state = 'waiting'
                      AND o.not_before <= statement_timestamp()
                      AND (o.leased_until IS NULL OR o.leased_until <= statement_timestamp())
                      FOR UPDATE SKIP LOCKED) other ON true
             LIMIT $4)
        UPDATE outbox o
           SET leased_until = statement_timestamp() + $3
         WHERE o.bucket = $1
           AND o.message_id = ANY (ARRAY(SELECT message_id FROM due UNION SELECT message_id FROM theirs))
        RETURNING o.message_id, o.resident_id, o.leased_until
    """
    return await fetch_all(conn, Claimed, sql, bucket, limit, LEASE, MOST_BESIDE)


async def waiting_in_bulk(conn: Connection, bucket: int, most: int) -> dict[UUID, int]:
    """For each study with bulk that is due, how many knocks are, counted up to `most`.

    Those of the platform itself stand under the id of zeros.
    """
    sql = """
        WITH RECURSIVE share AS (
            (SELECT share AS id
               FROM outbox
              WHERE bucket = $1 AND state = 'waiting' AND bulk
              ORDER BY share
              LIMIT 1)
            UNION ALL
            SELECT (SELECT o.share
                      FROM outbox o
                     WHERE o.bucket = $1 AND o.state = 'waiting' AND o.bulk AND o.share > share.id
                     ORDER BY o.share
                     LIMIT 1)
              FROM share
             WHERE share.id IS NOT NULL)
        SELECT share.id, due.knocks
          FROM share
          JOIN LATERAL (
               SELECT count(*) AS knocks
                 FROM (SELECT
                         FROM outbox o
                        WHERE o.bucket = $1 AND o.state = 'waiting' AND o.bulk AND o.share = share.id
                          AND o.not_before <= statement_timestamp()
                          AND (o.leased_until IS NULL OR o.leased_until <= statement_timestamp())
                        ORDER BY o.not_before
                        LIMIT $2) bounded) due ON due.knocks > 0
         WHERE share.id IS NOT NULL
    """
    return {row["id"]: row["knocks"] for row in await conn.fetch(sql, bucket, most)}


async def bulk(conn: Connection, bucket: int, shares: Mapping[UUID, int]) -> list[Claimed]:
    """Claim so many of each study's bulk, oldest first, with what is due to the same residents."""
    sql = """
        WITH due AS (
            SELECT one.resident_id, one.message_id
              FROM unnest($2::uuid[], $3::integer[]) AS share (id, most)
              JOIN LATERAL (
                   SELECT o.resident_id, o.message_id
                     FROM outbox o
                    WHERE o.bucket = $1 AND o.state = 'waiting' AND o.bulk AND o.share = share.id
                      AND o.not_before <= statement_timestamp()
                      AND (o.leased_until IS NULL OR o.leased_until <= statement_timestamp())
                    ORDER BY o.not_before
                    LIMIT share.most
                      FOR UPDATE SKIP LOCKED) one ON true),
        theirs AS (
            SELECT other.message_id
              FROM (SELECT DISTINCT resident_id FROM due) who
              JOIN LATERAL (
                   SELECT o.message_id
                     FROM outbox o
                    WHERE o.bucket = $1 AND o.resident_id = who.resident_id AND o.state = 'waiting'
                      AND o.not_before <= statement_timestamp()
                      AND (o.leased_until IS NULL OR o.leased_until <= statement_timestamp())
                      FOR UPDATE SKIP LOCKED) other ON true
             LIMIT $5)
        UPDATE outbox o
           SET leased_until = statement_timestamp() + $4
         WHERE o.bucket = $1
           AND o.message_id = ANY (ARRAY(SELECT message_id FROM due UNION SELECT message_id FROM theirs))
        RETURNING o.message_id, o.resident_id, o.leased_until
    """
    ids, most = list(shares), list(shares.values())
    return await fetch_all(conn, Claimed, sql, bucket, ids, most, LEASE, MOST_BESIDE)


async def give_back(conn: Connection, bucket: int, claimed: list[Claimed], wait: timedelta) -> None:
    """Let go of knocks that were not begun, to be claimed again after a while."""
    sql = """
        UPDATE outbox o
           SET leased_until = NULL, not_before = greatest(o.not_before, clock_timestamp() + $4)
          FROM (SELECT message_id
                  FROM outbox
                 WHERE bucket = $1 AND message_id = ANY ($2) AND leased_until = $3 AND state = 'waiting'
                   FOR UPDATE SKIP LOCKED) mine
         WHERE o.bucket = $1 AND o.message_id = mine.message_id
    """
    if claimed:
        ids = [one.message_id for one in claimed]
        await conn.execute(sql, bucket, ids, claimed[0].leased_until, wait)


async def expire(conn: Connection, bucket: int, limit: int) -> int:
    """End what is too late to be told by a knock, and held by nobody. The message waits in the inbox."""
    sql = """
        WITH late AS (
            SELECT message_id
              FROM outbox
             WHERE bucket = $1 AND state = 'waiting' AND expires_at <= statement_timestamp()
               AND (leased_until IS NULL OR leased_until <= statement_timestamp())
             LIMIT $2
               FOR UPDATE SKIP LOCKED),
        ended AS (
            UPDATE outbox o
               SET state = 'expired', cause = 'too-late', leased_until = NULL, ended_at = clock_timestamp()
              FROM late
             WHERE o.bucket = $1 AND o.message_id = late.message_id
            RETURNING 1)
        SELECT count(*) AS ended FROM ended
    """
    ended: int = await conn.fetchval(sql, bucket, limit)
    return ended


async def allow(conn: Connection, wanted: int, *, bulk: bool, now: int | None = None) -> int:
    """How many of the wanted may be begun now, over all workers. In a transaction of its own.

    `now`, in seconds since 1970, is the database's clock, unless another one is given.
    """
    sql = """
        SELECT began, last, second, spent, in_bulk,
               coalesce($1, floor(extract(epoch FROM clock_timestamp())))::bigint AS now
          FROM push_pace
         WHERE lane = 'push'
           FOR UPDATE
    """
    row = await conn.fetchrow(sql, now)
    if row is None:
        return 0
    pace = Pace(row["began"], row["last"], row["second"], row["spent"], row["in_bulk"])
    pace, given = granted(pace, row["now"], wanted, bulk=bulk)
    sql = """
        UPDATE push_pace SET began = $1, last = $2, second = $3, spent = $4, in_bulk = $5
         WHERE lane = 'push'
    """
    await conn.execute(sql, pace.began, pace.last, pace.second, pace.spent, pace.in_bulk)
    return given
