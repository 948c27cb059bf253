"""One answer against what its item says of answers. Pure."""

from binascii import a2b_base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET
from msgspec.structs import astuple

from domain.surveys.limits import Keys, Limits
from domain.surveys.numbers import decimals
from domain.surveys.resources import Quantity, ResponseItem
from domain.surveys.values import KINDS, LOOKS, Value, among, compared, possible

LONGEST: Mapping[str, int] = MappingProxyType({"string": 20_000, "uri": 2_000})
"""The characters of an answer, where the item does not say."""
LARGEST = 5_000_000
"""The bytes of an attachment, where the item does not say less."""
MEGA = 1_000_000
NUMBERS = frozenset({"boolean", "integer", "decimal"})


class Rule(NamedTuple):
    """What a value is held to, and the code of what is wrong with one that it does not hold of."""

    code: str
    holds: Callable[[Any], bool]


Rules: TypeAlias = Mapping[str, Sequence[Rule]]
"""What values of each type that may answer are held to."""


Look: TypeAlias = Callable[[ResponseItem], bool]
"""Whether there is nothing wrong with an item at first sight: see `look_of` and `has_no_answers`."""
_NOTHING: tuple[Any, ...] = (UNSET,) * len(KINDS) + ((), ())
"""The fields of an answer that says nothing: of each type of value, items under it, modifiers."""


def rules_of(limits: Limits) -> Rules:
    """The rules for each type, in the order in which their faults are told."""
    return {kind: tuple(_rules(kind, limits)) for kind in limits.kinds}


def has_no_answers(item: ResponseItem) -> bool:
    """Whether a group's item is one, without what is in it."""
    return not item.answer and not item.modifier_extension


def look_of(rules: Rules) -> Look:
    """Whether a question has one answer, with nothing under it, that `wrong` finds nothing about."""
    looks = [_look_at(kind, of_kind) for kind, of_kind in rules.items()]
    if len(looks) == 1:
        return looks[0]
    return lambda item: any(look(item) for look in looks)


def _look_at(kind: str, rules: Sequence[Rule]) -> Look:
    at, all_hold = KINDS.index(kind), [rule.holds for rule in rules]
    if kind in LOOKS:
        all_hold.insert(0, LOOKS[kind])
    before, after = _NOTHING[:at], _NOTHING[at + 1 :]

    def is_well(item: ResponseItem) -> bool:
        if len(item.answer) != 1 or item.item or item.modifier_extension:
            return False
        fields = astuple(item.answer[0])
        plain = fields[at]
        if plain is UNSET or fields != (*before, plain, *after):
            return False
        for holds in all_hold:  # noqa: SIM110 - a generator takes as long as the rules
            if not holds(plain):
                return False
        return True

    return is_well


def wrong(value: Value, rules: Rules) -> Sequence[str]:
    """The codes of what is wrong with an answer's value."""
    if value.kind not in rules:
        return ["wrong-type"]
    if not possible(value):
        return ["wrong-value"]
    return [rule.code for rule in rules[value.kind] if not rule.holds(value.plain)]


def _rules(kind: str, limits: Limits) -> Iterator[Rule]:
    if limits.options is not None and not (limits.open and kind == "string"):
        yield Rule("not-offered", among(kind, limits.options))
    if limits.initial is not None:
        yield Rule("read-only", among(kind, limits.initial))
    match kind:
        case "string" | "uri":
            yield from _of_texts(limits, limits.max_length or LONGEST[kind])
        case "attachment":
            yield from _of_files(limits)
        case "Quantity":
            if limits.units is not None:
                yield Rule("wrong-unit", partial(_has_unit, limits.units))
            if limits.places is not None:
                yield Rule("too-fine", partial(_is_amount_within, limits.places))
        case _:
            yield from _of_ordered(kind, limits)


def _of_texts(limits: Limits, longest: int) -> Iterator[Rule]:
    yield Rule("too-long", lambda text: len(text) <= longest)
    shortest, pattern = limits.min_length, limits.pattern
    if shortest is not None:
        yield Rule("too-short", lambda text: len(text) >= shortest)
    if pattern is not None:
        # A text that is too long is not looked at: how long a pattern takes is bounded so.
        yield Rule(
            "not-matching", lambda text: len(text) > longest or bool(pattern.fullmatch(text))
        )


def _of_ordered(kind: str, limits: Limits) -> Iterator[Rule]:
    """Numbers, and what has an order at most."""
    if limits.least is not None:
        yield Rule("too-low", _bound(kind, limits.least, 1))
    if limits.most is not None:
        yield Rule("too-high", _bound(kind, limits.most, -1))
    if kind == "decimal" and limits.places is not None:
        yield Rule("too-fine", partial(_is_within, limits.places))
    if kind in NUMBERS and (longest := limits.max_length) is not None:
        yield Rule("too-long", lambda number: len(_written(number)) <= longest)


def _bound(kind: str, bound: Value, side: int) -> Callable[[Any], bool]:
    """To be surely at a bound or beyond, on this side."""
    limit = bound.plain
    if kind == bound.kind and kind in {"decimal", "integer"}:
        return (lambda plain: plain >= limit) if side > 0 else (lambda plain: plain <= limit)
    return lambda plain: _tells(Value(kind, plain), bound, side)


def _tells(value: Value, bound: Value, side: int) -> bool:
    """Whether a value is surely at a bound or beyond, on this side."""
    sign = compared(value, bound)
    return sign is not None and sign * side >= 0


def _is_within(places: int, number: Decimal) -> bool:
    return decimals(number) <= places


def _is_amount_within(places: int, quantity: Quantity) -> bool:
    return quantity.value is UNSET or _is_within(places, quantity.value)


def _written(number: Decimal | int) -> str:
    return f"{number:f}" if isinstance(number, Decimal) else str(number)


def _has_unit(units: Keys, quantity: Quantity) -> bool:
    return (quantity.system, quantity.code) in units


def _of_files(limits: Limits) -> Iterator[Rule]:
    """Their bytes must be with them: nothing is fetched from elsewhere."""
    yield Rule("no-value", lambda file: file.data is not UNSET)
    most = LARGEST if limits.max_size is None else min(LARGEST, limits.max_size * MEGA)
    yield Rule("too-large", lambda file: file.data is UNSET or _size(file.data) <= most)
    yield Rule(
        "wrong-value",
        lambda file: file.data is UNSET or _size(file.data) > most or _is_base64(file.data),
    )
    types = limits.mime_types
    if types is not None:
        yield Rule("wrong-content", lambda file: file.data is UNSET or file.content_type in types)


def _size(data: str) -> int:
    """The bytes that base64 comes to."""
    return len(data) * 3 // 4 - data[-2:].count("=")


def _is_base64(data: str) -> bool:
    try:
        return bool(a2b_base64(data, strict_mode=True))
    except ValueError:
        return False
