"""Samples deleted or replaced by their ids: noted with an upload, left out of every reading, removed by compaction.

A note holds for the segments of the uploads before it, whatever the order in which they are read:
`deleted_ids` in the database says what is to be left out of a segment. What is uploaded after it is
held against it once, as it comes in, so that a late batch brings nothing back; for that, notes are
kept 90 days.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from domain.db import Connection
from domain.donations.columns import Columns, Ints, without

KEPT = timedelta(days=90)
"""For so long, what comes late is held against a note."""


class Noted(NamedTuple):
    """The ids that were deleted from a stream and those that were replaced in it, as fingerprints."""

    deleted: Ints
    replaced: Ints


NOTHING = Noted(np.empty(0, np.int64), np.empty(0, np.int64))


async def note(
    conn: Connection, resident_id: UUID, stream_id: UUID, ids: Ints, seq: int, *, deleted: bool
) -> None:
    """Let every sample with one of these ids be gone that an upload before `seq` has brought.

    The caller holds the stream's row, and counts this upload as `seq` in it. The ids are deleted
    for good, or (`deleted=False`) replaced by what the same upload brings.
    """
    sql = """
        INSERT INTO sample_deletion AS d (resident_id, stream_id, seq, deleted, category, sample_ids)
        SELECT resident_id, stream_id, $3, $4, category, $5::bigint[]
          FROM stream
         WHERE resident_id = $1 AND stream_id = $2
            ON CONFLICT (resident_id, stream_id, seq, deleted)
            DO UPDATE SET sample_ids = d.sample_ids || excluded.sample_ids
    """
    if len(ids):
        await conn.execute(sql, resident_id, stream_id, seq, deleted, ids.tolist())


async def of(conn: Connection, resident_id: UUID, stream_ids: Sequence[UUID]) -> dict[UUID, Noted]:
    """What is noted of each of these streams."""
    sql = """
        SELECT stream_id, deleted, sample_ids
          FROM sample_deletion
         WHERE resident_id = $1 AND stream_id = ANY($2)
    """
    noted = dict.fromkeys(stream_ids, NOTHING)
    for row in await conn.fetch(sql, resident_id, stream_ids):
        before, more = noted[row["stream_id"]], dead(row["sample_ids"])
        noted[row["stream_id"]] = (
            before._replace(deleted=np.concatenate([before.deleted, more]))
            if row["deleted"]
            else before._replace(replaced=np.concatenate([before.replaced, more]))
        )
    return noted


def unnoted(ids: Ints, noted: Noted) -> Ints:
    """The ids that have not been deleted already: what a phone tells again need not be noted again."""
    return np.setdiff1d(ids, noted.deleted)


def applied(columns: Columns, noted: Noted, *, replaces: bool) -> Columns:
    """What of a batch may come in: nothing that was deleted, nothing older than what replaced it.

    A store never gives the id of a deleted sample to another; so what bears it comes late, and so
    does what bears a replaced one's without replacing in its turn.
    """
    left = without(columns, noted.deleted)
    return left if replaces else without(left, noted.replaced)


def dead(ids: Sequence[int]) -> Ints:
    """What `deleted_ids` found, to be handed to `without`."""
    return np.array(ids, dtype=np.int64)
