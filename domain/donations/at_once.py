"""An upload in two round trips: look, judge and seal without a lock, then store it if nothing has changed.

That is for what phones send day after day: samples newer than all that their streams hold, or the
first of a stream.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.db import new_id
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


class _Addition(Struct, frozen=True):
    """A segment as `donation_append_at_once` reads it: `place` and `size` are of its body."""

    measure: str
    seq: int
    stream_id: UUID
    segment_id: UUID
    category: str
    version: int
    first_ms: int
    last_ms: int
    samples: int
    place: int
    size: int


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
    sql = "SELECT n, stored FROM donation_append_at_once($1, $2)"
    resident_id, scopes = seen.opening.resident_id, [new.addition.category for new in news]
    ring, new_keys = await with_new(keys, seen.opening.ring, resident_id, scopes)
    additions, bodies = list[_Addition](), bytearray()
    for head, addition in news:
        segment = sealed(ring, resident_id, addition)
        place, size = len(bodies) + 1, len(segment[-1])
        additions.append(_Addition(head.measure, head.seq, *segment[:-1], place, size))
        bodies += segment[-1]
    stored = await at_once(
        ask, sql, bytes(bodies), resident_id=resident_id, event_seq=seen.event_seq, blocks=seen.blocks,
        route=knock.route, key=knock.key, fingerprint=knock.fingerprint, answer=answer,
        source=source_name(upload.source), keys=new_keys, additions=additions,
    )  # fmt: skip
    return bool(stored)
