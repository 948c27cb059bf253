"""An upload in two round trips: look, judge and seal without a lock, then store it if nothing has changed.

That is for what phones send day after day: samples newer than all that their streams hold, or the
first of a stream.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

import msgspec

from domain.db import as_json, new_id, text_array
from domain.donations.admission import Judged, judge_all
from domain.donations.columns import cut
from domain.donations.data_keys import with_new
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.model import Upload, UploadAnswer, total
from domain.donations.opening import Head, Look, look, source_name
from domain.donations.store import Addition, answered, sealed
from domain.residents.identity import Knock
from domain.trips import Asking, at_once

NEW = -1
"""The `seq` of a stream that is made with what it begins with."""


class _New(NamedTuple):
    """Samples that follow all of their stream, in one segment."""

    head: Head
    addition: Addition


async def donate(
    ask: Asking,
    keys: KeyProvider,
    knock: Knock,
    upload: Upload,
    now: datetime,
    told: Callable[[UploadAnswer], object] = lambda answer: answer,
) -> bytes | None:
    """`store.donate` with the resident let in; the answer's JSON as it is kept under its Idempotency-Key.

    `told`: what is answered instead. None where it is not to be done so, or was not: nothing is stored
    then. Raises what `look` does, and `KeyUnavailable`.
    """
    if upload.deletions or any(batch.replaces for batch in upload.batches):
        return None
    seen = await look(ask, keys, knock.door, upload)
    if seen.noted:
        return None
    opening = seen.opening
    verdicts = judge_all(upload.batches, opening.collectable, int(now.timestamp() * 1000))
    news = _news(seen, upload, verdicts)
    if not news:
        return None
    heads = {new.head.measure: new.head for new in news}
    answer: UploadAnswer = total(
        [
            answered(
                verdict,
                heads.get(batch.measure) if len(verdict.columns.start) else None,
                verdict.columns,
            )
            for batch, verdict in zip(upload.batches, verdicts, strict=True)
        ]
    )
    body = msgspec.json.encode(told(answer))
    return body if await _appended(ask, keys, knock, seen, upload, news, body) else None


def _news(seen: Look, upload: Upload, verdicts: list[Judged]) -> list[_New]:
    """The segments to append, by their measures' names; none where there is more to it than that."""
    news = dict[str, _New]()
    for batch, verdict in zip(upload.batches, verdicts, strict=True):
        measure, start = batch.measure, verdict.columns.start
        if not len(start):
            continue
        head = seen.opening.streams.get(measure) or Head(new_id(), measure, int(start[0]) - 1, NEW)
        if head.head_ms >= start[0] or measure in news or len(cut(verdict.columns)) > 1:
            return []
        category = MEASURES[measure].category
        news[measure] = _New(head, Addition(head.stream_id, category, verdict.columns))
    return [news[measure] for measure in sorted(news)]


async def _appended(
    ask: Asking,
    keys: KeyProvider,
    knock: Knock,
    seen: Look,
    upload: Upload,
    news: list[_New],
    answer: bytes,
) -> bool:
    sql = """
        SELECT a.n, donation_append_at_once(
               a.resident_id, a.event_seq, a.blocks::uuid[], a.route, a.key, a.fingerprint, a.answer,
               a.source, a.keys::jsonb, a.streams::uuid[], a.measures::text[], a.seqs::bigint[],
               a.segments::uuid[], a.categories::text[], a.versions::integer[], a.firsts::bigint[],
               a.lasts::bigint[], a.samples::integer[], a.places::integer[], a.sizes::integer[], a.bodies) AS stored
          FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[],
                      $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                      $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::bytea[])
               WITH ORDINALITY AS a (resident_id, event_seq, blocks, route, key, fingerprint, answer,
                                     source, keys, streams, measures, seqs, segments, categories, versions,
                                     firsts, lasts, samples, places, sizes, bodies, n)
    """
    resident_id, scopes = seen.opening.resident_id, [new.addition.category for new in news]
    ring, new_keys = await with_new(keys, seen.opening.ring, resident_id, scopes)
    streams, *columns, bodies = zip(
        *[sealed(ring, resident_id, new.addition) for new in news], strict=True
    )
    sizes = [len(body) for body in bodies]
    places = accumulate(sizes[:-1], initial=1)
    stored = await at_once(
        ask, sql, resident_id, seen.event_seq, text_array(seen.blocks),
        knock.route, knock.key, knock.fingerprint, answer,
        source_name(upload.source), as_json(new_keys), text_array(streams),
        text_array(new.head.measure for new in news), text_array(new.head.seq for new in news),
        *map(text_array, columns), text_array(places), text_array(sizes), b"".join(bodies),
    )  # fmt: skip
    return bool(stored)
