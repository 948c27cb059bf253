"""What residents read of their own: samples of one stream or of many, page by page.

A page is one statement: what is deleted meanwhile is not in it, and its key is found with it.
Segments may overlap in time. Of each stream all that hold the page's first moment, or reach over it,
are read, and as many later ones as the page can hold; the page ends in time before the first one
left out. So segments may be merged between two pages.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from domain.db import Connection
from domain.donations.columns import SPAN, Columns, between, joined, without
from domain.donations.data_keys import KeyMissing, Ring, ring_of
from domain.donations.deletions import dead
from domain.donations.forms import batches
from domain.donations.keys import KeyProvider
from domain.donations.model import SAFE, Batch, Source
from domain.donations.segments import Place, unseal

BEGINNING = UUID(int=0)


class Wanted(NamedTuple):
    """What of one's own is asked for: samples that start in `[since, until)`. Empty and None: of all."""

    since_ms: int = -SAFE
    until_ms: int = SAFE
    measures: Sequence[str] = ()
    app: str | None = None
    device: str | None = None
    stream_id: UUID | None = None


class Mark(NamedTuple):
    """Where to read on: samples of this stream from this ms, then the streams after it."""

    stream_id: UUID
    ms: int


class Run(NamedTuple):
    """Samples of one stream, ascending."""

    stream_id: UUID
    measure: str
    source: Source
    columns: Columns


class Part(Struct, frozen=True, kw_only=True):
    """Samples of one stream, in order of time, as they could be uploaded again."""

    stream_id: UUID
    source: Source
    batches: list[Batch]


class Reading(NamedTuple):
    """Some runs, stream by stream, and from where to read on; None at the end."""

    runs: list[Run]
    mark: Mark | None


def parts(page: Reading) -> list[Part]:
    """A page as it is shown."""
    return [
        Part(stream_id=run.stream_id, source=run.source, batches=batches(run.measure, run.columns))
        for run in page.runs
    ]


class Most(NamedTuple):
    """Of a page: never more samples, and at most so many segments that begin in it."""

    samples: int
    segments: int = 500


async def read(
    conn: Connection,
    keys: KeyProvider,
    resident_id: UUID,
    wanted: Wanted,
    after: Mark | None,
    most: Most,
) -> Reading:
    """A page of the resident's samples, never empty while there are more. Raises `KeyUnavailable`."""
    while True:
        rows = await _page(conn, resident_id, wanted, after, most)
        page = _cut(await _runs(keys, resident_id, wanted, rows), most.samples)
        if page.runs or page.mark is None:
            return page
        after = page.mark  # all of these were deleted by their ids


async def _page(
    conn: Connection, resident_id: UUID, wanted: Wanted, after: Mark | None, most: Most
) -> list[Record]:
    """The segments of a page, in the order of streams and of their beginning."""
    sql = """
        WITH mine AS MATERIALIZED (
            SELECT stream_id, measure, category, source,
                   CASE WHEN stream_id = $6 THEN $7::bigint ELSE $9::bigint END AS earliest,
                   CASE WHEN stream_id = $6 THEN $8::bigint ELSE $10::bigint END AS since
              FROM stream
             WHERE resident_id = $1 AND stream_id >= $6 AND ($2::uuid IS NULL OR stream_id = $2)
               AND ($3::text[] = '{}' OR measure = ANY($3)) AND ($4::text IS NULL OR source::jsonb ->> 'app' = $4)
               AND ($5::text IS NULL OR source::jsonb ->> 'device' = $5)),
        near AS (
            SELECT s.*, true AS reaching
              FROM mine m JOIN segment s ON s.resident_id = $1 AND s.stream_id = m.stream_id
               AND s.first_ms >= m.earliest AND s.first_ms <= m.since AND s.last_ms >= m.since
             UNION ALL
            (SELECT s.*, false
               FROM mine m JOIN segment s ON s.resident_id = $1 AND s.stream_id = m.stream_id
                AND s.first_ms > m.since AND s.first_ms < $11
              ORDER BY s.stream_id, s.first_ms LIMIT least($12::int, $13::int) + 1)),
        placed AS (
            SELECT *, lead(stream_id) OVER o AS next_stream, lead(first_ms) OVER o AS next_ms,
                   coalesce(sum(samples) FILTER (WHERE NOT reaching) OVER before, 0) AS samples_before,
                   count(*) FILTER (WHERE NOT reaching) OVER before AS segments_before
              FROM near WINDOW o AS (ORDER BY stream_id, first_ms, segment_id),
                    before AS (o ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
        SELECT m.*, p.segment_id, p.key_version, p.body, p.next_stream, p.next_ms,
               deleted_ids($1, p.stream_id, p.seq) AS dead, k.kek, k.wrapped
          FROM placed p JOIN mine m USING (stream_id)
          LEFT JOIN data_key k ON k.resident_id = $1 AND k.scope = m.category AND k.version = p.key_version
         WHERE p.samples_before < $12 AND p.segments_before < $13
         ORDER BY p.stream_id, p.first_ms, p.segment_id
    """
    since, mark = wanted.since_ms, after or Mark(BEGINNING, wanted.since_ms)
    chosen = wanted.stream_id, wanted.measures, wanted.app, wanted.device
    # Not subtracted in SQL: under row-level security arithmetic on a column uses no index.
    bounds = mark.ms - SPAN, mark.ms, since - SPAN, since, wanted.until_ms
    return await conn.fetch(sql, resident_id, *chosen, mark.stream_id, *bounds, *most)


async def _runs(
    keys: KeyProvider,
    resident_id: UUID,
    wanted: Wanted,
    rows: Sequence[Record],
) -> Reading:
    """What the segments of a page hold of what is wanted, and where the page ends."""
    ring = await _ring(keys, resident_id, rows)
    end = _end(rows[-1], wanted.since_ms) if rows else None
    runs = []
    for stream_id, of_stream in groupby(rows, key=lambda row: row["stream_id"]):
        segments = list(of_stream)
        first = segments[0]
        found = joined([_open(row, ring, resident_id) for row in segments])
        until = end.ms if end and end.stream_id == stream_id else wanted.until_ms
        columns = between(found, first["since"], until)
        source = msgspec.json.decode(first["source"], type=Source)
        runs.append(Run(stream_id, first["measure"], source, columns))
    return Reading([run for run in runs if len(run.columns.start)], end)


def _end(last: Record, since_ms: int) -> Mark | None:
    """Where the first segment that was left out begins, or reaches into what is wanted."""
    if last["next_ms"] is None:
        return None
    return Mark(last["next_stream"], max(last["next_ms"], since_ms))


def _cut(page: Reading, limit: int) -> Reading:
    """The first samples of a page."""
    runs, room = list[Run](), limit
    for run in page.runs:
        starts = run.columns.start
        if len(starts) > room:
            begun = run._replace(columns=run.columns.where(slice(room)))
            return Reading([*runs, begun] if room else runs, Mark(run.stream_id, int(starts[room])))
        runs.append(run)
        room -= len(starts)
    return Reading(runs, page.mark)


async def _ring(keys: KeyProvider, resident_id: UUID, rows: Sequence[Record]) -> Ring:
    wrapped = {(row["category"], row["key_version"], row["kek"], row["wrapped"]) for row in rows}
    if any(kek is None for _, _, kek, _ in wrapped):
        raise KeyMissing
    return await ring_of(keys, resident_id, wrapped)


def _open(row: Record, ring: Ring, resident_id: UUID) -> Columns:
    place = Place(resident_id, row["stream_id"], row["segment_id"], row["key_version"])
    columns = unseal(ring.keys[row["category"], row["key_version"]], place, row["body"])
    return without(columns, dead(row["dead"]))
