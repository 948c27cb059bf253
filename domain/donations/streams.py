"""A resident's own streams: listed, read page by page, and deleted from."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from domain.db import BEGINNING, Connection, find_one
from domain.donations import own_reads
from domain.donations.columns import SPAN, Columns, cut, outside
from domain.donations.data_keys import Ring, opened
from domain.donations.exchange import Part, Whole, exchange
from domain.donations.forms import batches
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.model import SAFE, Batch, Deleted, Source, Stream
from domain.donations.own_reads import Most, Wanted
from domain.donations.segments import Place, Sealed, unsealed
from domain.errors import NotFound
from domain.jobs import store as jobs


class Page(NamedTuple):
    """Samples ascending by start, as they could be uploaded again, and from when to read on, if there is more."""

    batches: list[Batch]
    next_ms: int | None


class Owned(msgspec.Struct, frozen=True):
    """What must be known of a stream to open its segments, and to exchange some for others."""

    resident_id: UUID
    stream_id: UUID
    measure: str
    category: str
    seq: int


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
        SELECT stream_id, measure, category, source, samples, head_ms, created_at, last_upload_at,
               last_upload_key
          FROM stream
         WHERE resident_id = $1 AND ($2::text IS NULL OR measure = $2)
           AND stream_id > $3
         ORDER BY stream_id
         LIMIT $4
    """
    rows = await conn.fetch(sql, resident_id, measure, after or BEGINNING, limit)
    return [_stream(row) for row in rows]


async def changed(
    conn: Connection, resident_id: UUID, since: datetime | None, limit: int
) -> list[Stream]:
    """Streams with an upload since a time (None: all), those of the newest first."""
    sql = """
        SELECT stream_id, measure, category, source, samples, head_ms, created_at, last_upload_at,
               last_upload_key
          FROM stream
         WHERE resident_id = $1 AND ($2::timestamptz IS NULL OR last_upload_at >= $2)
         ORDER BY last_upload_at DESC, stream_id
         LIMIT $3
    """
    return [_stream(row) for row in await conn.fetch(sql, resident_id, since, limit)]


async def deleted(conn: Connection, resident_id: UUID, since: datetime) -> list[UUID]:
    """The streams that a resident has deleted since a time."""
    sql = """
        SELECT split_part(scope, '/', 2)::uuid AS stream_id
          FROM erasure
         WHERE resident_id = $1 AND erased_at >= $2 AND split_part(scope, '/', 1) = 'stream'
         ORDER BY erasure_id
    """
    return [UUID(int=row["stream_id"].int) for row in await conn.fetch(sql, resident_id, since)]


def _stream(row: Record) -> Stream:
    return Stream(
        stream_id=row["stream_id"],
        measure=row["measure"],
        category=row["category"],
        unit=MEASURES[row["measure"]].unit,
        source=msgspec.json.decode(row["source"], type=Source),
        samples=row["samples"],
        newest_ms=row["head_ms"] or None,
        created_at=row["created_at"],
        last_upload_at=row["last_upload_at"],
        last_upload_key=row["last_upload_key"],
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
    """The samples that start in `[since, until)`, at most `limit`, never none while there is more.

    Raises:
        NotFound: the resident has no such stream.

    """
    wanted = Wanted(since_ms=since_ms, until_ms=until_ms, stream_id=stream_id)
    page = await own_reads.read(conn, keys, resident_id, wanted, None, Most(limit))
    if not page.runs:
        await _owned(conn, resident_id, stream_id)
    found = [batch for run in page.runs for batch in batches(run.measure, run.columns)]
    return Page(found, page.mark.ms if page.mark else None)


async def delete(conn: Connection, resident_id: UUID, stream_id: UUID) -> Deleted:
    """Delete a stream with all its samples.

    Raises:
        NotFound: the resident has no such stream.

    """
    sql = """
        WITH segments AS (DELETE FROM segment WHERE resident_id = $1 AND stream_id = $2),
             deletions AS (DELETE FROM sample_deletion WHERE resident_id = $1 AND stream_id = $2)
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
        SELECT first_ms, segment_id, key_version, body, samples,
               first_ms >= $3 AND last_ms < $4 AS inside, deleted_ids($1, $2, seq) AS dead
          FROM segment
         WHERE resident_id = $1 AND stream_id = $2
           AND first_ms >= $3::bigint - $5::bigint AND first_ms < $4 AND last_ms >= $3
    """
    stream = await _held(conn, resident_id, stream_id)
    ring = await opened(conn, keys, resident_id, [stream.category])
    rows = await conn.fetch(sql, resident_id, stream_id, since_ms, until_ms, SPAN)
    old = [Part(row["first_ms"], row["segment_id"], row["key_version"]) for row in rows]
    whole = sum(row["samples"] for row in rows if row["inside"] and not row["dead"])
    found = [_open(row, ring, stream) for row in rows if row["dead"] or not row["inside"]]
    kept = [outside(columns, since_ms, until_ms) for columns in found]
    new = [part for columns in kept for part in cut(columns)]
    place = Whole(resident_id, stream_id, stream.category, stream.seq)
    await exchange(conn, ring, place, old, new)
    return Deleted(samples=whole + _counted(found) - _counted(kept))


def _counted(several: Sequence[Columns]) -> int:
    return sum(len(columns.start) for columns in several)


async def _owned(conn: Connection, resident_id: UUID, stream_id: UUID) -> Owned:
    sql = """
        SELECT resident_id, stream_id, measure, category, seq
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
        SELECT resident_id, stream_id, measure, category, seq
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
    key = ring.keys[stream.category, row["key_version"]]
    return unsealed([Sealed(key, place, row["body"], row["dead"])])
