"""What a study reads: the samples that its permits open, and nothing beside them.

The caller has the residents' locks and the permits from the gate, records the access in the same
transaction, and lets no byte leave before COMMIT. Pages end at a time, not at a segment: segments
may be merged between two of them.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np
from asyncpg import Record

from domain.consents.gate import Milliseconds, Permit
from domain.db import BEGINNING, Connection
from domain.donations.admission import admitted
from domain.donations.columns import SPAN, Columns, between
from domain.donations.data_keys import KeyMissing
from domain.donations.keys import KeyProvider, WrappedKey, context
from domain.donations.model import SAFE, Source
from domain.donations.segments import Place, Sealed, unsealed

Named = tuple[UUID, str, int]
"""A data key: resident, category, version."""


class Most(NamedTuple):
    """Of a page, about: the last of its segments is read whole."""

    segments: int = 500
    samples: int = 200_000


USUAL = Most()


class Mark(NamedTuple):
    """The sample to read on from: all before it, in the order of the permits, have been read."""

    resident_id: UUID
    category: str
    stream_id: UUID
    ms: int


class Run(NamedTuple):
    """Samples of one resident's stream, ascending."""

    resident_id: UUID
    category: str
    measure: str
    columns: Columns
    context: Mapping[str, str]
    """The circumstances that all samples of its stream share (Open mHealth's words)."""


class Reading(NamedTuple):
    """Some runs, and from where to read on; None at the end."""

    runs: list[Run]
    mark: Mark | None


class _Wanted(NamedTuple):
    """A category of a resident, and the periods of all its permits: what any one of them opens is open."""

    resident_id: UUID
    category: str
    periods: list[Milliseconds]


async def read_for_study(
    conn: Connection,
    keys: KeyProvider,
    permits: Sequence[Permit],
    after: Mark | None = None,
    measures: Sequence[str] = (),
    most: Most = USUAL,
) -> Reading:
    """A page of the samples within the permits' periods, in the order in which the residents come.

    Of all measures where none is named. Raises `KeyUnavailable`.
    """
    wanted, mark = _rest(_wanted(permits), after)
    rows = await _page(conn, wanted, measures, mark, most)
    held = await _keys(keys, rows)
    end = _end(rows[-1]) if rows else None
    runs = []
    for _, of_stream in groupby(rows, key=lambda row: (row["position"], row["stream_id"])):
        segments = list(of_stream)
        one = wanted[segments[0]["position"] - 1]
        found = unsealed([_sealed(row, held) for row in segments])
        since = mark.ms if segments[0]["stream_id"] == mark.stream_id else -SAFE
        until = end.ms if end and end.stream_id == segments[0]["stream_id"] else SAFE
        within = between(found, since, until)
        open_ = np.logical_or.reduce([admitted(within, periods) for periods in one.periods])
        first = segments[0]
        context = _context(first["source"])
        kept = within.where(open_)
        runs.append(Run(one.resident_id, one.category, first["measure"], kept, context))
    return Reading([run for run in runs if len(run.columns.start)], end)


def _context(source: str) -> Mapping[str, str]:
    found = msgspec.json.decode(source, type=Source).context
    return {} if found is msgspec.UNSET else found


def _wanted(permits: Sequence[Permit]) -> list[_Wanted]:
    wanted: dict[tuple[UUID, str], list[Milliseconds]] = {}
    for permit in permits:
        if permit.periods:
            wanted.setdefault((permit.resident_id, permit.category), []).append(permit.periods)
    return [_Wanted(*key, periods) for key, periods in wanted.items()]


def _rest(wanted: list[_Wanted], after: Mark | None) -> tuple[list[_Wanted], Mark]:
    """What is left after a mark, and the mark within it; its beginning where a withdrawal took the mark's away."""
    beginning = Mark(BEGINNING, "", BEGINNING, -SAFE)
    if after is None:
        return wanted, beginning
    residents = [one.resident_id for one in wanted]
    if after.resident_id not in residents:
        return wanted, beginning
    left = [
        one
        for one in wanted[residents.index(after.resident_id) :]
        if one.resident_id != after.resident_id or one.category >= after.category
    ]
    there = bool(left) and (left[0].resident_id, left[0].category) == after[:2]
    return left, after if there else beginning


def _hull(several: Sequence[Milliseconds]) -> tuple[int, int]:
    """From the first beginning to the last end: what is outside need not be read."""
    since = [-SAFE if periods[0][0] is None else periods[0][0] for periods in several]
    until = [SAFE if periods[-1][1] is None else periods[-1][1] for periods in several]
    return min(since), max(until)


async def _page(
    conn: Connection, wanted: Sequence[_Wanted], measures: Sequence[str], mark: Mark, most: Most
) -> list[Record]:
    """The segments that reach over the mark, and the next ones; each with the one after it."""
    sql = """
        WITH w AS (
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[])
                          WITH ORDINALITY AS w (resident_id, category, since, until, position)),
        streams AS NOT MATERIALIZED (
            SELECT w.position, w.since, w.until, t.resident_id, t.stream_id, t.measure, t.source
              FROM w JOIN stream t ON t.resident_id = w.resident_id AND t.category = w.category
             WHERE t.resident_id = ANY($1) AND ($5::text[] = '{}' OR t.measure = ANY($5))),
        found AS (
            SELECT t.position, t.measure, t.source, s.*, true AS reaching
              FROM streams t
              JOIN segment s ON s.resident_id = t.resident_id AND s.stream_id = t.stream_id
                            AND s.first_ms < t.until AND s.last_ms >= t.since
             WHERE t.position = 1 AND t.stream_id = $6
               AND s.first_ms >= $7::bigint - $8::bigint AND s.first_ms <= $7 AND s.last_ms >= $7
             UNION ALL
            (SELECT t.position, t.measure, t.source, s.*, false
               FROM streams t
               JOIN segment s ON s.resident_id = t.resident_id AND s.stream_id = t.stream_id
                             AND s.first_ms < t.until AND s.last_ms >= t.since
              WHERE s.resident_id = ANY($1) AND (t.position, s.stream_id, s.first_ms) > (1, $6, $7)
              ORDER BY t.position, s.stream_id, s.first_ms, s.segment_id
              LIMIT $9::int + 1)),
        placed AS (
            SELECT *, sum(samples) OVER o - samples AS before, count(*) FILTER (WHERE NOT reaching OR first_ms = $7) OVER o AS place,
                   lead((resident_id, category, stream_id, first_ms)) OVER o AS next
              FROM found WINDOW o AS (ORDER BY position, stream_id, first_ms, segment_id))
        SELECT p.*, deleted_ids(p.resident_id, p.stream_id, p.seq) AS dead, k.kek, k.wrapped
          FROM placed p
          LEFT JOIN data_key k ON k.resident_id = p.resident_id AND k.scope = p.category AND k.version = p.key_version
         WHERE p.reaching OR p.place = 1 OR (p.place <= $9 AND p.before < $10)
         ORDER BY p.position, p.stream_id, p.first_ms, p.segment_id
    """
    hulls = [(one.resident_id, one.category, *_hull(one.periods)) for one in wanted]
    columns = zip(*hulls, strict=True) if hulls else [[]] * 4
    return await conn.fetch(sql, *columns, measures, mark.stream_id, mark.ms, SPAN, *most)


def _end(last: Record) -> Mark | None:
    """Where the first segment that was left out begins."""
    return None if last["next"] is None else Mark(*last["next"])


async def _keys(provider: KeyProvider, rows: Sequence[Record]) -> dict[Named, bytes]:
    wrapped = {
        (row["resident_id"], row["category"], row["key_version"]): (row["kek"], row["wrapped"])
        for row in rows
    }
    if any(kek is None for kek, _ in wrapped.values()):
        raise KeyMissing
    sealed = [(WrappedKey(*key), context(*name)) for name, key in wrapped.items()]
    return dict(zip(wrapped, await provider.unwrap_all(sealed), strict=True))


def _sealed(row: Record, keys: dict[Named, bytes]) -> Sealed:
    resident_id, category, version = row["resident_id"], row["category"], row["key_version"]
    place = Place(resident_id, row["stream_id"], row["segment_id"], version)
    return Sealed(keys[resident_id, category, version], place, row["body"], row["dead"])
