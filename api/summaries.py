"""Summaries: what a measure comes to by day or by hour, where the resident lives."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct, ValidationError, convert
from msgspec.structs import asdict

from api import at_once
from api.at_once import AT_ONCE, Answer
from api.auth import resident
from api.dependencies import Conn, DataKeys, Visitor
from api.problems import refusals
from domain import fields
from domain.donations import summaries
from domain.donations.days import By
from domain.donations.measures import MEASURES
from domain.donations.summaries import Asked, Summary
from domain.errors import Invalid, NotFound
from domain.fields import Code

First = Annotated[
    date,
    QueryParameter(
        name="from", description="The first day", schema_extra={"examples": ["2026-01-01"]}
    ),
]
Until = Annotated[
    date,
    QueryParameter(
        name="to",
        description="The day after the last one",
        schema_extra={"examples": ["2027-01-01"]},
    ),
]
Zone = Annotated[
    str | None,
    QueryParameter(
        max_length=64,
        pattern=r"^[A-Za-z0-9_+/-]+$",
        description="Whose days (IANA); else those of my preferences",
    ),
]
Step = Annotated[By, QueryParameter(description="Days, or hours of 400 days at most")]


class Query(Struct, frozen=True, rename={"first": "from", "until": "to"}):
    """The parameters of the route as they stand in an address."""

    first: date
    until: date
    by: By = "day"
    zone: fields.Zone | None = None


async def _summary_at_once(asking: at_once.Asked) -> Answer | None:
    """None where anything is odd in the address: the route tells what."""
    request, measure = asking.request, asking.request.path_params["measure"]
    named = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    try:
        query = convert(dict(named), Query, strict=False)
    except ValidationError:
        return None
    if measure not in MEASURES:
        return None
    asked = Asked(measure=measure, **asdict(query))
    async with asking.connection() as conn:
        try:
            found = await summaries.summarise(conn, asking.state.data_keys, asking.door, asked)
        except Invalid:  # told to residents alone, and nobody has been let in
            return None
    return Answer(msgspec.json.encode(found))


@get(
    "/v1/me/summaries/{measure:str}",
    guards=[resident],
    opt={AT_ONCE: _summary_at_once},
    responses=refusals(NotFound, Invalid),
)
async def summary(
    conn: Conn,
    visitor: Visitor,
    data_keys: DataKeys,
    measure: FromPath[Code],
    first: First,
    until: Until,
    by: Step = "day",
    zone: Zone = None,
) -> Summary:
    """One of my measures by day or by hour: as a sum, a mean, the time in each state, or how often.

    Sources that measure the same are not added up. Each has its own series, and the total of a day
    is that of the source whose samples cover most of it.
    """
    asked = Asked(measure=measure, first=first, until=until, by=by, zone=zone)
    return await summaries.summarise(conn, data_keys, visitor.door, asked)


routes: list[Any] = [summary]
