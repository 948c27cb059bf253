"""What an operator sees of the outbox, and can do: how it stands, what is dead and why, once more."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.db import Connection, fetch_all
from notifications.kinds import RULES, Kind

AT_ONCE = 1_000
KEPT = timedelta(days=14)
"""Since its promise: how long what has ended can be looked at."""


class Standing(Struct, frozen=True, kw_only=True):
    """How many knocks are in a state. `oldest`: since when the first of them waits, or ended so."""

    state: str
    knocks: int
    leased: int
    due: int
    oldest: datetime


class Dead(Struct, frozen=True, kw_only=True):
    """Knocks of a kind that ended unsent for one cause. A code, never content."""

    kind: str
    cause: str
    knocks: int
    first: datetime
    last: datetime


async def standing(conn: Connection) -> list[Standing]:
    """How the outbox stands. Reads all of it: for an operator, not for a probe."""
    sql = """
        SELECT state, count(*) AS knocks,
               count(*) FILTER (WHERE state = 'waiting' AND leased_until > clock_timestamp()) AS leased,
               count(*) FILTER (WHERE state = 'waiting' AND not_before <= clock_timestamp()
                                  AND coalesce(leased_until <= clock_timestamp(), true)) AS due,
               min(coalesce(ended_at, not_before)) AS oldest
          FROM outbox
         GROUP BY state
         ORDER BY state
    """
    return await fetch_all(conn, Standing, sql)


async def dead(conn: Connection) -> list[Dead]:
    """What is dead, by kind and cause, most first."""
    sql = """
        SELECT kind, coalesce(cause, '') AS cause, count(*) AS knocks,
               min(ended_at) AS first, max(ended_at) AS last
          FROM outbox
         WHERE state = 'dead'
         GROUP BY kind, cause
         ORDER BY knocks DESC, kind, cause
    """
    return await fetch_all(conn, Dead, sql)


async def redrive(conn: Connection, bucket: int, cause: str | None, limit: int) -> int:
    """Let a bucket's dead knocks wait again, those of a cause or all, as long as is usual for their kind.

    They pass the gate like any other; devices that took one are not told again.
    """
    sql = """
        WITH again AS (
            SELECT message_id
              FROM outbox
             WHERE bucket = $1 AND state = 'dead' AND ($2::text IS NULL OR cause = $2)
               AND kind = ANY ($4)
             LIMIT $3
               FOR UPDATE SKIP LOCKED),
        driven AS (
            UPDATE outbox o
               SET state = 'waiting', cause = NULL, ended_at = NULL, tried_at = NULL, attempts = 0,
                   bulk = true, not_before = clock_timestamp(),
                   expires_at = clock_timestamp() + ($5::interval[])[array_position($4, o.kind)]
              FROM again
             WHERE o.bucket = $1 AND o.message_id = again.message_id
            RETURNING 1)
        SELECT count(*) AS driven FROM driven
    """
    kinds = list(Kind)
    waits = [RULES[kind].waits for kind in kinds]
    driven: int = await conn.fetchval(sql, bucket, cause, limit, kinds, waits)
    return driven


async def purge(conn: Connection, bucket: int, limit: int) -> int:
    """Forget what was promised long ago and has ended. The message stays in the inbox."""
    sql = """
        WITH old AS (
            SELECT message_id
              FROM outbox
             WHERE bucket = $1 AND message_id < $3 AND state <> 'waiting'
             LIMIT $2
               FOR UPDATE SKIP LOCKED),
        gone AS (
            DELETE FROM outbox o USING old
             WHERE o.bucket = $1 AND o.message_id = old.message_id
            RETURNING 1)
        SELECT count(*) AS gone FROM gone
    """
    gone: int = await conn.fetchval(sql, bucket, limit, _first_id(datetime.now(UTC) - KEPT))
    return gone


def _first_id(at: datetime) -> UUID:
    """What ids made from then on are not below (RFC 9562, version 7)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
