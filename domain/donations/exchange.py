"""Some segments of a stream exchanged for others, all of it or nothing."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from domain.db import Connection, new_id
from domain.donations.columns import Columns
from domain.donations.data_keys import Ring
from domain.donations.segments import Place, seal


class Part(NamedTuple):
    """A segment by its key, and the version of the data key that it was read with."""

    first_ms: int
    segment_id: UUID
    key_version: int


class Whole(NamedTuple):
    """A stream whose row is locked. `seq`: what was noted up to there is applied to what comes in."""

    resident_id: UUID
    stream_id: UUID
    category: str
    seq: int


class Changed(Exception):
    """A segment that was to go had gone, or was sealed anew: nothing may be kept of this transaction."""


async def exchange(
    conn: Connection, ring: Ring, stream: Whole, old: Sequence[Part], new: Sequence[Columns]
) -> int:
    """Store the new segments in the place of the old ones. By how many samples it became fewer.

    Raises:
        Changed: the old ones are not as they were read. Roll back.

    """
    sql = """
        WITH gone AS (
            DELETE FROM segment s
             USING unnest($3::bigint[], $4::uuid[], $5::int[]) AS o (first_ms, segment_id, key_version)
             WHERE s.resident_id = $1 AND s.stream_id = $2 AND s.first_ms = o.first_ms
               AND s.segment_id = o.segment_id AND s.key_version = o.key_version
            RETURNING s.samples),
        made AS (
            INSERT INTO segment (resident_id, stream_id, seq, category, segment_id, key_version,
                                 first_ms, last_ms, samples, body)
            SELECT $1, $2, $6, $7, * FROM unnest($8::uuid[], $9::int[], $10::bigint[], $11::bigint[],
                                                 $12::int[], $13::bytea[])
            RETURNING samples),
        fewer AS (
            SELECT count(*) AS found,
                   coalesce(sum(samples), 0) - (SELECT coalesce(sum(samples), 0) FROM made) AS samples
              FROM gone)
        UPDATE stream t SET samples = t.samples - f.samples FROM fewer f
         WHERE t.resident_id = $1 AND t.stream_id = $2
        RETURNING f.found, f.samples
    """
    rows = [_row(ring, stream, columns) for columns in new if len(columns.start)]
    made = zip(*rows, strict=True) if rows else [[]] * 6
    done = await conn.fetchrow(
        sql, stream.resident_id, stream.stream_id, *(zip(*old, strict=True) if old else [[]] * 3),
        stream.seq, stream.category, *made,
    )  # fmt: skip
    if done is None or done["found"] != len(old):
        raise Changed
    fewer: int = done["samples"]
    return fewer


def _row(ring: Ring, stream: Whole, columns: Columns) -> tuple[object, ...]:
    version = ring.newest(stream.category)
    place = Place(stream.resident_id, stream.stream_id, new_id(), version)
    sealed = seal(ring.keys[stream.category, version], place, columns)
    first, last = int(columns.start[0]), int(columns.start[-1])
    return (place.segment_id, version, first, last, len(columns.start), sealed)
