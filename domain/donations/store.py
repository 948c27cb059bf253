"""Taking donations in, and destroying them.

Order within a transaction: the resident's lock, what may be collected, the data keys, the
streams (each by name, so that two uploads never wait for each other in a circle), the samples.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np
from msgspec import Struct

from domain.consents import gate
from domain.db import Connection, fetch_all, new_id
from domain.donations.admission import Judged, judge_all
from domain.donations.columns import SPAN, Columns, Ints, cut, fresh
from domain.donations.data_keys import Ring, opened_or_made
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.model import BatchAnswer, Source, Upload, UploadAnswer, total
from domain.donations.segments import Place, seal, unseal


class Head(Struct, frozen=True):
    """A stream locked for writing, and the start of its newest sample in ms."""

    stream_id: UUID
    measure: str
    head_ms: int


class Addition(NamedTuple):
    """New samples of one stream, to be stored as one segment."""

    stream_id: UUID
    category: str
    columns: Columns


async def donate(
    conn: Connection, keys: KeyProvider, resident_id: UUID, upload: Upload, now: datetime
) -> UploadAnswer:
    """Store what of an upload is consented to, plausible and new, and say what became of the rest.

    Raises:
        Unavailable: a withdrawal or an erasure of the resident is under way.

    """
    await gate.lock_own(conn, resident_id)
    collectable = await gate.collectable(conn, resident_id, _categories(upload))
    verdicts = judge_all(upload.batches, collectable, int(now.timestamp() * 1000))
    by_measure: dict[str, list[Columns]] = {}
    for batch, verdict in zip(upload.batches, verdicts, strict=True):
        if len(verdict.columns.start):
            by_measure.setdefault(batch.measure, []).append(verdict.columns)
    if not by_measure:
        return total([_answer(verdict, None, verdict.columns) for verdict in verdicts])
    scopes = sorted({MEASURES[measure].category for measure in by_measure})
    ring = await opened_or_made(conn, keys, resident_id, scopes)
    streams = await _heads(conn, resident_id, upload.source, sorted(by_measure))
    known = await _known(conn, ring, resident_id, streams, by_measure)
    answers, additions = [], []
    for batch, verdict in zip(upload.batches, verdicts, strict=True):
        head = streams.get(batch.measure) if len(verdict.columns.start) else None
        new = fresh(verdict.columns, known[head.stream_id]) if head else verdict.columns
        answers.append(_answer(verdict, head, new))
        if head and len(new.start):
            category = MEASURES[batch.measure].category
            additions += [Addition(head.stream_id, category, part) for part in cut(new)]
    await append(conn, ring, resident_id, [h.stream_id for h in streams.values()], additions)
    return total(answers)


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
             streams AS (DELETE FROM stream WHERE resident_id = $1 AND category = ANY($2))
        INSERT INTO erasure (resident_id, scope)
        SELECT $1, scope FROM unnest($2::text[]) AS scope
    """
    await conn.execute(sql, resident_id, categories)


def _categories(upload: Upload) -> list[str]:
    named = {batch.measure for batch in upload.batches} & MEASURES.keys()
    return sorted({MEASURES[measure].category for measure in named})


def _answer(verdict: Judged, head: Head | None, new: Columns) -> BatchAnswer:
    stored_before = len(verdict.columns.start) - len(new.start)
    return BatchAnswer(
        stream_id=None if head is None else head.stream_id,
        accepted=len(new.start),
        duplicates=verdict.duplicates + stored_before,
        rejected=verdict.rejected,
    )


async def _heads(
    conn: Connection, resident_id: UUID, source: Source, measures: Sequence[str]
) -> dict[str, Head]:
    """The streams of a source, locked, by measure; made at first need."""
    sql = """
        SELECT stream_id, measure, head_ms
          FROM stream
         WHERE resident_id = $1 AND source = $2 AND measure = ANY($3)
         ORDER BY measure
           FOR UPDATE
    """
    name = msgspec.json.encode(source).decode()
    found = await fetch_all(conn, Head, sql, resident_id, name, measures)
    if len(found) < len(measures):
        await _make(conn, resident_id, name, sorted(set(measures) - {h.measure for h in found}))
        found = await fetch_all(conn, Head, sql, resident_id, name, measures)
    return {head.measure: head for head in found}


async def _make(conn: Connection, resident_id: UUID, source: str, measures: Sequence[str]) -> None:
    sql = """
        INSERT INTO stream (resident_id, stream_id, measure, category, source, head_ms, samples)
        SELECT $1, made.stream_id, made.measure, made.category, $2, 0, 0
          FROM unnest($3::uuid[], $4::text[], $5::text[]) AS made (stream_id, measure, category)
            ON CONFLICT (resident_id, measure, source) DO NOTHING
    """
    ids = [new_id() for _ in measures]
    of_each = [MEASURES[measure].category for measure in measures]
    await conn.execute(sql, resident_id, source, ids, measures, of_each)


async def _known(
    conn: Connection,
    ring: Ring,
    resident_id: UUID,
    streams: dict[str, Head],
    wanted: dict[str, list[Columns]],
) -> dict[UUID, Ints]:
    """The starts stored already, by stream, where the wanted ones overlap; what is newer is not read."""
    sql = """
        SELECT s.stream_id, s.segment_id, s.category, s.key_version, s.body
          FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[])
               AS w (stream_id, earliest, since, until)
          JOIN segment s ON s.resident_id = $1 AND s.stream_id = w.stream_id
                        AND s.first_ms BETWEEN w.earliest AND w.until AND s.last_ms >= w.since
    """
    starts: dict[UUID, list[Ints]] = {head.stream_id: [] for head in streams.values()}
    overlaps = []
    for measure, head in streams.items():
        since = min(int(part.start[0]) for part in wanted[measure])
        if since <= head.head_ms:
            until = max(int(part.start[-1]) for part in wanted[measure])
            # Not subtracted in SQL: under row-level security arithmetic on a column uses no index.
            overlaps.append((head.stream_id, since - SPAN, since, until))
    if overlaps:
        for row in await conn.fetch(sql, resident_id, *zip(*overlaps, strict=True)):
            place = Place(resident_id, row["stream_id"], row["segment_id"], row["key_version"])
            key = ring.keys[row["category"], row["key_version"]]
            starts[row["stream_id"]].append(unseal(key, place, row["body"]).start)
    none = np.empty(0, np.int64)
    return {stream: np.sort(np.concatenate([none, *parts])) for stream, parts in starts.items()}


async def append(
    conn: Connection,
    ring: Ring,
    resident_id: UUID,
    stream_ids: Sequence[UUID],
    additions: Sequence[Addition],
    *,
    uploaded: bool = True,
) -> None:
    """Seal and store the additions, and move the heads of the streams (locked), in one statement."""
    sql = """
        WITH added AS (
            INSERT INTO segment (resident_id, stream_id, segment_id, category, key_version,
                                 first_ms, last_ms, samples, body)
            SELECT $1, * FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::int[],
                                     $7::bigint[], $8::bigint[], $9::int[], $10::bytea[])
            RETURNING stream_id, last_ms, samples)
        UPDATE stream s
           SET last_upload_at = CASE WHEN $11 THEN statement_timestamp() ELSE last_upload_at END,
               head_ms = greatest(s.head_ms, (SELECT max(last_ms) FROM added a WHERE a.stream_id = s.stream_id)),
               samples = s.samples + (SELECT coalesce(sum(samples), 0) FROM added a WHERE a.stream_id = s.stream_id)
         WHERE s.resident_id = $1 AND s.stream_id = ANY($2)
    """
    rows = [_row(ring, resident_id, addition) for addition in additions]
    columns = zip(*rows, strict=True) if rows else [[]] * 8
    await conn.execute(sql, resident_id, stream_ids, *columns, uploaded)


def _row(ring: Ring, resident_id: UUID, addition: Addition) -> tuple[object, ...]:
    stream_id, category, columns = addition
    version = ring.newest(category)
    place = Place(resident_id, stream_id, new_id(), version)
    sealed = seal(ring.keys[category, version], place, columns)
    first, last = int(columns.start[0]), int(columns.start[-1])
    return (stream_id, place.segment_id, category, version, first, last, len(columns.start), sealed)
