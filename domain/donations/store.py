"""Taking donations in, and destroying them.

Order within a transaction: the resident's lock, what may be collected, the data keys, the
streams (each by name, so that two uploads never wait for each other in a circle), the samples.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np

from domain.db import Connection, calling, new_id, say
from domain.donations.admission import Judged, judge_all
from domain.donations.columns import SPAN, Columns, Ints, cut, fresh, without
from domain.donations.corrections import NO_IDS, corrected
from domain.donations.data_keys import Ring
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.model import BatchAnswer, Upload, UploadAnswer, total
from domain.donations.opening import Head, Opening, completed, open_for
from domain.donations.segments import Place, Sealed, seal, unsealed


class Addition(NamedTuple):
    """New samples of one stream, to be stored as one segment."""

    stream_id: UUID
    category: str
    columns: Columns


class Taken(NamedTuple):
    """What became of an upload, and the statement that makes it so: it may go with the COMMIT."""

    answer: UploadAnswer
    words: str


async def donate(
    conn: Connection, keys: KeyProvider, resident_id: UUID, upload: Upload, now: datetime
) -> UploadAnswer:
    """Store what of an upload is consented to, plausible and new, and say what became of the rest.

    Raises:
        Unavailable: a withdrawal or an erasure of the resident is under way.
        TooManyUploads: this source has sent more of late than is taken.

    """
    opening = await open_for(conn, keys, resident_id, upload)
    taken = await take(conn, keys, opening, upload, now)
    await say(conn, taken.words)
    return taken.answer


async def take(
    conn: Connection,
    keys: KeyProvider,
    opening: Opening,
    upload: Upload,
    now: datetime,
    key: str | None = None,
) -> Taken:
    """Judge and seal an upload (see `donate`). Its samples are stored by the words alone."""
    verdicts = judge_all(upload.batches, opening.collectable, int(now.timestamp() * 1000))
    given = _by_measure(upload, verdicts)
    deleted = {d.measure for d in upload.deletions if _may_hold(opening, d.measure)}
    if not given and not deleted:
        return Taken(total([answered(verdict, None, verdict.columns) for verdict in verdicts]), "")
    opening = await completed(conn, keys, opening, upload.source, given, deleted)
    left = await corrected(conn, opening, upload, verdicts)
    known = await _known(conn, opening, given, left.replaced)
    answers, additions = [], []
    for batch, verdict, new in zip(upload.batches, verdicts, left.columns, strict=True):
        head = opening.streams.get(batch.measure) if len(verdict.columns.start) else None
        if head is not None:
            new = fresh(new, known[head.stream_id])  # noqa: PLW2901
            category = MEASURES[batch.measure].category
            additions += [Addition(head.stream_id, category, part) for part in cut(new)]
        answers.append(answered(verdict, head, new))
    touched = [opening.streams[measure].stream_id for measure in sorted({*given, *deleted})]
    words = appending(opening.ring, opening.resident_id, touched, additions, uploaded=True, key=key)
    return Taken(total(answers, left.deleted), words)


def _may_hold(opening: Opening, measure: str) -> bool:
    """Whether samples of a measure were given, or could still come: what was deleted before they do is kept out."""
    known = MEASURES.get(measure)
    return measure in opening.streams or bool(known and known.category in opening.collectable)


def _by_measure(upload: Upload, verdicts: Sequence[Judged]) -> dict[str, list[Columns]]:
    given: dict[str, list[Columns]] = {}
    for batch, verdict in zip(upload.batches, verdicts, strict=True):
        if len(verdict.columns.start):
            given.setdefault(batch.measure, []).append(verdict.columns)
    return given


async def categories(conn: Connection, resident_id: UUID) -> list[str]:
    """The categories of which a resident has donated anything."""
    sql = "SELECT DISTINCT category FROM stream WHERE resident_id = $1 ORDER BY category"
    return [row["category"] for row in await conn.fetch(sql, resident_id)]


async def erase(conn: Connection, resident_id: UUID, categories: list[str]) -> None:
    """Destroy the samples of these categories and their keys, and journal it.

    The caller holds the resident's exclusive lock: a key must not go while an upload seals with it.
    """
    sql = """
        WITH keys AS (DELETE FROM data_key WHERE resident_id = $1 AND scope = ANY($2)),
             segments AS (DELETE FROM segment WHERE resident_id = $1 AND category = ANY($2)),
             deletions AS (DELETE FROM sample_deletion WHERE resident_id = $1 AND category = ANY($2)),
             streams AS (DELETE FROM stream WHERE resident_id = $1 AND category = ANY($2))
        INSERT INTO erasure (resident_id, scope)
        SELECT $1, scope FROM unnest($2::text[]) AS scope
    """
    await conn.execute(sql, resident_id, categories)


def answered(verdict: Judged, head: Head | None, new: Columns) -> BatchAnswer:
    """What became of a batch of which `new` is stored."""
    stored_before = len(verdict.columns.start) - len(new.start)
    return BatchAnswer(
        stream_id=None if head is None else head.stream_id,
        accepted=len(new.start),
        duplicates=verdict.duplicates + stored_before,
        rejected=verdict.rejected,
    )


async def _known(
    conn: Connection,
    opening: Opening,
    given: dict[str, list[Columns]],
    replaced: dict[UUID, Ints],
) -> dict[UUID, Ints]:
    """The starts stored already, by stream, where the given ones overlap; what is newer is not read.

    Samples that were deleted, or that this upload replaces, leave their starts free.
    """
    sql = """
        SELECT s.stream_id, s.segment_id, s.category, s.key_version, s.body,
               deleted_ids($1, s.stream_id, s.seq) AS deleted
          FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[])
               AS w (stream_id, earliest, since, until)
          JOIN segment s ON s.resident_id = $1 AND s.stream_id = w.stream_id
                        AND s.first_ms BETWEEN w.earliest AND w.until AND s.last_ms >= w.since
    """
    starts: dict[UUID, list[Ints]] = {}
    overlaps = []
    for measure, parts in given.items():
        head = opening.streams[measure]
        starts[head.stream_id] = []
        since = min(int(part.start[0]) for part in parts)
        if since <= head.head_ms:
            until = max(int(part.start[-1]) for part in parts)
            # Not subtracted in SQL: under row-level security arithmetic on a column uses no index.
            overlaps.append((head.stream_id, since - SPAN, since, until))
    if overlaps:
        for row in await conn.fetch(sql, opening.resident_id, *zip(*overlaps, strict=True)):
            stream_id = row["stream_id"]
            place = Place(opening.resident_id, stream_id, row["segment_id"], row["key_version"])
            key = opening.ring.keys[row["category"], row["key_version"]]
            left = unsealed([Sealed(key, place, row["body"], row["deleted"])])
            starts[stream_id].append(without(left, replaced.get(stream_id, NO_IDS)).start)
    return {
        stream_id: np.sort(np.concatenate(parts)) if parts else NO_IDS
        for stream_id, parts in starts.items()
    }


def appending(
    ring: Ring,
    resident_id: UUID,
    stream_ids: Sequence[UUID],
    additions: Iterable[Addition],
    *,
    uploaded: bool = False,
    key: str | None = None,
) -> str:
    """The words that store sealed additions and move their streams (locked) on."""
    rows = [sealed(ring, resident_id, addition) for addition in additions]
    columns = zip(*rows, strict=True) if rows else [()] * 8
    return calling("donation_append", resident_id, uploaded, key, stream_ids, *columns)


def sealed(
    ring: Ring, resident_id: UUID, addition: Addition
) -> tuple[UUID, UUID, str, int, int, int, int, bytes]:
    """A segment's stream, id, category, key version, first and last ms, count and sealed samples."""
    stream_id, category, columns = addition
    version = ring.newest(category)
    place = Place(resident_id, stream_id, new_id(), version)
    body = seal(ring.keys[category, version], place, columns)
    first, last = int(columns.start[0]), int(columns.start[-1])
    return (stream_id, place.segment_id, category, version, first, last, len(columns.start), body)
