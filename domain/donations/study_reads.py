"""What a study reads: the samples that its permits open, and nothing beside them.

The caller has the residents' locks and the permits from the gate, records the access in the same
transaction, and lets no byte leave before COMMIT.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np
from asyncpg import Record

from domain.consents.gate import Milliseconds, Permit
from domain.db import Connection
from domain.donations.admission import admitted
from domain.donations.columns import Columns
from domain.donations.keys import KeyProvider, WrappedKey, context
from domain.donations.model import SAFE
from domain.donations.segments import Place, unseal

Mark = tuple[UUID, UUID, int, UUID]
"""The last segment that was read: resident, stream, first ms, segment."""

BEGINNING: Mark = (UUID(int=0), UUID(int=0), -SAFE, UUID(int=0))


class Run(NamedTuple):
    """Samples of one resident's stream, ascending. Runs of a stream may overlap in time."""

    resident_id: UUID
    category: str
    measure: str
    columns: Columns


class Reading(NamedTuple):
    """Some runs, and from where to read on; None at the end."""

    runs: list[Run]
    mark: Mark | None


async def read_for_study(
    conn: Connection,
    keys: KeyProvider,
    permits: Sequence[Permit],
    after: Mark = BEGINNING,
    most_segments: int = 500,
) -> Reading:
    """The samples within the permits' periods, in the order of residents. Raises `KeyUnavailable`."""
    sql = """
        SELECT s.resident_id, s.stream_id, s.first_ms, s.segment_id, s.category, s.key_version,
               s.body, t.measure, k.kek, k.wrapped
          FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[])
               AS w (resident_id, category, since, until)
          JOIN stream t ON t.resident_id = w.resident_id AND t.category = w.category
          JOIN segment s ON s.resident_id = t.resident_id AND s.stream_id = t.stream_id
                        AND s.first_ms < w.until AND s.last_ms >= w.since
          JOIN data_key k ON k.resident_id = s.resident_id AND k.scope = s.category
                         AND k.version = s.key_version
         WHERE s.resident_id = ANY($1)
           AND (s.resident_id, s.stream_id, s.first_ms, s.segment_id) > ($5, $6, $7::bigint, $8)
         ORDER BY s.resident_id, s.stream_id, s.first_ms, s.segment_id
         LIMIT $9
    """
    wanted = _wanted(permits)
    hulls = [(*key, *_hull(periods)) for key, periods in wanted.items()]
    args = zip(*hulls, strict=True) if hulls else [[]] * 4
    rows = await conn.fetch(sql, *args, *after, most_segments)
    opened = await _keys(keys, rows)
    runs = [_run(row, opened, wanted[row["resident_id"], row["category"]]) for row in rows]
    more = len(rows) == most_segments
    return Reading(
        [run for run in runs if len(run.columns.start)], _mark(rows[-1]) if more else None
    )


def _wanted(permits: Sequence[Permit]) -> dict[tuple[UUID, str], list[Milliseconds]]:
    """The periods of all permits of a resident's category: what any one of them opens is open."""
    wanted: dict[tuple[UUID, str], list[Milliseconds]] = {}
    for permit in permits:
        if permit.periods:
            wanted.setdefault((permit.resident_id, permit.category), []).append(permit.periods)
    return wanted


def _hull(several: Sequence[Milliseconds]) -> tuple[int, int]:
    """From the first beginning to the last end: what is outside need not be read."""
    since = [-SAFE if periods[0][0] is None else periods[0][0] for periods in several]
    until = [SAFE if periods[-1][1] is None else periods[-1][1] for periods in several]
    return min(since), max(until)


async def _keys(
    provider: KeyProvider, rows: Sequence[Record]
) -> dict[tuple[UUID, str, int], bytes]:
    opened: dict[tuple[UUID, str, int], bytes] = {}
    for row in rows:
        name = (row["resident_id"], row["category"], row["key_version"])
        if name not in opened:
            opened[name] = await provider.unwrap(
                WrappedKey(row["kek"], row["wrapped"]), context(*name)
            )
    return opened


def _run(
    row: Record, keys: dict[tuple[UUID, str, int], bytes], several: Sequence[Milliseconds]
) -> Run:
    resident_id, category, version = row["resident_id"], row["category"], row["key_version"]
    place = Place(resident_id, row["stream_id"], row["segment_id"], version)
    columns = unseal(keys[resident_id, category, version], place, row["body"])
    open_ = np.logical_or.reduce([admitted(columns, periods) for periods in several])
    return Run(resident_id, category, row["measure"], columns.where(open_))


def _mark(row: Record) -> Mark:
    return row["resident_id"], row["stream_id"], row["first_ms"], row["segment_id"]
