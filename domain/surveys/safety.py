"""Safety answers: what the resident reads at once, and who is told within what time. Pure.

The text is part of the answer to the submission, and names 112 or 1177. An instrument that needs
such a rule is not published without one.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta, Struct

from domain.fields import CLEAN, Code, Input, Language
from domain.languages import lookup
from domain.surveys.declarations import (
    Answered,
    Items,
    LinkId,
    MaybePoints,
    Problem,
    Value,
    twice,
    unknown,
    within_bounds,
)

Recipient = Literal["study-team", "steward"]
Operator = Literal["=", "!=", ">", ">=", "<", "<="]
Shown = Annotated[str, Meta(min_length=1, max_length=4_000, pattern=CLEAN)]

HELP = re.compile(r"(?<!\d)(112|1177)(?!\d)")


class Sign(Input, frozen=True, kw_only=True):
    """An answer that matters: one of the item's answers is this code, this truth, or so to this number."""

    link_id: LinkId
    operator: Operator = "="
    code: LinkId | None = None
    truth: bool | None = None
    number: MaybePoints = None


class Rule(Input, frozen=True, kw_only=True):
    """Any of these signs: show the text, and tell whom it names. `within` is in minutes."""

    code: Code
    signs: Annotated[list[Sign], Meta(min_length=1, max_length=50)]
    texts: Annotated[dict[Language, Shown], Meta(min_length=1, max_length=50)]
    tells: Recipient
    within: Annotated[int, Meta(ge=15, le=7 * 24 * 60)]


class Safety(Input, frozen=True, kw_only=True):
    """What a questionnaire says of safety. `needed`: it asks about harm, and cannot go without rules."""

    needed: bool = False
    rules: Annotated[list[Rule], Meta(max_length=20)] = []


class Raised(Struct, frozen=True, kw_only=True):
    """A rule that an answer has met: the text to show now, and by when to have told whom."""

    code: str
    language: str
    text: str
    tells: Recipient
    due_at: datetime


def raised(
    declaration: Safety, answered: Answered, languages: Sequence[str], now: datetime
) -> list[Raised]:
    """The rules that a response meets, soonest first, in the language that is wanted most."""
    met = [rule for rule in declaration.rules if _met(rule, answered)]
    return [
        Raised(
            code=rule.code,
            language=(language := lookup(rule.texts, languages)),
            text=rule.texts[language],
            tells=rule.tells,
            due_at=now + timedelta(minutes=rule.within),
        )
        for rule in sorted(met, key=lambda rule: rule.within)
    ]


def _met(rule: Rule, answered: Answered) -> bool:
    for sign in rule.signs:
        for value in answered.get(sign.link_id, ()):
            if _compares(value, sign):
                return True
    return False


def _compares(value: Value, sign: Sign) -> bool:
    """Answers of another type than the sign's are never met: `problems` looks for such signs."""
    match value:
        case bool():
            wanted: object = sign.truth
        case Decimal():
            wanted = sign.number
        case str():
            wanted = sign.code
        case _:
            wanted = None
    return wanted is not None and _COMPARE[sign.operator](value, wanted)


_COMPARE: Mapping[str, Callable[..., bool]] = MappingProxyType({
    "=": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    ">": lambda value, wanted: value > wanted,
    ">=": lambda value, wanted: value >= wanted,
    "<": lambda value, wanted: value < wanted,
    "<=": lambda value, wanted: value <= wanted,
})  # fmt: skip


def problems(declaration: Safety, known: Items, languages: Collection[str]) -> list[Problem]:
    """All that keeps the declaration from being published with a questionnaire in these languages."""
    found = [*twice("safety.rules", "code", (rule.code for rule in declaration.rules))]
    if declaration.needed and not declaration.rules:
        found.append(Problem("safety.rules", "What asks about harm needs a safety rule."))
    for index, rule in enumerate(declaration.rules):
        found.extend(_problems(f"safety.rules[{index}]", rule, known, languages))
    return found


def _problems(path: str, rule: Rule, known: Items, languages: Collection[str]) -> Iterator[Problem]:
    yield from unknown(f"{path}.signs", (sign.link_id for sign in rule.signs), known)
    for index, sign in enumerate(rule.signs):
        yield from _sign_problems(f"{path}.signs[{index}]", sign, known.get(sign.link_id, ()))
    if set(languages) - rule.texts.keys():
        yield Problem(f"{path}.texts", "The text is missing in a language of the questionnaire.")
    for language, text in sorted(rule.texts.items()):
        if not HELP.search(text):
            yield Problem(f"{path}.texts.{language}", "The text says to call 112 or 1177.")


def _sign_problems(path: str, sign: Sign, codes: Collection[str]) -> Iterator[Problem]:
    if sum(wanted is not None for wanted in (sign.code, sign.truth, sign.number)) != 1:
        yield Problem(path, "A sign is one of a code, a truth or a number.")
    elif sign.number is None and sign.operator not in {"=", "!="}:
        yield Problem(f"{path}.operator", "Only numbers are more or less.")
    elif sign.number is not None and not within_bounds(sign.number):
        yield Problem(f"{path}.number", "The number is too large or too fine.")
    elif codes and sign.code not in codes:
        yield Problem(f"{path}.code", "It is not among the options: it would never be met.")
