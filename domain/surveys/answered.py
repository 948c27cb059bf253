"""What scores, safety answers and facts are made of: the plain answers of a response, and what is offered. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from operator import itemgetter
from typing import Any

from msgspec import UNSET
from msgspec.structs import astuple

from domain.surveys.compiled import Compiled
from domain.surveys.declarations import Value as Plain
from domain.surveys.extensions import values
from domain.surveys.resources import Coding, Option, Quantity, QuestionnaireResponse, Valued
from domain.surveys.values import KINDS


def answered(
    response: QuestionnaireResponse, link_ids: Collection[str]
) -> Mapping[str, list[Plain]]:
    """The answers to these, in their order, of a response without faults: all of them are enabled."""
    found: dict[str, list[Plain]] = {}
    items = list(response.item)
    for item in items:  # those in them follow: all of one linkId stand equally deep
        items += item.item
        is_wanted = item.link_id in link_ids
        for answer in item.answer:
            items += answer.item
            if is_wanted and (plain := _plain(answer)) is not None:
                found.setdefault(item.link_id, []).append(plain)
    return found


def offered(questionnaire: Compiled) -> Mapping[str, frozenset[str]]:
    """The linkIds of all questions, each with the codes that it offers: none where it offers none."""
    return {
        link_id: frozenset(
            code for kind, identity in node.limits.options or () if (code := _code(kind, identity))
        )
        for link_id, node in questionnaire.nodes.items()
        if node.limits.kinds
    }


def _code(kind: str, identity: object) -> str | None:
    """The code of an option by the key of its value."""
    if kind == "Coding" and isinstance(identity, tuple):
        return next((part for part in identity[1:] if isinstance(part, str)), None)
    return str(identity) if kind in {"string", "integer"} else None


def ordinals(questionnaire: Compiled) -> Mapping[str, Mapping[str, Decimal]]:
    """Of each linkId, its codes that have an ordinal value (FHIR's extension of an option or a code)."""
    found: dict[str, dict[str, Decimal]] = {}
    for link_id, node in questionnaire.nodes.items():
        for option in node.source.answer_option if node.source else ():
            plain, worth = _plain(option), _ordinal(option)
            if isinstance(plain, str) and worth is not None:
                found.setdefault(link_id, {})[plain] = worth
    return found


def _ordinal(option: Option) -> Decimal | None:
    inside = option.value_coding.extension if isinstance(option.value_coding, Coding) else []
    worths = values([*option.extension, *inside], "ordinalValue")
    return next((Decimal(worth.plain) for worth in worths if worth.kind == "decimal"), None)


def _plain(element: Valued) -> Plain | None:
    for at, plain in enumerate(astuple(element)):
        if plain is not UNSET:
            return _PLAINS[at](plain) if at < len(_PLAINS) else None
    return None


def _as_it_is(plain: Plain) -> Plain:
    return plain


def _nothing(_: object) -> None:
    """A file and a reference are no plain answers."""


def _word(coding: Coding) -> str | None:
    said = coding.display if coding.code is UNSET else coding.code
    return None if said is UNSET else said


def _amount(quantity: Quantity) -> Decimal | None:
    return None if quantity.value is UNSET else Decimal(quantity.value)


def _day(text: str) -> str | date | datetime:
    """A whole date or time as one; a year or a month alone stays text."""
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return text


def _hour(text: str) -> str | time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return text


_PLAINS: Sequence[Callable[[Any], Plain | None]] = itemgetter(*KINDS)({
    "boolean": _as_it_is,
    "decimal": _as_it_is,
    "integer": Decimal,
    "date": _day,
    "dateTime": _day,
    "time": _hour,
    "string": _as_it_is,
    "uri": _as_it_is,
    "attachment": _nothing,
    "Coding": _word,
    "Quantity": _amount,
    "Reference": _nothing,
})  # fmt: skip
"""The plain answer in a value of each type, in their order."""
