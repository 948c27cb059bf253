"""Donations: wearable data that residents give, read back and delete.

Times are milliseconds since 1970 in UTC; units are UCUM codes.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.at_once import AT_ONCE, Answer, Asked
from api.auth import resident, resident_alone
from api.bodies import JSON, MSGPACK
from api.dependencies import Conn, DataKeys, Me, Once, Visitor, whole
from api.pages import Cursor, Limit, Page, cursor_of, key_of, page
from api.problems import refusals
from domain.donations import at_once, streams, wire
from domain.donations import store as donations
from domain.donations.model import SAFE, Batch, Deleted, Millis, Stream, Upload, UploadAnswer
from domain.donations.opening import open_at
from domain.errors import NotFound

LARGEST = 8 << 20
"""Bytes of an upload: the most samples that one may hold fit into it."""

MeasureCode = Annotated[
    str | None, QueryParameter(max_length=64, pattern=r"^[a-z][a-z0-9-]*$", description="Only this")
]
Since = Annotated[
    int,
    QueryParameter(
        name="from", ge=-SAFE, le=SAFE, description="Samples that start at or after this"
    ),
]
Until = Annotated[
    int, QueryParameter(name="to", ge=-SAFE, le=SAFE, description="Samples that start before this")
]
SampleLimit = Annotated[
    int, QueryParameter(ge=1, le=10_000, description="The most samples of a page")
]


async def _donate_at_once(asked: Asked) -> Answer | None:
    upload, knock, now = await asked.data(), await asked.knock(), datetime.now(UTC)
    stored = await at_once.donate(asked.rows, asked.state.data_keys, knock, upload, now)
    return None if stored is None else Answer(stored)


@post(
    "/v1/me/donations",
    guards=[resident_alone],
    opt={
        "body_limit": LARGEST,
        "media_types": (JSON, MSGPACK),
        "reads": wire.upload,
        AT_ONCE: _donate_at_once,
    },
    status_code=200,
)
async def donate(
    conn: Conn, visitor: Visitor, once: Once, data_keys: DataKeys, data: JSONBody[Upload]
) -> Response[UploadAnswer]:
    """Give samples from one source.

    Each batch is answered: how many samples were stored, how many were there already, and which
    were not taken and why. Only what was measured while a consent to collect it held is taken.
    Sending samples again, in any order and any split, stores none of them twice.
    """
    async with whole(conn, visitor, once):
        opening = await open_at(conn, data_keys, once.knock(visitor.door), data)
        now = datetime.now(UTC)
        taken = await donations.take(conn, data_keys, opening, data, now, once.key)
        return once.keep(taken.answer, 200, first=taken.words)


@get("/v1/me/streams", guards=[resident])
async def list_streams(
    conn: Conn, me: Me, measure: MeasureCode = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[Stream]:
    """What I have given, by measure and source."""
    after = key_of(cursor, tuple[UUID])
    found = await streams.streams(
        conn, me.resident_id, measure=measure, after=after[0] if after else None, limit=limit + 1
    )
    return page(found, limit, "stream_id")


@get("/v1/me/streams/{stream_id:uuid}/samples", guards=[resident], responses=refusals(NotFound))
async def samples(
    conn: Conn,
    me: Me,
    data_keys: DataKeys,
    stream_id: FromPath[UUID],
    since: Since = -SAFE,
    until: Until = SAFE,
    cursor: Cursor = None,
    limit: SampleLimit = 1_000,
) -> Page[Batch]:
    """My samples of one stream, in order of time, as they could be uploaded again."""
    after = key_of(cursor, tuple[Millis])
    found = await streams.read(
        conn, data_keys, me.resident_id, stream_id,
        since_ms=after[0] if after else since, until_ms=until, limit=limit,
    )  # fmt: skip
    return Page(
        items=found.batches, next=None if found.next_ms is None else cursor_of([found.next_ms])
    )


@delete(
    "/v1/me/streams/{stream_id:uuid}",
    guards=[resident],
    status_code=200,
    responses=refusals(NotFound),
)
async def delete_stream(conn: Conn, me: Me, stream_id: FromPath[UUID]) -> Deleted:
    """Delete a stream with all its samples."""
    return await streams.delete(conn, me.resident_id, stream_id)


@delete(
    "/v1/me/streams/{stream_id:uuid}/samples",
    guards=[resident],
    status_code=200,
    responses=refusals(NotFound),
)
async def delete_samples(
    conn: Conn, me: Me, data_keys: DataKeys, stream_id: FromPath[UUID], since: Since, until: Until
) -> Deleted:
    """Delete the samples of a time from one stream."""
    return await streams.delete_samples(
        conn, data_keys, me.resident_id, stream_id, since_ms=since, until_ms=until
    )


routes: list[Any] = [donate, list_streams, samples, delete_stream, delete_samples]
