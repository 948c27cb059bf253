"""What an app asks when it starts: all that is new for its resident, in one call."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.params import QueryParameter
from msgspec import Meta, Struct

from api.auth import resident
from api.dependencies import Conn, Me
from api.pages import cursor_of, key_of
from domain.consents import review
from domain.consents import store as consents
from domain.consents.review import Waiting
from domain.donations import streams
from domain.donations.model import Stream
from domain.surveys import assignments
from domain.surveys.assignments import Assignment
from notifications import inbox
from notifications.inbox import Message

OVERLAP = timedelta(seconds=90)
"""Longer than any transaction lasts: what began before a call and was committed after it is in the next."""
OLDEST = timedelta(days=30)
MOST = 200

Since = Annotated[
    str | None,
    QueryParameter(max_length=100, description="`next` of the call before; without it, the whole"),
]


class Changes(Struct, frozen=True, kw_only=True):
    """What is new since the last call. Some of it may come twice: it is known by its ids.

    `whole`: all of it, since the last call was too long ago, or none is named. `waiting` and
    `assignments` are always all that wait for an answer now. Of messages, streams and assignments come
    at most 200; `more` says where that was not enough, and the lists of each have the rest.
    `deleted_streams`: those that I deleted since; what went with a withdrawal shows in `consent_seq`.
    """

    next: str
    whole: bool
    more: bool
    consent_seq: int
    waiting: list[Waiting]
    unread: int
    messages: list[Message]
    streams: list[Stream]
    deleted_streams: list[UUID]
    assignments: list[Assignment]


@get("/v1/me/changes", guards=[resident])
async def changes(conn: Conn, me: Me, since: Since = None) -> Changes:
    """What changed for me: consents and surveys to answer, messages, and how far each stream has come."""
    unread, now = await inbox.unread(conn, me.resident_id)
    last = key_of(since, tuple[Annotated[datetime, Meta(tz=True)]])
    whole = last is None or not now - OLDEST < last[0] <= now
    after = None if whole or last is None else last[0] - OVERLAP
    told = await inbox.changed(conn, me.resident_id, me.language, after, MOST + 1)
    given = await streams.changed(conn, me.resident_id, after, MOST + 1)
    asked = await assignments.open_now(conn, me.resident_id, MOST + 1)
    gone = [] if after is None else await streams.deleted(conn, me.resident_id, after)
    return Changes(
        next=cursor_of([now]),
        whole=whole,
        more=max(len(told), len(given), len(asked)) > MOST,
        consent_seq=await consents.seq(conn, me.resident_id),
        waiting=await review.waiting(conn, me.resident_id),
        unread=unread,
        messages=told[:MOST],
        streams=given[:MOST],
        deleted_streams=gone,
        assignments=asked[:MOST],
    )


routes: list[Any] = [changes]
