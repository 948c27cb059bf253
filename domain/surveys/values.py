"""The values of FHIR R4's answers: which type one has, whether it can be, how two compare. Pure.

Comparing follows FHIR: dates of unlike precision compare as far as both go, and are neither more nor
less where that does not tell; quantities compare in the same unit alone.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, structs

from domain.surveys.resources import Attachment, Coding, EnableWhen, Quantity, Reference, Valued

KINDS = (
    "boolean", "decimal", "integer", "date", "dateTime", "time", "string", "uri", "attachment",
    "Coding", "Quantity", "Reference",
)  # fmt: skip
"""The types of `value[x]`, in the order of their fields."""
FIELDS: Mapping[str, str] = MappingProxyType(
    dict(zip(KINDS, Valued.__struct_fields__, strict=False))
)
"""Where an element has its value of each type."""
ORDERED = frozenset({"decimal", "integer", "date", "dateTime", "time", "Quantity"})

ANSWERED_BY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "boolean": frozenset({"boolean"}),
        "decimal": frozenset({"decimal"}),
        "integer": frozenset({"integer"}),
        "date": frozenset({"date"}),
        "dateTime": frozenset({"dateTime"}),
        "time": frozenset({"time"}),
        "string": frozenset({"string"}),
        "text": frozenset({"string"}),
        "url": frozenset({"uri"}),
        "choice": frozenset({"Coding"}),
        "open-choice": frozenset({"Coding", "string"}),
        "attachment": frozenset({"attachment"}),
        "reference": frozenset({"Reference"}),
        "quantity": frozenset({"Quantity"}),
    }
)
"""The types that answer each type of item, where its options say nothing else."""


class Value(Struct, frozen=True, gc=False):
    """A value and its type."""

    kind: str
    plain: Any


def values_of(element: Valued | EnableWhen) -> list[Value]:
    """The values of an element: FHIR allows one."""
    pairs = zip(KINDS, structs.astuple(element), strict=False)
    return [Value(kind, plain) for kind, plain in pairs if plain is not UNSET]


def value_of(element: Valued | EnableWhen) -> Value | None:
    """The value of an element, None where it has none. With several it is the first."""
    for at, plain in enumerate(structs.astuple(element)):
        if plain is not UNSET:
            return Value(KINDS[at], plain) if at < len(KINDS) else None
    return None


def possible(value: Value) -> bool:
    """Whether a value can be: a day of the calendar, a quantity with its number, a code or words."""
    look = LOOKS.get(value.kind)
    return look is None or look(value.plain)


def _is_uri(text: str) -> bool:
    return len(text.split()) == 1


def _is_quantity(quantity: Quantity) -> bool:
    return quantity.value is not UNSET and quantity.comparator is UNSET


def _is_coding(coding: Coding) -> bool:
    return coding.code is not UNSET or coding.display is not UNSET


def _is_reference(reference: Reference) -> bool:
    return reference.reference is not UNSET


class Moment(NamedTuple):
    """A date or dateTime as far as it goes: year, month, day; the instant where it goes to the end."""

    parts: tuple[int, ...]
    instant: datetime | None


_DATE = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?")
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
)
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?")


def _moment(kind: str, text: str) -> Moment | time | None:
    """A date, dateTime or time as FHIR writes it, None where it is none."""
    if kind == "time":
        return time.fromisoformat(_micros(text)) if _TIME.fullmatch(text) else None
    found = _DATE.fullmatch(text)
    try:
        if found:
            parts = tuple(int(part) for part in found.groups() if part)
            date(*(*parts, 1, 1)[:3])  # or it raises
            return Moment(parts, None)
        if kind == "dateTime" and _INSTANT.fullmatch(text):
            local = datetime.fromisoformat(_micros(text))
            return Moment((local.year, local.month, local.day), local.astimezone(UTC))
    except (ValueError, OverflowError):
        return None
    return None


def _is_date(text: str) -> bool:
    """Told of most dates sooner than by what they are."""
    if len(text) == len("2026-03-29") and text[7] == "-":
        try:
            date.fromisoformat(text)
        except ValueError:
            return False
        return True
    return _moment("date", text) is not None


LOOKS: Mapping[str, Callable[[Any], bool]] = MappingProxyType({
    "string": lambda text: not text.isspace(),
    "uri": _is_uri,
    "date": _is_date,
    "dateTime": lambda text: _moment("dateTime", text) is not None,
    "time": lambda text: _moment("time", text) is not None,
    "Quantity": _is_quantity,
    "Coding": _is_coding,
    "Reference": _is_reference,
})  # fmt: skip
"""Whether a value of a type can be. Of the others any can."""


def _micros(text: str) -> str:
    """Python reads six digits after the second."""
    return re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)


def equal(one: Value, other: Value) -> bool:
    """Whether two values are the same: a code in its system, a quantity in its unit."""
    return one.kind == other.kind and _key(one) == _key(other)


def compared(one: Value, other: Value) -> int | None:
    """Below 0 where the first is less, above where it is more; None where that cannot be told."""
    if one.kind != other.kind or one.kind not in ORDERED:
        return None
    first, second = _key(one), _key(other)
    if isinstance(first, tuple) and isinstance(second, tuple):
        if one.kind == "Quantity":
            return _sign(first[0], second[0]) if first[1:] == second[1:] else None
        return _moments(first, second)
    return None if first is None or second is None else _sign(first, second)


def _moments(first: tuple[Any, ...], second: tuple[Any, ...]) -> int | None:
    (parts, instant), (others, moment) = first, second
    if instant is not None and moment is not None:
        return _sign(instant, moment)
    common = min(len(parts), len(others))
    sign = _sign(parts[:common], others[:common])
    exact = len(parts) == len(others) and instant is moment is None
    return sign if sign or exact else None


def _sign(first: Any, second: Any) -> int:  # noqa: ANN401 - any two of one ordered type
    return int(first > second) - int(first < second)


def key(value: Value) -> Any:  # noqa: ANN401 - hashable, for sets of options
    """What makes a value this one: two are equal where their keys are."""
    return value.kind, _key(value)


def _key(value: Value) -> Any:  # noqa: ANN401
    identity = _IDENTITIES.get(value.kind)
    return value.plain if identity is None else identity(value.plain)


def _of_coding(coding: Coding) -> tuple[object, ...]:
    if coding.code is UNSET:
        return coding.system, UNSET, coding.display
    return coding.system, coding.code


def _of_quantity(quantity: Quantity) -> tuple[object, ...]:
    if quantity.code is UNSET:
        return quantity.value, UNSET, quantity.unit
    return quantity.value, quantity.system, quantity.code


def _of_attachment(attachment: Attachment) -> tuple[object, ...]:
    return attachment.content_type, attachment.data, attachment.url


_IDENTITIES: Mapping[str, Callable[[Any], Any]] = MappingProxyType({
    "Coding": _of_coding,
    "Quantity": _of_quantity,
    "attachment": _of_attachment,
    "Reference": lambda reference: reference.reference,
    "date": partial(_moment, "date"),
    "dateTime": partial(_moment, "dateTime"),
    "time": partial(_moment, "time"),
})  # fmt: skip
"""What makes a value this one. The others are it themselves: most answers are such."""


COMPARE: Mapping[str, Callable[[Value, Value], bool]] = MappingProxyType({
    "=": equal,
    ">": lambda value, wanted: (compared(value, wanted) or 0) > 0,
    "<": lambda value, wanted: (compared(value, wanted) or 0) < 0,
    ">=": lambda value, wanted: (-1 if (sign := compared(value, wanted)) is None else sign) >= 0,
    "<=": lambda value, wanted: (1 if (sign := compared(value, wanted)) is None else sign) <= 0,
})  # fmt: skip
"""What one answer must be to another value. `!=` is of all answers: none of them is equal."""


def among(kind: str, keys: Collection[Any]) -> Callable[[Any], bool]:
    """Whether a value of a type has one of these keys."""
    identity = _IDENTITIES.get(kind)
    known = frozenset(of_value for of_kind, of_value in keys if of_kind == kind)
    if identity is None:
        return lambda plain: plain in known
    return lambda plain: identity(plain) in known


def comparing(operator: str, wanted: Value) -> Callable[[Valued], bool]:
    """Whether an answer is what is wanted; of `!=`, whether it is what is not; of `exists`, whether it is one."""
    if operator == "exists":
        return lambda answer: value_of(answer) is not None
    at, kind = attrgetter(FIELDS[wanted.kind]), wanted.kind
    if operator in {"=", "!="}:
        if kind not in _IDENTITIES:
            alike = {wanted.plain}
            return lambda answer: at(answer) in alike
        is_it = among(kind, [key(wanted)])
        return lambda answer: (plain := at(answer)) is not UNSET and is_it(plain)
    compare = COMPARE[operator]
    return lambda answer: (plain := at(answer)) is not UNSET and compare(Value(kind, plain), wanted)
