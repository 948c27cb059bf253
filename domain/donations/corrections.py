"""What an upload takes back: samples deleted or replaced by their ids, and late ones held against earlier notes."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np

from domain.db import Connection
from domain.donations import deletions
from domain.donations.admission import Judged
from domain.donations.columns import Columns, Ints, fingerprints
from domain.donations.deletions import Noted, applied, unnoted
from domain.donations.model import Upload
from domain.donations.opening import Opening

NO_IDS: Ints = np.empty(0, np.int64)


class Corrected(NamedTuple):
    """What is left of each batch, the ids that each stream gets anew, and how many were deleted."""

    columns: list[Columns]
    replaced: dict[UUID, Ints]
    deleted: int


async def corrected(
    conn: Connection, opening: Opening, upload: Upload, verdicts: Sequence[Judged]
) -> Corrected:
    """Note what the upload deletes and replaces; leave out of it what was deleted before it came."""
    columns = [verdict.columns for verdict in verdicts]
    if not upload.deletions and all(one.ids is None for one in columns):
        return Corrected(columns, {}, 0)
    streams = opening.streams
    noted = await deletions.of(
        conn, opening.resident_id, [head.stream_id for head in streams.values()]
    )
    count = await _delete(conn, opening, upload, noted)
    replaced: dict[UUID, Ints] = {}
    for at, (batch, one) in enumerate(zip(upload.batches, columns, strict=True)):
        if one.ids is not None and len(one.start):
            stream_id = streams[batch.measure].stream_id
            columns[at] = applied(one, noted[stream_id], replaces=batch.replaces)
            ids = columns[at].ids
            if batch.replaces and ids is not None:
                replaced[stream_id] = np.append(replaced.get(stream_id, NO_IDS), ids)
    for head in streams.values():
        ids = replaced.get(head.stream_id, NO_IDS)
        await deletions.note(
            conn, opening.resident_id, head.stream_id, ids, head.seq + 1, deleted=False
        )
    return Corrected(columns, replaced, count)


async def _delete(
    conn: Connection, opening: Opening, upload: Upload, noted: dict[UUID, Noted]
) -> int:
    """Note the deletions of measures that we know, for this upload too. How many ids they name."""
    count = 0
    for one in upload.deletions:
        head = opening.streams.get(one.measure)
        if head is None:
            continue
        count += len(one.id)
        before = noted[head.stream_id]
        ids = unnoted(fingerprints(one.id), before)
        noted[head.stream_id] = before._replace(deleted=np.append(before.deleted, ids))
        await deletions.note(
            conn, opening.resident_id, head.stream_id, ids, head.seq + 1, deleted=True
        )
    return count
