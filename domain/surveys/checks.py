"""One answer against what its item says of answers. Pure."""

from binascii import a2b_base64
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from msgspec import UNSET

from domain.surveys.compiled import Limits
from domain.surveys.resources import Quantity
from domain.surveys.values import Value, compared, key, possible

LONGEST: Mapping[str, int] = MappingProxyType({"string": 20_000, "uri": 2_000})
"""The characters of an answer, where the item does not say."""
LARGEST = 5_000_000
"""The bytes of an attachment, where the item does not say less."""
MEGA = 1_000_000


def wrong(value: Value, limits: Limits) -> Sequence[str]:
    """The codes of what is wrong with an answer's value."""
    if value.kind not in limits.kinds:
        return ["wrong-type"]
    if not possible(value):
        return ["wrong-value"]
    more = _MORE.get(value.kind, _of_ordered)(value, limits)
    if limits.options is None and limits.initial is None:
        return more
    return [*_of_any(value, limits), *more]


def _of_any(value: Value, limits: Limits) -> Sequence[str]:
    """What any type may be held to: to be one of some, or what it begins with."""
    known, found = key(value), []
    if limits.options is not None and known not in limits.options:
        found = [] if limits.open and value.kind == "string" else ["not-offered"]
    if limits.initial is not None and known not in limits.initial:
        found.append("read-only")
    return found


def _of_text(value: Value, limits: Limits) -> Sequence[str]:
    text: str = value.plain
    if len(text) > (limits.max_length or LONGEST[value.kind]):
        return ["too-long"]
    if limits.min_length is not None and len(text) < limits.min_length:
        return ["too-short"]
    if limits.pattern is not None and limits.pattern.fullmatch(text) is None:
        return ["not-matching"]
    return ()


def _of_number(value: Value, limits: Limits) -> Sequence[str]:
    found = [*_of_ordered(value, limits)]
    if value.kind == "decimal":
        found += _of_decimal(value.plain, limits)
    if limits.max_length is not None:
        written = f"{value.plain:f}" if value.kind == "decimal" else str(value.plain)
        if len(written) > limits.max_length:
            found.append("too-long")
    return found


def _of_ordered(value: Value, limits: Limits) -> Sequence[str]:
    if limits.least is None and limits.most is None:
        return ()
    found = []
    if limits.least is not None and not _tells(value, limits.least, 1):
        found.append("too-low")
    if limits.most is not None and not _tells(value, limits.most, -1):
        found.append("too-high")
    return found


def _tells(value: Value, bound: Value, side: int) -> bool:
    """Whether a value is surely at a bound or beyond, on this side."""
    sign = compared(value, bound)
    return sign is not None and sign * side >= 0


def _of_decimal(number: Decimal, limits: Limits) -> Sequence[str]:
    if limits.places is None:
        return ()
    exponent = number.as_tuple().exponent
    return ["too-fine"] if isinstance(exponent, int) and -exponent > limits.places else ()


def _of_quantity(value: Value, limits: Limits) -> Sequence[str]:
    quantity: Quantity = value.plain
    unit = (quantity.system, quantity.code)
    found = ["wrong-unit"] if limits.units is not None and unit not in limits.units else []
    return [*found, *(_of_decimal(quantity.value, limits) if quantity.value is not UNSET else ())]


def _of_attachment(value: Value, limits: Limits) -> Sequence[str]:
    """Its bytes must be with it: nothing is fetched from elsewhere."""
    attachment, found = value.plain, list[str]()
    if attachment.data is UNSET:
        return ["no-value"]
    largest = LARGEST if limits.max_size is None else min(LARGEST, limits.max_size * MEGA)
    if len(attachment.data) * 3 // 4 - attachment.data[-2:].count("=") > largest:
        found.append("too-large")
    elif not _is_base64(attachment.data):
        found.append("wrong-value")
    if limits.mime_types is not None and attachment.content_type not in limits.mime_types:
        found.append("wrong-content")
    return found


def _is_base64(data: str) -> bool:
    try:
        return bool(a2b_base64(data, strict_mode=True))
    except ValueError:
        return False


_MORE: Mapping[str, Callable[[Value, Limits], Sequence[str]]] = MappingProxyType({
    "boolean": _of_number,
    "decimal": _of_number,
    "integer": _of_number,
    "string": _of_text,
    "uri": _of_text,
    "attachment": _of_attachment,
    "Quantity": _of_quantity,
})  # fmt: skip
"""What values of a type may be held to besides; the others have an order at most."""
