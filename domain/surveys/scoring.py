"""Scores by declared rules: sums and means, reversed items, what to do about missing ones, bands. Pure.

Numbers are exact (fractions until the last step) and rounded once, half away from zero, as hand
scoring does. The same declaration and answers always give the same scores: they can be recomputed.
"""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace

from domain.fields import Code, Input, Language, Name
from domain.surveys.declarations import (
    Answered,
    Items,
    LinkId,
    MaybePoints,
    Points,
    Problem,
    Value,
    twice,
    unknown,
    within_bounds,
)

MOST_PLACES = 6


Exact: TypeAlias = int | Fraction


class Scored(Input, frozen=True, kw_only=True):
    """An item that counts. `points` gives codes their worth; without them a number counts itself.

    Reversed, it counts as `low + high - value`: both ends of the item's scale must be said.
    """

    link_id: LinkId
    points: Annotated[dict[LinkId, Points], Meta(max_length=200)] | None = None
    reverse: bool = False
    low: MaybePoints = None
    high: MaybePoints = None


class Band(Input, frozen=True, kw_only=True):
    """A named stretch of a score, from `low` up to the next band."""

    code: Code
    low: Points
    names: Annotated[dict[Language, Name], Meta(min_length=1, max_length=50)]


class Scale(Input, frozen=True, kw_only=True):
    """One score. With more than `max_missing` items missing there is none.

    `missing`: `prorate` counts a missing item as the mean of those answered, `zero` as nothing.
    """

    code: Code
    names: Annotated[dict[Language, Name], Meta(min_length=1, max_length=50)]
    method: Literal["sum", "mean"]
    items: Annotated[list[Scored], Meta(min_length=1, max_length=500)]
    max_missing: Annotated[int, Meta(ge=0, le=500)] = 0
    missing: Literal["prorate", "zero"] = "prorate"
    places: Annotated[int, Meta(ge=0, le=MOST_PLACES)] = 0
    bands: Annotated[list[Band], Meta(max_length=50)] = []


class Scoring(Input, frozen=True, kw_only=True):
    """The scores of a questionnaire."""

    scales: Annotated[list[Scale], Meta(max_length=50)] = []


class Score(Struct, frozen=True, kw_only=True):
    """A score as computed. Without a `value`, too few items were answered."""

    code: str
    value: Decimal | None
    band: str | None
    answered: int
    items: int


def scores(declaration: Scoring, answered: Answered) -> list[Score]:
    """Every declared score of a response, in the order of the declaration."""
    return [_score(scale, answered) for scale in declaration.scales]


def with_ordinals(declaration: Scoring, ordinals: Mapping[str, Mapping[str, Decimal]]) -> Scoring:
    """The declaration with the options' ordinal values as points, where it gives none itself.

    `ordinals`: of each link id, its codes with an ordinal value. To be stored so when it is published.
    """
    return replace(
        declaration,
        scales=[
            replace(scale, items=[_with_ordinals(item, ordinals) for item in scale.items])
            for scale in declaration.scales
        ],
    )


def _with_ordinals(item: Scored, ordinals: Mapping[str, Mapping[str, Decimal]]) -> Scored:
    if item.points is not None or not ordinals.get(item.link_id):
        return item
    return replace(item, points=dict(ordinals[item.link_id]))


def _score(scale: Scale, answered: Answered) -> Score:
    found = [worth for item in scale.items if (worth := _worth(item, answered)) is not None]
    value = _combined(scale, found)
    return Score(
        code=scale.code,
        value=value,
        band=None if value is None else _band(scale.bands, value),
        answered=len(found),
        items=len(scale.items),
    )


def _combined(scale: Scale, found: list[Exact]) -> Decimal | None:
    missing = len(scale.items) - len(found)
    if missing > scale.max_missing or not found:
        return None
    counted = len(scale.items) if scale.missing == "zero" else len(found)
    total = sum(found)
    if scale.method == "sum" and counted == len(scale.items):
        return rounded(total, scale.places)
    mean = Fraction(total) / counted
    return rounded(mean * len(scale.items) if scale.method == "sum" else mean, scale.places)


def _worth(item: Scored, answered: Answered) -> Exact | None:
    """What an item counts; None where it is missing. Several answers of one item add up."""
    total, values = None, answered.get(item.link_id, ())
    for value in values:
        worth = _number(value, item.points)
        if worth is None:
            return None
        total = worth if total is None else total + worth
    if total is None:
        return None
    if not item.reverse or item.low is None or item.high is None:
        return total
    return _exact(item.low) + _exact(item.high) - total


def _number(value: Value, points: Mapping[str, Decimal] | None) -> Exact | None:
    if points is not None:
        worth = points.get(_code(value))
        return None if worth is None else _exact(worth)
    match value:
        case bool():
            return int(value)
        case Decimal():
            return _exact(value)
        case _:
            return None


def _exact(number: Decimal) -> Exact:
    """A whole number where it is one: fractions add ten times as slowly."""
    top, bottom = number.as_integer_ratio()
    return top if bottom == 1 else Fraction(top, bottom)


def _code(value: Value) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value.normalize():f}"
        case _:
            return str(value)


def rounded(number: Exact, places: int) -> Decimal:
    """Rounded half away from zero: 2.5 is 3 and -2.5 is -3."""
    scaled = abs(number) * 10**places
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(units if number >= 0 else -units).scaleb(-places)


def _band(bands: list[Band], value: Decimal) -> str | None:
    return next((band.code for band in reversed(bands) if band.low <= value), None)


def problems(declaration: Scoring, known: Items) -> list[Problem]:
    """All that keeps the declaration from being published with a questionnaire of these items."""
    return [
        *twice("scoring.scales", "code", (scale.code for scale in declaration.scales)),
        *(
            problem
            for index, scale in enumerate(declaration.scales)
            for problem in _problems(f"scoring.scales[{index}]", scale, known)
        ),
    ]


def _problems(path: str, scale: Scale, known: Items) -> Iterator[Problem]:
    yield from unknown(f"{path}.items", (item.link_id for item in scale.items), known)
    yield from twice(f"{path}.items", "link_id", (item.link_id for item in scale.items))
    yield from twice(f"{path}.bands", "code", (band.code for band in scale.bands))
    if scale.max_missing >= len(scale.items):
        yield Problem(f"{path}.max_missing", "A score needs at least one answered item.")
    for index, item in enumerate(scale.items):
        yield from _item_problems(f"{path}.items[{index}]", item, known.get(item.link_id, ()))
    for index, band in enumerate(scale.bands):
        if not within_bounds(band.low):
            yield Problem(f"{path}.bands[{index}].low", "The number is too large or too fine.")
    for index, (below, above) in enumerate(pairwise(scale.bands), start=1):
        if not below.low < above.low:
            yield Problem(f"{path}.bands[{index}].low", "Bands stand in rising order.")


def _item_problems(path: str, item: Scored, codes: Collection[str]) -> Iterator[Problem]:
    if codes and not (item.points or {}).keys() <= set(codes):
        yield Problem(f"{path}.points", "A code is not among the options.")
    if codes and not item.points:
        yield Problem(f"{path}.points", "The options have neither points nor ordinal values.")
    numbers = [item.low, item.high, *(item.points or {}).values()]
    if not all(within_bounds(number) for number in numbers if number is not None):
        yield Problem(path, "A number is too large or too fine.")
    elif item.reverse and (item.low is None or item.high is None or item.low >= item.high):
        yield Problem(path, "A reversed item says both ends of its scale, low before high.")
