"""The walk over all streams that compaction makes, shared by all workers.

Whoever takes the next stretch moves the walk on in the same transaction. A worker that dies leaves
its stretch to the next walk: nothing is leased, since a stream says by itself whether it is due.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from msgspec import Struct

from domain.db import BEGINNING, Connection, find_one
from domain.donations.columns import SPAN
from domain.donations.deletions import KEPT

STRETCH = 500
"""Streams looked at in one step of the walk."""
REST = timedelta(hours=1)
"""From the beginning of one walk to that of the next, at least."""
SETTLE = timedelta(days=7)
"""After so long a deletion is looked for in all segments; most are applied before, where segments merge."""


class Due(NamedTuple):
    """A stream that has something to merge, to remove or to forget."""

    resident_id: UUID
    stream_id: UUID
    category: str


class Look(Struct, frozen=True):
    """A stream as it is found.

    `unclosed`: how many of its loose segments are too young. `unsettled`: the last upload whose
    deletions have to be looked for in every segment now; 0 where there is none.
    """

    loose: int
    unclosed: int
    unsettled: int


class _Place(Struct, frozen=True):
    after_resident: UUID
    after_stream: UUID


async def take(conn: Connection, until_ms: int) -> list[Due] | None:
    """What is due in the next stretch. None where the walk is over."""
    sql = """
        SELECT after_resident, after_stream
          FROM compaction
         WHERE bucket = 0 AND (NOT resting OR begun_at < clock_timestamp() - $1::interval)
           FOR UPDATE
    """
    place = await find_one(conn, _Place, sql, REST)
    if place is None:
        return None
    rows = await _stretch(conn, place, until_ms)
    await _move(conn, rows)
    return [Due(r["resident_id"], r["stream_id"], r["category"]) for r in rows if r["due"]]


async def _stretch(conn: Connection, place: _Place, until_ms: int) -> list[Record]:
    sql = """
        SELECT resident_id, stream_id, category,
               (loose > 0 AND compacted_ms < $3)
               OR EXISTS (SELECT FROM sample_deletion d
                           WHERE d.resident_id = s.resident_id AND d.stream_id = s.stream_id
                             AND (d.settled_at IS NULL AND d.noted_at < now() - $4::interval
                                  OR d.settled_at IS NOT NULL AND d.noted_at < now() - $5::interval)) AS due
          FROM stream s
         WHERE (resident_id, stream_id) > ($1, $2)
         ORDER BY resident_id, stream_id
         LIMIT $6
    """
    return await conn.fetch(
        sql, place.after_resident, place.after_stream, until_ms, SETTLE, KEPT, STRETCH
    )


async def _move(conn: Connection, rows: Sequence[Record]) -> None:
    """On to the last of these; back to the beginning where they were the last of all."""
    sql = """
        UPDATE compaction
           SET after_resident = $1, after_stream = $2, resting = $3,
               begun_at = CASE WHEN resting THEN clock_timestamp() ELSE begun_at END
         WHERE bucket = 0
    """
    over = len(rows) < STRETCH
    last = (BEGINNING, BEGINNING) if over else (rows[-1]["resident_id"], rows[-1]["stream_id"])
    await conn.execute(sql, *last, over)


async def look(conn: Connection, due: Due, until_ms: int) -> Look | None:
    """A stream, before it is tended; None where it has been deleted."""
    # Not subtracted in SQL: under row-level security arithmetic on a column uses no index.
    sql = """
        SELECT loose,
               (SELECT count(*) FROM segment g
                 WHERE g.resident_id = $1 AND g.stream_id = $2 AND g.first_ms >= $3 AND g.last_ms >= $4
               )::integer AS unclosed,
               (SELECT coalesce(max(d.seq), 0) FROM sample_deletion d
                 WHERE d.resident_id = $1 AND d.stream_id = $2
                   AND d.settled_at IS NULL AND d.noted_at < now() - $5::interval) AS unsettled
          FROM stream
         WHERE resident_id = $1 AND stream_id = $2
    """
    since = until_ms - SPAN
    return await find_one(conn, Look, sql, due.resident_id, due.stream_id, since, until_ms, SETTLE)


async def leave(conn: Connection, due: Due, found: Look, until_ms: int) -> None:
    """A stream that is done with. What was uploaded meanwhile stays loose; old deletions are forgotten.

    A deletion is settled where no segment was too young to be looked through for it.
    """
    sql = """
        WITH forgotten AS (
            DELETE FROM sample_deletion
             WHERE resident_id = $1 AND stream_id = $2
               AND settled_at IS NOT NULL AND noted_at < now() - $3::interval),
        settled AS (
            UPDATE sample_deletion d SET settled_at = now()
             WHERE resident_id = $1 AND stream_id = $2 AND settled_at IS NULL AND seq <= $4
               AND NOT EXISTS (SELECT FROM segment g
                                WHERE g.resident_id = $1 AND g.stream_id = $2 AND g.first_ms >= $8
                                  AND g.last_ms >= $5 AND g.seq < d.seq))
        UPDATE stream
           SET compacted_ms = $5, loose = greatest(0, loose - $6::integer + $7::integer)
         WHERE resident_id = $1 AND stream_id = $2
    """
    await conn.execute(
        sql, due.resident_id, due.stream_id, KEPT, found.unsettled,
        until_ms, found.loose, found.unclosed, until_ms - SPAN,
    )  # fmt: skip
