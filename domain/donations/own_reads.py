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

from domain.caller import Resident
from domain.db import BEGINNING, Connection
from domain.donations.columns import SPAN, Columns, between
from domain.donations.data_keys import KeyMissing, Ring, ring_of
from domain.donations.forms import batches
from domain.donations.keys import KeyProvider
from domain.donations.model import SAFE, Batch, Source
from domain.donations.segments import Place, Sealed, unsealed
from domain.residents.identity import Door


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


async def read_at(
    conn: Connection, keys: KeyProvider, door: Door, wanted: Wanted, after: Mark | None, most: Most
) -> tuple[Resident, Reading]:
    """Let the resident in and read a page, which may be empty. Raises as `read`, and what `Door.admit` does."""
    rows = await _page_at(conn, door, wanted, after, most)
    me = door.admit(rows[0])
    found = rows if rows[0]["segment_id"] else []
    return me, _cut(await _runs(keys, me.resident_id, wanted, found), most.samples)


async def _page(
    conn: Connection, resident_id: UUID, wanted: Wanted, after: Mark | None, most: Most
) -> list[Record]:
    """The segments of a page, in the order of streams and of their beginning."""
    sql = """
        SELECT stream_id, measure, category, source, since, segment_id, key_version, body,
               next_stream, next_ms, dead, kek, wrapped
          FROM own_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    """
    return await conn.fetch(sql, resident_id, *_asked(wanted, after, most))


async def _page_at(
    conn: Connection, door: Door, wanted: Wanted, after: Mark | None, most: Most
) -> list[Record]:
    """The same with who the resident is in each row; one row without a segment where there is none."""
    sql = """
        SELECT me.resident_id, me.language, me.zone, me.refused_until,
               p.stream_id, p.measure, p.category, p.source, p.since, p.segment_id, p.key_version, p.body,
               p.next_stream, p.next_ms, p.dead, p.kek, p.wrapped
          FROM enter_alone($13, $14) me
          LEFT JOIN LATERAL own_page(
               me.resident_id, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) p ON true
    """
    return await conn.fetch(sql, *_asked(wanted, after, most), door.issuer, door.subject_hmac)


def _asked(wanted: Wanted, after: Mark | None, most: Most) -> tuple[object, ...]:
    """What `own_page` is told."""
    since, mark = wanted.since_ms, after or Mark(BEGINNING, wanted.since_ms)
    chosen = wanted.stream_id, wanted.measures, wanted.app, wanted.device
    # Not subtracted in SQL: under row-level security arithmetic on a column uses no index.
    bounds = mark.ms - SPAN, mark.ms, since - SPAN, since, wanted.until_ms
    return *chosen, mark.stream_id, *bounds, *most


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
        found = unsealed([_sealed(row, ring, resident_id) for row in segments])
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


def _sealed(row: Record, ring: Ring, resident_id: UUID) -> Sealed:
    version = row["key_version"]
    place = Place(resident_id, row["stream_id"], row["segment_id"], version)
    return Sealed(ring.keys[row["category"], version], place, row["body"], row["dead"])
