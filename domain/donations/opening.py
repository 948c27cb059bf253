"""What an upload has to know before it can be judged and stored, in one round trip, behind the resident's lock."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from domain.consents import gate
from domain.consents.gate import Collectable
from domain.db import Connection, new_id
from domain.donations.data_keys import Ring, opened_or_made, ring_of
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.model import Source, TooManyUploads, Upload
from domain.errors import Unauthenticated
from domain.residents.identity import Door, Knock
from domain.trips import Asking

MOST_UPLOADS = 1_000
"""Uploads that one stream takes in a minute: enough to bring years of samples, no more than a phone sends."""


class Head(NamedTuple):
    """A stream locked for writing, the start of its newest sample in ms, and how many uploads it has taken."""

    stream_id: UUID
    measure: str
    head_ms: int
    seq: int


class Opening(NamedTuple):
    """When what may be collected, the data keys, and the source's streams by measure."""

    resident_id: UUID
    collectable: dict[str, Collectable]
    ring: Ring
    streams: dict[str, Head]


async def open_for(
    conn: Connection, keys: KeyProvider, resident_id: UUID, upload: Upload
) -> Opening:
    """For a resident who has entered already.

    Raises:
        Unauthenticated: the account has been erased meanwhile.
        TooManyUploads: more of late than one stream takes.

    """
    sql = """
        SELECT categories, periods, live, scopes, versions, keks, wrapped,
               stream_ids, measures, heads, seqs, wait
          FROM donation_open($1, $2, $3, $4, $5)
    """
    row = await conn.fetchrow(sql, resident_id, *_wanted(upload))
    if row is None:
        raise Unauthenticated
    return await _opening(keys, resident_id, row)


async def open_at(conn: Connection, keys: KeyProvider, knock: Knock, upload: Upload) -> Opening:
    """The same together with letting the resident in. Raises as `open_for`, and what `admit` does."""
    sql = """
        SELECT e.resident_id, e.language, e.zone, e.refused_until,
               e.turn, e.fingerprint, e.status, e.content_type, e.body,
               o.categories, o.periods, o.live, o.scopes, o.versions, o.keks, o.wrapped,
               o.stream_ids, o.measures, o.heads, o.seqs, o.wait, o.locked
          FROM enter($1, $2, $3, $4) e
          LEFT JOIN LATERAL donation_open(
               CASE WHEN e.turn AND e.status IS NULL THEN e.resident_id END,
               $5, $6, $7, $8) o ON true
    """
    door = knock.door
    row = await conn.fetchrow(
        sql, door.issuer, door.subject_hmac, knock.route, knock.key, *_wanted(upload)
    )
    if row is None:
        raise Unauthenticated
    resident = knock.admit(row)
    if not row["locked"]:
        raise Unauthenticated
    return await _opening(keys, resident.resident_id, row)


class Look(NamedTuple):
    """An `Opening` without a lock, and what it hangs on: the resident's last event, and blocks.

    `noted`: of samples that come with ids some may have been deleted, or replaced.
    """

    opening: Opening
    event_seq: int
    blocks: list[UUID]
    noted: bool


async def look(ask: Asking, keys: KeyProvider, door: Door, upload: Upload) -> Look:
    """Let the resident in and see how things stand. Raises as `open_for`, and what `Door.admit` does."""
    sql = """
        SELECT a.n, me.resident_id, me.language, me.zone, me.refused_until,
               o.categories, o.periods, o.live, o.scopes, o.versions, o.keks, o.wrapped,
               o.stream_ids, o.measures, o.heads, o.seqs, o.wait, o.event_seq, o.blocks, o.noted
          FROM jsonb_to_recordset($1) AS a (
               n integer, issuer text, subject text, source text, measures text[], categories text[], most integer,
               ids boolean)
         CROSS JOIN LATERAL enter_alone(a.issuer, decode(a.subject, 'base64')) me
          LEFT JOIN LATERAL donation_look(
               me.resident_id, a.source, a.measures, a.categories, a.most, a.ids) o ON true
    """
    source, measures, categories, most = _wanted(upload)
    (row,) = await ask(
        sql, issuer=door.issuer, subject=door.subject_hmac, source=source, measures=measures,
        categories=categories, most=most, ids=any(batch.id is not None for batch in upload.batches),
    )  # fmt: skip
    opening = await _opening(keys, door.admit(row).resident_id, row)
    return Look(opening, row["event_seq"], row["blocks"] or [], bool(row["noted"]))


def _wanted(upload: Upload) -> tuple[str, set[str], set[str], int]:
    given = {batch.measure for batch in upload.batches}
    named = (given | {one.measure for one in upload.deletions}) & MEASURES.keys()
    categories = {MEASURES[measure].category for measure in named}
    return source_name(upload.source), named, categories, MOST_UPLOADS


def source_name(source: Source) -> str:
    """A source as streams are told apart by it."""
    return msgspec.json.encode(source).decode()


async def _opening(keys: KeyProvider, resident_id: UUID, row: Record) -> Opening:
    if row["wait"] is not None:
        raise TooManyUploads(max(1, row["wait"]))
    collectable = gate.collectable(_columns(row, "categories", "periods", "live"))
    ring = await ring_of(keys, resident_id, _columns(row, "scopes", "versions", "keks", "wrapped"))
    streams = {
        measure: Head(stream_id, measure, head_ms, seq)
        for stream_id, measure, head_ms, seq in _columns(
            row, "stream_ids", "measures", "heads", "seqs"
        )
    }
    return Opening(resident_id, collectable, ring, streams)


def _columns(row: Record, *names: str) -> list[tuple[Any, ...]]:
    """The rows that stand as arrays in a row, NULL for none."""
    return list(zip(*(row[name] or () for name in names), strict=True))


async def completed(
    conn: Connection,
    keys: KeyProvider,
    opening: Opening,
    source: Source,
    given: Collection[str],
    deleted: Collection[str],
) -> Opening:
    """With the keys and the streams that these measures need, made where it is their first upload."""
    scopes = sorted({MEASURES[measure].category for measure in given})
    measures = sorted({*given, *deleted})
    ring, streams = opening.ring, opening.streams
    if not {scope for scope, _ in ring.keys}.issuperset(scopes):
        ring = await opened_or_made(conn, keys, opening.resident_id, scopes)
    if not streams.keys() >= set(measures):
        streams = streams | await _made(conn, opening.resident_id, source, measures)
    return opening._replace(ring=ring, streams=streams)


async def _made(
    conn: Connection, resident_id: UUID, source: Source, measures: Sequence[str]
) -> dict[str, Head]:
    """These streams of a source, made where they are missing, and locked in the order of their measures."""
    sql = """
        INSERT INTO stream (resident_id, stream_id, measure, category, source, head_ms, samples)
        SELECT $1, made.stream_id, made.measure, made.category, $2, 0, 0
          FROM unnest($3::uuid[], $4::text[], $5::text[]) AS made (stream_id, measure, category)
         ORDER BY made.measure
            ON CONFLICT (resident_id, measure, source) DO NOTHING
    """
    name, ids = source_name(source), [new_id() for _ in measures]
    of_each = [MEASURES[measure].category for measure in measures]
    await conn.execute(sql, resident_id, name, ids, measures, of_each)
    sql = """
        SELECT stream_id, measure, head_ms, seq
          FROM stream
         WHERE resident_id = $1 AND source = $2 AND measure = ANY($3)
         ORDER BY measure
           FOR UPDATE
    """
    rows = await conn.fetch(sql, resident_id, name, measures)
    return {row["measure"]: Head(*row.values()) for row in rows}
