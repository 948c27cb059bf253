"""A resident's own streams: listed, read page by page, and deleted from."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from domain.db import Connection, find_one
from domain.donations.columns import SPAN, Columns, between, cut, joined, outside
from domain.donations.data_keys import Ring, opened
from domain.donations.forms import batches
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.model import SAFE, Batch, Deleted, Source, Stream
from domain.donations.segments import Place, unseal
from domain.donations.store import Addition, appending
from domain.errors import NotFound
from domain.jobs import store as jobs


class Page(NamedTuple):
    """Samples ascending by start, as they could be uploaded again, and from when to read on, if there is more."""

    batches: list[Batch]
    next_ms: int | None


class Owned(msgspec.Struct, frozen=True):
    """What must be known of a stream to open its segments."""

    resident_id: UUID
    stream_id: UUID
    measure: str
    category: str


async def streams(
    conn: Connection,
    resident_id: UUID,
    *,
    measure: str | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> list[Stream]:
    """The resident's streams, oldest first."""
    sql = """
        SELECT stream_id, measure, category, source, samples, head_ms, created_at, last_upload_at
          FROM stream
         WHERE resident_id = $1 AND ($2::text IS NULL OR measure = $2)
           AND ($3::uuid IS NULL OR stream_id > $3)
         ORDER BY stream_id
         LIMIT $4
    """
    rows = await conn.fetch(sql, resident_id, measure, after, limit)
    return [_stream(row) for row in rows]


def _stream(row: Record) -> Stream:
    return Stream(
        stream_id=row["stream_id"],
        measure=row["measure"],
        category=row["category"],
        unit=MEASURES[row["measure"]].unit,
        source=msgspec.json.decode(row["source"], type=Source),
        samples=row["samples"],
        newest_ms=row["head_ms"],
        created_at=row["created_at"],
        last_upload_at=row["last_upload_at"],
    )


async def read(
    conn: Connection,
    keys: KeyProvider,
    resident_id: UUID,
    stream_id: UUID,
    *,
    since_ms: int = -SAFE,
    until_ms: int = SAFE,
    limit: int = 1000,
) -> Page:
    """The samples that start in `[since, until)`, at most `limit`, never none while there is more."""
    stream = await _owned(conn, resident_id, stream_id)
    ring = await opened(conn, keys, resident_id, [stream.category])
    rows = await _near(conn, stream, since_ms, until_ms, limit)
    parts = [_open(row, ring, stream) for row in rows]
    if not parts:
        return Page([], None)
    boundary = rows[-1]["next_ms"]
    return _page(stream.measure, joined(parts), since_ms, until_ms, boundary, limit)


async def _near(
    conn: Connection, stream: Owned, since_ms: int, until_ms: int, limit: int
) -> list[Record]:
    """The segments of a page, in the order of their beginning.

    Segments may overlap in time. All that reach into the range from before it are read, and as
    many that begin in it as the page can hold; the page ends before the first one left out.
    """
    sql = """
        WITH near AS (
            SELECT segment_id, key_version, samples, first_ms, body
              FROM segment
             WHERE resident_id = $1 AND stream_id = $2
               AND first_ms >= $3::bigint - $6::bigint AND first_ms < $3 AND last_ms >= $3
             UNION ALL
            (SELECT segment_id, key_version, samples, first_ms, body
               FROM segment
              WHERE resident_id = $1 AND stream_id = $2 AND first_ms >= $3 AND first_ms < $4
              ORDER BY first_ms
              LIMIT least($5::int, 500) + 1)),
        placed AS (
            SELECT *, lead(first_ms) OVER w AS next_ms,
                   sum(samples) FILTER (WHERE first_ms >= $3) OVER w - samples AS before,
                   count(*) FILTER (WHERE first_ms >= $3) OVER w AS place
              FROM near
            WINDOW w AS (ORDER BY first_ms, segment_id))
        SELECT segment_id, key_version, body, next_ms
          FROM placed
         WHERE first_ms < $3 OR (before < $5 AND place <= 500)
         ORDER BY first_ms, segment_id
    """
    return await conn.fetch(
        sql, stream.resident_id, stream.stream_id, since_ms, until_ms, limit, SPAN
    )


def _page(
    measure: str, found: Columns, since_ms: int, until_ms: int, boundary: int | None, limit: int
) -> Page:
    complete = between(found, since_ms, until_ms if boundary is None else boundary)
    chosen = complete.where(slice(limit))
    if len(complete.start) > limit:
        boundary = int(complete.start[limit])
    return Page(batches(measure, chosen), boundary)


async def delete(conn: Connection, resident_id: UUID, stream_id: UUID) -> Deleted:
    """Delete a stream with all its samples.

    Raises:
        NotFound: the resident has no such stream.

    """
    sql = """
        WITH segments AS (DELETE FROM segment WHERE resident_id = $1 AND stream_id = $2)
        DELETE FROM stream WHERE resident_id = $1 AND stream_id = $2 RETURNING samples
    """
    stream = await _held(conn, resident_id, stream_id)
    deleted = Deleted(samples=await conn.fetchval(sql, resident_id, stream_id))
    await _leave_nothing(conn, stream)
    return deleted


async def _leave_nothing(conn: Connection, stream: Owned) -> None:
    """Journal it, so that it stays deleted after a restore; with a category's last goes its key.

    The key is the worker's to destroy: it needs that no upload is sealing with it.
    """
    sql = """
        INSERT INTO erasure (resident_id, scope)
        SELECT $1, 'stream/' || $2::uuid
        RETURNING EXISTS (SELECT FROM stream WHERE resident_id = $1 AND category = $3) AS others
    """
    if not await conn.fetchval(sql, stream.resident_id, stream.stream_id, stream.category):
        await jobs.put(conn, "destroy-keys", stream.resident_id)


async def delete_samples(
    conn: Connection,
    keys: KeyProvider,
    resident_id: UUID,
    stream_id: UUID,
    *,
    since_ms: int,
    until_ms: int,
) -> Deleted:
    """Delete the samples that start in `[since, until)`; segments that hold others are sealed anew without them.

    Raises:
        NotFound: the resident has no such stream.

    """
    sql = """
        SELECT segment_id, key_version, body, first_ms >= $3 AND last_ms < $4 AS inside
          FROM segment
         WHERE resident_id = $1 AND stream_id = $2
           AND first_ms >= $3::bigint - $5::bigint AND first_ms < $4 AND last_ms >= $3
    """
    stream = await _held(conn, resident_id, stream_id)
    ring = await opened(conn, keys, resident_id, [stream.category])
    rows = await conn.fetch(sql, resident_id, stream_id, since_ms, until_ms, SPAN)
    kept = [
        outside(_open(row, ring, stream), since_ms, until_ms) for row in rows if not row["inside"]
    ]
    removed = await _remove(conn, stream, [row["segment_id"] for row in rows])
    additions = [
        Addition(stream_id, stream.category, part) for columns in kept for part in cut(columns)
    ]
    await conn.execute(appending(ring, resident_id, [stream_id], additions))
    return Deleted(samples=removed - sum(len(columns.start) for columns in kept))


async def _remove(conn: Connection, stream: Owned, segment_ids: Sequence[UUID]) -> int:
    """Delete segments; how many samples they held."""
    sql = """
        WITH gone AS (
            DELETE FROM segment
             WHERE resident_id = $1 AND stream_id = $2 AND segment_id = ANY($3)
            RETURNING samples),
        removed AS (SELECT coalesce(sum(samples), 0) AS samples FROM gone)
        UPDATE stream s
           SET samples = s.samples - removed.samples
          FROM removed
         WHERE s.resident_id = $1 AND s.stream_id = $2
        RETURNING removed.samples
    """
    removed: int = await conn.fetchval(sql, stream.resident_id, stream.stream_id, segment_ids)
    return removed


async def _owned(conn: Connection, resident_id: UUID, stream_id: UUID) -> Owned:
    sql = """
        SELECT resident_id, stream_id, measure, category
          FROM stream
         WHERE resident_id = $1 AND stream_id = $2
    """
    found = await find_one(conn, Owned, sql, resident_id, stream_id)
    if found is None:
        raise NotFound
    return found


async def _held(conn: Connection, resident_id: UUID, stream_id: UUID) -> Owned:
    """The stream, locked: an upload under way has ended, and the next statement sees what it stored."""
    sql = """
        SELECT resident_id, stream_id, measure, category
          FROM stream
         WHERE resident_id = $1 AND stream_id = $2
           FOR UPDATE
    """
    found = await find_one(conn, Owned, sql, resident_id, stream_id)
    if found is None:
        raise NotFound
    return found


def _open(row: Record, ring: Ring, stream: Owned) -> Columns:
    place = Place(stream.resident_id, stream.stream_id, row["segment_id"], row["key_version"])
    return unseal(ring.keys[stream.category, row["key_version"]], place, row["body"])
