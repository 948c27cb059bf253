"""One's own donations over all streams: read, and taken along."""

from base64 import urlsafe_b64encode
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import QueryParameter

from api.auth import resident
from api.dependencies import Conn, DataKeys, Me
from api.donations import Since, Until
from api.pages import Cursor, Page, key_of
from domain.donations import own_reads
from domain.donations.model import SAFE, Millis
from domain.donations.own_reads import Mark, Most, Part, Wanted, parts
from domain.fields import Code, Name

Measures = Annotated[
    list[Code] | None,
    QueryParameter(
        name="measure", max_items=50, description="Only these; may stand more than once"
    ),
]
App = Annotated[Name | None, QueryParameter(name="source", description="Only what this app gave")]
Device = Annotated[Name | None, QueryParameter(description="Only what this device measured")]
SampleLimit = Annotated[
    int, QueryParameter(ge=1, le=50_000, description="The most samples of a page")
]


@get("/v1/me/samples", guards=[resident])
async def samples(  # noqa: PLR0913, PLR0917 - each is asked for by name
    conn: Conn,
    me: Me,
    data_keys: DataKeys,
    measure: Measures = None,
    app: App = None,
    device: Device = None,
    since: Since = -SAFE,
    until: Until = SAFE,
    cursor: Cursor = None,
    limit: SampleLimit = 1_000,
) -> Page[Part]:
    """My samples, stream by stream, each in order of time, as they could be uploaded again."""
    key = key_of(cursor, tuple[UUID, Millis])
    wanted = Wanted(since, until, measure or (), app, device)
    found = await own_reads.read(
        conn, data_keys, me.resident_id, wanted, Mark(*key) if key else None, Most(limit)
    )
    return Page(items=parts(found), next=_cursor(found.mark))


def _cursor(mark: Mark | None) -> str | None:
    if mark is None:
        return None
    return urlsafe_b64encode(msgspec.json.encode(mark)).rstrip(b"=").decode()


routes: list[Any] = [samples]
