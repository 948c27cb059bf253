"""Summaries: what a measure comes to by day or by hour, where the resident lives."""

from datetime import date
from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, QueryParameter

from api.auth import resident
from api.dependencies import Conn, DataKeys, Me
from api.problems import refusals
from domain.donations import summaries
from domain.donations.days import By
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


@get("/v1/me/summaries/{measure:str}", guards=[resident], responses=refusals(NotFound, Invalid))
async def summary(
    conn: Conn,
    me: Me,
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
    asked = Asked(measure=measure, first=first, until=until, by=by, zone=zone or me.zone)
    return await summaries.summarise(conn, data_keys, me.resident_id, asked)


routes: list[Any] = [summary]
