"""One's own donations over all streams: read, and taken along."""

from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream

from api.auth import resident
from api.dependencies import Conn, DataKeys, Me, Pool
from api.donations import Since, Until
from api.pages import Cursor, Page, cursor_of, key_of
from domain.donations import own_reads
from domain.donations.exports.model import Format
from domain.donations.exports.walk import FORMS, Own
from domain.donations.model import SAFE, Millis
from domain.donations.own_reads import Mark, Most, Part, Wanted, parts
from domain.fields import CLEAN, Code

Measures = Annotated[
    list[Code] | None,
    QueryParameter(
        name="measure", max_items=50, description="Only these; may stand more than once"
    ),
]
App = Annotated[
    str | None,
    QueryParameter(
        name="source", max_length=200, pattern=CLEAN, description="Only what this app gave"
    ),
]
Device = Annotated[
    str | None,
    QueryParameter(max_length=200, pattern=CLEAN, description="Only what this device measured"),
]
SampleLimit = Annotated[
    int, QueryParameter(ge=1, le=50_000, description="The most samples of a page")
]

As = Annotated[Format, QueryParameter(name="format", description="The form to write in")]


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
    return Page(items=parts(found), next=None if found.mark is None else cursor_of(found.mark))


@get(
    "/v1/me/donations/export",
    guards=[resident],
    opt={"answers": sorted({form.media_type for form in FORMS.values()})},
)
async def export(
    conn: Conn,  # noqa: ARG001 - lets in
    me: Me,
    pool: Pool,
    data_keys: DataKeys,
    form: As,
    measure: Measures = None,
    since: Since = -SAFE,
    until: Until = SAFE,
) -> Stream:
    """Take my donations along: as a table, as columns, as a FHIR Bundle or as Open mHealth documents.

    Columns (`json`) and documents stand in bodies that could be uploaded again. Each form says at its
    end whether it is complete: the last line of the table, `complete`, the Bundle's last entry.
    What Open mHealth has no schema for is named in `left_out`.
    """
    chosen = FORMS[form]
    own = Own(pool, data_keys, me.resident_id, Wanted(since, until, measure or ()))
    return Stream(
        own.written(chosen),
        media_type=chosen.media_type,
        headers={"Content-Disposition": f'attachment; filename="donations.{chosen.suffix}"'},
    )


routes: list[Any] = [samples, export]
