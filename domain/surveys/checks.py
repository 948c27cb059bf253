"""One answer against what its item says of answers. Pure."""

from binascii import a2b_base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from msgspec import UNSET
from msgspec.structs import astuple

from domain.surveys.limits import Keys, Limits
from domain.surveys.numbers import decimals
from domain.surveys.resources import Attachment, Quantity, ResponseItem
from domain.surveys.values import KINDS, LOOKS, Value, among, compared, possible

LONGEST: Mapping[str, int] = MappingProxyType({"string": 20_000, "uri": 2_000})
"""The characters of an answer, where the item does not say."""
LARGEST = 5_000_000
"""The bytes of an attachment, where the item does not say less."""
MEGA = 1_000_000
NUMBERS = frozenset({"boolean", "integer", "decimal"})


Rule: TypeAlias = Callable[[Any], str]
"""The code of what is wrong with a value, or nothing."""
Rules: TypeAlias = Mapping[str, Sequence[Rule]]
"""What values of each type that may answer are held to."""


Look: TypeAlias = Callable[[ResponseItem], bool]
"""Whether a question has one answer with nothing under it and nothing wrong with it, as most have."""
_NOTHING: tuple[Any, ...] = (UNSET,) * len(KINDS) + ((), ())
"""The fields of an answer that says nothing: of each type of value, items under it, modifiers."""


def rules_of(limits: Limits) -> Rules:
    """The rules for each type, in the order in which their faults are told."""
    return {kind: tuple(_rules(kind, limits)) for kind in limits.kinds}


def look_of(rules: Rules) -> Look:
    """A quick look, which finds what `wrong` does where it finds anything."""
    looks = [_look_at(kind, of_kind) for kind, of_kind in rules.items()]
    if len(looks) == 1:
        return looks[0]
    return lambda item: any(look(item) for look in looks)


def _look_at(kind: str, rules: Sequence[Rule]) -> Look:
    at, can_be = KINDS.index(kind), LOOKS.get(kind)
    before, after = _NOTHING[:at], _NOTHING[at + 1 :]

    def is_well(item: ResponseItem) -> bool:
        if len(item.answer) != 1 or item.item or item.modifier_extension:
            return False
        fields = astuple(item.answer[0])
        plain = fields[at]
        if plain is UNSET or fields[:at] != before or fields[at + 1 :] != after:
            return False
        if can_be is not None and not can_be(plain):
            return False
        for rule in rules:  # noqa: SIM110 - a generator takes as long as the rules
            if rule(plain):
                return False
        return True

    return is_well


def wrong(value: Value, rules: Rules) -> Sequence[str]:
    """The codes of what is wrong with an answer's value."""
    if value.kind not in rules:
        return ["wrong-type"]
    if not possible(value):
        return ["wrong-value"]
    return [code for rule in rules[value.kind] if (code := rule(value.plain))]


def _rules(kind: str, limits: Limits) -> Iterator[Rule]:
    if limits.options is not None and not (limits.open and kind == "string"):
        yield _among(kind, limits.options, "not-offered")
    if limits.initial is not None:
        yield _among(kind, limits.initial, "read-only")
    match kind:
        case "string" | "uri":
            yield partial(_text, limits, limits.max_length or LONGEST[kind])
        case "attachment":
            yield partial(
                _attached,
                LARGEST if limits.max_size is None else min(LARGEST, limits.max_size * MEGA),
            )
            if limits.mime_types is not None:
                yield partial(_content, limits.mime_types)
        case "Quantity":
            if limits.units is not None:
                yield partial(_unit, limits.units)
            if limits.places is not None:
                yield partial(_fine_amount, limits.places)
        case _:
            yield from _ordered(kind, limits)


def _among(kind: str, keys: Keys, code: str) -> Rule:
    """To be one of some, or what it begins with."""
    is_one = among(kind, keys)
    return lambda plain: "" if is_one(plain) else code


def _text(limits: Limits, longest: int, text: str) -> str:
    if len(text) > longest:
        return "too-long"
    if limits.min_length is not None and len(text) < limits.min_length:
        return "too-short"
    if limits.pattern is not None and limits.pattern.fullmatch(text) is None:
        return "not-matching"
    return ""


def _ordered(kind: str, limits: Limits) -> Iterator[Rule]:
    """Numbers, and what has an order at most."""
    if limits.least is not None:
        yield _bound(kind, limits.least, 1, "too-low")
    if limits.most is not None:
        yield _bound(kind, limits.most, -1, "too-high")
    if kind == "decimal" and limits.places is not None:
        yield partial(_fine, limits.places)
    if kind in NUMBERS and limits.max_length is not None:
        yield partial(_long, limits.max_length)


def _bound(kind: str, bound: Value, side: int, code: str) -> Rule:
    """To be surely at a bound or beyond, on this side."""
    limit = bound.plain
    if kind == bound.kind and kind in {"decimal", "integer"}:
        if side > 0:
            return lambda plain: "" if plain >= limit else code
        return lambda plain: "" if plain <= limit else code
    return lambda plain: "" if _tells(Value(kind, plain), bound, side) else code


def _tells(value: Value, bound: Value, side: int) -> bool:
    """Whether a value is surely at a bound or beyond, on this side."""
    sign = compared(value, bound)
    return sign is not None and sign * side >= 0


def _fine(places: int, number: Decimal) -> str:
    return "too-fine" if decimals(number) > places else ""


def _fine_amount(places: int, quantity: Quantity) -> str:
    return "" if quantity.value is UNSET else _fine(places, quantity.value)


def _long(longest: int, number: Decimal | int) -> str:
    written = f"{number:f}" if isinstance(number, Decimal) else str(number)
    return "too-long" if len(written) > longest else ""


def _unit(units: Keys, quantity: Quantity) -> str:
    return "" if (quantity.system, quantity.code) in units else "wrong-unit"


def _attached(largest: int, attachment: Attachment) -> str:
    """Its bytes must be with it: nothing is fetched from elsewhere."""
    data = attachment.data
    if data is UNSET:
        return "no-value"
    if len(data) * 3 // 4 - data[-2:].count("=") > largest:
        return "too-large"
    return "" if _is_base64(data) else "wrong-value"


def _content(types: frozenset[str], attachment: Attachment) -> str:
    wanted = attachment.data is UNSET or attachment.content_type in types
    return "" if wanted else "wrong-content"


def _is_base64(data: str) -> bool:
    try:
        return bool(a2b_base64(data, strict_mode=True))
    except ValueError:
        return False
