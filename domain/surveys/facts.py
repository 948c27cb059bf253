"""Matchable facts: answers that a questionnaire marks as what a resident can be found by. Pure.

They are small codes, never numbers or free text: a number falls into a declared step. They are kept
in clear only while the resident chose to be found, and go with that choice.
"""

from collections.abc import Collection, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, NamedTuple

from msgspec import Meta

from domain.fields import Code, Input
from domain.surveys.declarations import (
    Answered,
    Items,
    LinkId,
    Points,
    Problem,
    Value,
    twice,
    unknown,
    within_bounds,
)


class Step(Input, frozen=True, kw_only=True):
    """A stretch of numbers that is one fact, from `low` up to the next step."""

    code: Code
    low: Points


class Mark(Input, frozen=True, kw_only=True):
    """An item whose answer becomes a fact: an offered code, a truth, or the step of a number."""

    code: Code
    link_id: LinkId
    steps: Annotated[list[Step], Meta(max_length=50)] = []


class Facts(Input, frozen=True, kw_only=True):
    """What a resident can be found by, of one questionnaire."""

    marks: Annotated[list[Mark], Meta(max_length=50)] = []


class Fact(NamedTuple):
    """One fact, as it is kept."""

    code: str
    value: str


def of(declaration: Facts, answered: Answered, known: Items) -> list[Fact]:
    """The facts of a response, in the order of their declaration. What was not offered is none."""
    return [
        Fact(mark.code, value)
        for mark in declaration.marks
        for value in dict.fromkeys(_values(mark, answered, known))
    ]


def _values(mark: Mark, answered: Answered, known: Items) -> Iterator[str]:
    for answer in answered.get(mark.link_id, ()):
        value = _value(mark, answer, known.get(mark.link_id, ()))
        if value is not None:
            yield value


def _value(mark: Mark, answer: Value, codes: Collection[str]) -> str | None:
    match answer:
        case bool():
            return "true" if answer else "false"
        case Decimal():
            return next((s.code for s in reversed(mark.steps) if s.low <= answer), None)
        case str() if answer in codes:
            return answer
        case _:
            return None  # An open choice's own words could name the resident.


def problems(declaration: Facts, known: Items) -> list[Problem]:
    """All that keeps the declaration from being published with a questionnaire of these items."""
    marks = declaration.marks
    found = [
        *unknown("facts.marks", (mark.link_id for mark in marks), known),
        *twice("facts.marks", "code", (mark.code for mark in marks)),
    ]
    for index, mark in enumerate(marks):
        found.extend(_problems(f"facts.marks[{index}]", mark))
    return found


def _problems(path: str, mark: Mark) -> Iterator[Problem]:
    yield from twice(f"{path}.steps", "code", (step.code for step in mark.steps))
    for index, step in enumerate(mark.steps):
        if not within_bounds(step.low):
            yield Problem(f"{path}.steps[{index}].low", "The number is too large or too fine.")
    for index, (below, above) in enumerate(pairwise(mark.steps), start=1):
        if not below.low < above.low:
            yield Problem(f"{path}.steps[{index}].low", "Steps stand in rising order.")
