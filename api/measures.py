"""Measures: what can be donated, and by which codes phones' stores and standards know it.

Every app reads the same, so it may be kept for an hour, and asked for again by its ETag.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter
from msgspec import Meta, Struct

from api.problems import refusals
from domain.consents.categories import CATEGORIES
from domain.donations.measures import MEASURES, Component, Measure
from domain.errors import NotFound
from domain.fields import Code

KEEP = {"Cache-Control": "public, max-age=3600"}

IfNoneMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match", max_length=1000, description="The ETag of what you have (RFC 9110)"
    ),
]


class CategoryShown(Struct, frozen=True, kw_only=True):
    """A data category: one choice. A sensitive one is off wherever several are chosen at once."""

    code: str
    sensitive: bool
    names: Mapping[str, str]


class ComponentShown(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column of values: numbers between bounds, or codes."""

    name: str
    low: float | None = None
    high: float | None = None
    codes: tuple[str, ...] | None = None
    loinc: str | None = None


class MeasureShown(Struct, frozen=True, kw_only=True):
    """One measure. A batch has `value` where the only component is called so, else `components`.

    `unit` is what is stored, `units` are all that are taken, as UCUM codes. A sample over an
    interval has an end, at most `longest_ms` after its start.
    """

    code: Annotated[str, Meta(examples=["heart-rate"])]
    category: str
    sensitive: bool
    names: Annotated[Mapping[str, str], Meta(description="By language")]
    unit: str | None
    units: list[str]
    components: list[ComponentShown]
    time_frame: Literal["point", "interval"]
    longest_ms: int | None
    summary: Annotated[str, Meta(description="How a day is told")]
    healthkit: tuple[str, ...]
    health_connect: tuple[str, ...]
    open_mhealth: tuple[str, ...]
    ieee: Annotated[tuple[str, ...], Meta(description="IEEE 1752.1")]
    loinc: tuple[str, ...]


class Catalogue(Struct, frozen=True, kw_only=True):
    """All categories, and all measures."""

    categories: list[CategoryShown]
    items: list[MeasureShown]


_SAME = ResponseSpec(None, description="What you have is still so")


@get("/v1/measures", responses={304: _SAME}, sync_to_thread=False)
def catalogue(if_none_match: IfNoneMatch = None) -> Response[Catalogue]:
    """What can be donated."""
    return _answer(_catalogue(), if_none_match)


@get(
    "/v1/measures/{measure:str}",
    responses={304: _SAME, **refusals(NotFound)},
    sync_to_thread=False,
)
def measure(measure: FromPath[Code], if_none_match: IfNoneMatch = None) -> Response[MeasureShown]:
    """One measure."""
    found = MEASURES.get(measure)
    if found is None:
        raise NotFound
    return _answer(_shown(found), if_none_match)


@cache
def _catalogue() -> Catalogue:
    categories = [
        CategoryShown(code=one.code, sensitive=one.sensitive, names=one.names)
        for one in CATEGORIES.values()
    ]
    return Catalogue(categories=categories, items=[_shown(one) for one in MEASURES.values()])


def _shown(one: Measure) -> MeasureShown:
    return MeasureShown(
        code=one.code,
        category=one.category,
        sensitive=CATEGORIES[one.category].sensitive,
        names=one.names,
        unit=one.unit,
        units=sorted(one.units),
        components=[_component(component) for component in one.components],
        time_frame="point" if one.longest_ms is None else "interval",
        longest_ms=one.longest_ms,
        summary=one.summary,
        healthkit=one.healthkit,
        health_connect=one.health_connect,
        open_mhealth=one.open_mhealth,
        ieee=one.ieee,
        loinc=one.loinc,
    )


def _component(one: Component) -> ComponentShown:
    if one.codes:
        return ComponentShown(name=one.name, codes=one.codes, loinc=one.loinc)
    return ComponentShown(name=one.name, low=one.low, high=one.high, loinc=one.loinc)


def _answer(content: Any, if_none_match: str | None) -> Response[Any]:  # noqa: ANN401 - as given
    tag = f'"{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]}"'
    headers = {**KEEP, "ETag": tag}
    held = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    if tag in held or "*" in held:
        return Response(None, status_code=304, headers=headers)
    return Response(content, headers=headers)


routes: list[Any] = [catalogue, measure]
