"""Use: a study team reads what its participants consented to, under pairwise codes.

Every batch goes through the consent gate and is written into its residents' access logs before
it leaves. A withdrawal between two batches takes the resident out of the next.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from api.auth import staff
from api.dependencies import Conn, DataKeys, Pool, Staff
from api.problems import refusals
from domain.db import Pool as ConnectionPool
from domain.disclosures import uses
from domain.disclosures.model import Given, LastLine, Line, Reader, StudyNotInForce, Wanted, lines
from domain.donations.keys import KeyProvider
from domain.donations.model import SAFE
from domain.errors import NotFound

NDJSON = "application/x-ndjson"

Only = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[a-z][a-z0-9-]*$")]] | None,
    QueryParameter(max_items=50, description="Only these; may stand more than once"),
]
Since = Annotated[
    int | None,
    QueryParameter(name="from", ge=-SAFE, le=SAFE, description="Measured at or after this (ms)"),
]
Until = Annotated[
    int | None,
    QueryParameter(name="to", ge=-SAFE, le=SAFE, description="Measured before this (ms)"),
]
After = Annotated[
    UUID | None, QueryParameter(name="cursor", description="`cursor` of a stream that was cut off")
]

_LINES: Any = Line | LastLine
_answer = ResponseSpec(
    data_container=_LINES,
    description="One JSON document a line; the last one says how the stream ended",
    media_type=NDJSON,
    generate_examples=False,
)


@get(
    "/v1/studies/{study_id:uuid}/samples",
    guards=[staff],
    responses={200: _answer, **refusals(NotFound, StudyNotInForce)},
)
async def samples(  # noqa: PLR0913, PLR0917 - each is asked for by name
    conn: Conn,
    member: Staff,
    pool: Pool,
    data_keys: DataKeys,
    study_id: FromPath[UUID],
    category: Only = None,
    measure: Only = None,
    since: Since = None,
    until: Until = None,
    after: After = None,
) -> Stream:
    """The samples that the study's consents open now, participant by participant."""
    if study_id not in member.studies:
        raise NotFound
    reader = Reader(study_id, member.member_id)
    await uses.check_standing(conn, reader)
    wanted = Wanted(category, measure, since, until)
    return Stream(_written(pool, data_keys, reader, wanted, after), media_type=NDJSON)


async def _written(
    pool: ConnectionPool, keys: KeyProvider, reader: Reader, wanted: Wanted, after: UUID | None
) -> AsyncIterator[bytes]:
    encode = msgspec.json.Encoder().encode
    async for one in uses.samples(pool, keys, reader, wanted, after):
        for line in lines(one) if isinstance(one, Given) else (one,):
            yield encode(line) + b"\n"


routes: list[Any] = [samples]
