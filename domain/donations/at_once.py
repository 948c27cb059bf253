"""An upload in two round trips: look, judge and seal without a lock, then store it if nothing has changed.

That is for what phones send day after day: samples newer than all that their streams hold.
"""

from datetime import datetime
from typing import NamedTuple

import msgspec

from domain.db import Connection, at_once, text_array
from domain.donations.admission import Judged, judge_all
from domain.donations.columns import cut
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.model import Upload, UploadAnswer, total
from domain.donations.opening import Head, Look, look
from domain.donations.store import Addition, answered, sealed
from domain.residents.identity import Knock


class _New(NamedTuple):
    """Samples that follow all of their stream, in one segment."""

    head: Head
    addition: Addition


async def donate(
    conn: Connection, keys: KeyProvider, knock: Knock, upload: Upload, now: datetime
) -> bytes | None:
    """`store.donate` with the resident let in; the answer's JSON as it is kept under its Idempotency-Key.

    None where it is not to be done so, or was not: nothing is stored then. Raises what `look` does.
    """
    if upload.deletions or any(batch.id is not None for batch in upload.batches):
        return None
    seen = await look(conn, keys, knock.door, upload)
    opening = seen.opening
    verdicts = judge_all(upload.batches, opening.collectable, int(now.timestamp() * 1000))
    news = _news(seen, upload, verdicts)
    if not news:
        return None
    heads = [opening.streams.get(batch.measure) for batch in upload.batches]
    answer: UploadAnswer = total(
        [
            answered(verdict, head if len(verdict.columns.start) else None, verdict.columns)
            for head, verdict in zip(heads, verdicts, strict=True)
        ]
    )
    body = msgspec.json.encode(answer)
    return body if await _appended(conn, knock, seen, news, body) else None


def _news(seen: Look, upload: Upload, verdicts: list[Judged]) -> list[_New]:
    """The segments to append, by their measures' names; none where there is more to it than that."""
    scopes = {scope for scope, _ in seen.opening.ring.keys}
    news = []
    for batch, verdict in zip(upload.batches, verdicts, strict=True):
        start = verdict.columns.start
        if not len(start):
            continue
        head, category = seen.opening.streams.get(batch.measure), MEASURES[batch.measure].category
        parts = cut(verdict.columns)
        if head is None or head.head_ms >= start[0] or category not in scopes or len(parts) > 1:
            return []
        news.append(_New(head, Addition(head.stream_id, category, verdict.columns)))
    news.sort(key=lambda new: new.head.measure)
    once = len({new.head.stream_id for new in news}) == len(news)
    return news if once else []


async def _appended(
    conn: Connection, knock: Knock, seen: Look, news: list[_New], answer: bytes
) -> bool:
    sql = """
        SELECT donation_append_at_once(
            $1, $2, $3::text::uuid[], $4, $5, $6, $7,
            $8::text::uuid[], $9::text::bigint[], $10::text::uuid[], $11::text::text[],
            $12::text::integer[], $13::text::bigint[], $14::text::bigint[], $15::text::integer[], $16)
    """
    ring, resident_id = seen.opening.ring, seen.opening.resident_id
    streams, *columns, bodies = zip(
        *[sealed(ring, resident_id, new.addition) for new in news], strict=True
    )
    return await at_once(
        conn, sql, resident_id, seen.event_seq, text_array(seen.blocks),
        knock.route, knock.key, knock.fingerprint, answer,
        text_array(streams), text_array(new.head.seq for new in news), *map(text_array, columns), bodies,
    )  # fmt: skip
