"""Compaction: the segments of closed days are merged, and what was deleted by id is removed for good.

Workers share one walk over all streams, each of which is visited once a day at most. A merging is
two short transactions, with the work between them: the first reads, the second puts the merged
segment in the place of those it was made of, if they are still there and were not sealed anew. So
it may be killed anywhere, an upload waits for no more than the second, and readers, whose pages go
by time, find the same samples before and after. Residents who are being withdrawn from are left
for the next walk.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from asyncpg import Record

from domain.consents import gate
from domain.damage import Damaged
from domain.db import BROKEN, Connection, Pool, begin
from domain.donations import walk
from domain.donations.columns import cut, distinct
from domain.donations.data_keys import Ring, opened
from domain.donations.exchange import Changed, Part, Whole, exchange
from domain.donations.keys import KeyProvider, KeyUnavailable
from domain.donations.measures import DAY
from domain.donations.segments import Place, Sealed, unsealed
from domain.donations.tiers import Piece, merges
from domain.donations.walk import Due, Look
from domain.errors import Unavailable

OPEN_DAYS = 2
"""Days before today that still fill up."""
PAUSE_SECONDS = 60.0
"""After a walk, until a worker asks whether the next is due."""

log = structlog.get_logger()


class Done(NamedTuple):
    """What was done: streams visited, segments merged and into how many, samples removed.

    `left`: streams that the next walk will look at again, since a withdrawal was under way or
    something changed meanwhile.
    """

    streams: int = 0
    merged: int = 0
    into: int = 0
    removed: int = 0
    left: int = 0

    def plus(self, other: "Done") -> "Done":
        """Both together."""
        return Done(*(one + more for one, more in zip(self, other, strict=True)))


def closed(now: datetime) -> int:
    """Where closed time ends, in ms: what is older than the two days before this one, in UTC."""
    return (int(now.timestamp() * 1000) // DAY - OPEN_DAYS) * DAY


async def go_on(pool: Pool, keys: KeyProvider) -> None:
    """Walk, and walk again, beside what else a worker does. To be cancelled: nothing is half done then."""
    while True:
        try:
            await walk_on(pool, keys)
        except (*BROKEN, Unavailable) as error:
            log.warning("compaction_broke_off", error=type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def walk_on(pool: Pool, keys: KeyProvider) -> None:
    """Walk until all streams have been looked at."""
    while done := await compact(pool, keys, closed(datetime.now(UTC))):
        if done != Done():
            log.info("compacted", **done._asdict())


async def compact(pool: Pool, keys: KeyProvider, until_ms: int) -> Done | None:
    """The next stretch of the walk; None where it is over."""
    async with pool.acquire() as conn:
        async with begin(conn, job="compact"):
            found = await walk.take(conn, until_ms)
        if found is None:
            return None
        done = Done()
        for due in found:
            done = done.plus(await _tended(conn, keys, due, until_ms))
    return done


async def _tended(conn: Connection, keys: KeyProvider, due: Due, until_ms: int) -> Done:
    """Visit a stream. One that cannot be opened does not stop the others."""
    try:
        return await tend(conn, keys, due, until_ms)
    except (Damaged, KeyUnavailable) as error:
        # Its text and its frames may hold what must not be in a log; its class does not.
        log.error("compaction_failed", error=type(error).__name__)  # noqa: TRY400
        return Done(left=1)


async def tend(conn: Connection, keys: KeyProvider, due: Due, until_ms: int) -> Done:
    """Merge the closed segments of one stream, and remove from it what was deleted long enough ago."""
    async with begin(conn, job="compact"):
        found = await walk.look(conn, due, until_ms)
        ring = await opened(conn, keys, due.resident_id, [due.category])
    if found is None:
        return Done()
    done, rounds = Done(streams=1), True
    while rounds:
        async with begin(conn, job="compact"):
            pieces = await _pieces(conn, due, until_ms)
        groups = merges(pieces)
        rounds = bool(groups)  # what they become may merge in its turn
        for group in groups or _unsettled(pieces, found):
            done = done.plus(await merge(conn, ring, due, group))
            if done.left:
                return done
    async with begin(conn, job="compact"):
        await walk.leave(conn, due, found, until_ms)
    return done


def _unsettled(pieces: Sequence[Piece], found: Look) -> list[list[Piece]]:
    """Each segment that may still hold what was deleted long ago."""
    return [[piece] for piece in pieces if piece.seq < found.unsettled]


async def _pieces(conn: Connection, due: Due, until_ms: int) -> list[Piece]:
    """The closed segments of a stream."""
    sql = """
        SELECT first_ms, segment_id, samples, seq
          FROM segment
         WHERE resident_id = $1 AND stream_id = $2 AND last_ms < $3
         ORDER BY first_ms, segment_id
    """
    rows = await conn.fetch(sql, due.resident_id, due.stream_id, until_ms)
    return [Piece(*row.values()) for row in rows]


async def merge(conn: Connection, ring: Ring, due: Due, group: Sequence[Piece]) -> Done:
    """Make one segment of several, or one anew without what was deleted from it."""
    async with begin(conn, job="compact"):
        rows = await _read(conn, due, group)
    known = all((due.category, row["key_version"]) in ring.keys for row in rows)
    if len(rows) < len(group) or not known:
        return Done(left=1)
    merged = distinct(unsealed([_sealed(ring, due, row) for row in rows]))[0]
    if len(group) == 1 and len(merged.start) == group[0].samples:
        return Done()
    parts = [Part(row["first_ms"], row["segment_id"], row["key_version"]) for row in rows]
    new = cut(merged)
    try:
        async with begin(conn, job="compact"):
            stream = Whole(*due, seq=rows[0]["applied"])
            await _hold(conn, stream, ring.newest(due.category))
            removed = await exchange(conn, ring, stream, parts, new)
    except Changed:
        return Done(left=1)
    return Done(merged=len(group), into=len(new), removed=removed)


async def _read(conn: Connection, due: Due, group: Sequence[Piece]) -> list[Record]:
    """The segments of a group, first uploaded first, each with what is deleted from it."""
    sql = """
        SELECT g.first_ms, g.segment_id, g.key_version, g.body,
               deleted_ids(g.resident_id, g.stream_id, g.seq) AS dead, t.seq AS applied
          FROM unnest($3::bigint[], $4::uuid[]) AS w (first_ms, segment_id)
          JOIN segment g ON g.resident_id = $1 AND g.stream_id = $2 AND g.first_ms = w.first_ms
                        AND g.segment_id = w.segment_id
          JOIN stream t ON t.resident_id = $1 AND t.stream_id = $2
         ORDER BY g.seq, g.first_ms
    """
    if not await gate.lock_many(conn, [due.resident_id]):
        return []
    wanted = [piece.first_ms for piece in group], [piece.segment_id for piece in group]
    return await conn.fetch(sql, due.resident_id, due.stream_id, *wanted)


def _sealed(ring: Ring, due: Due, row: Record) -> Sealed:
    version = row["key_version"]
    place = Place(due.resident_id, due.stream_id, row["segment_id"], version)
    return Sealed(ring.keys[due.category, version], place, row["body"], row["dead"])


async def _hold(conn: Connection, stream: Whole, version: int) -> None:
    """Lock the stream, if nobody has it, and see that the key that is to seal was not destroyed.

    Raises:
        Changed: a withdrawal is under way, an upload has the stream, or either is gone.

    """
    sql = """
        SELECT EXISTS (SELECT FROM data_key
                        WHERE resident_id = $1 AND scope = $3 AND version = $4) AS sealable
          FROM stream
         WHERE resident_id = $1 AND stream_id = $2
           FOR UPDATE SKIP LOCKED
    """
    locked = await gate.lock_many(conn, [stream.resident_id])
    if not locked or not await conn.fetchval(
        sql, stream.resident_id, stream.stream_id, stream.category, version
    ):
        raise Changed
