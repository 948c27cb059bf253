"""One answer against what its item says of answers. Pure."""

from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from msgspec import UNSET

from domain.surveys.compiled import Limits
from domain.surveys.resources import Attachment, Quantity
from domain.surveys.values import Value, compared, key, possible

LONGEST: Mapping[str, int] = MappingProxyType({"string": 20_000, "uri": 2_000})
"""The characters of an answer, where the item does not say."""
LARGEST = 5_000_000
"""The bytes of an attachment, where the item does not say less."""
MEGA = 1_000_000


def wrong(value: Value, limits: Limits) -> Iterator[str]:
    """The codes of what is wrong with an answer's value."""
    if value.kind not in limits.kinds:
        yield "wrong-type"
    elif not possible(value):
        yield "wrong-value"
    else:
        if limits.options is not None and not _offered(value, limits):
            yield "not-offered"
        if limits.initial is not None and key(value) not in limits.initial:
            yield "read-only"
        match value.plain:
            case str(text) if value.kind in LONGEST:
                yield from _of_text(text, LONGEST[value.kind], limits)
            case Attachment():
                yield from _of_attachment(value.plain, limits)
            case Quantity():
                yield from _of_quantity(value.plain, limits)
            case _:
                yield from _of_ordered(value, limits)


def _offered(value: Value, limits: Limits) -> bool:
    if limits.options is None or key(value) in limits.options:
        return True
    return limits.open and value.kind == "string"


def _of_text(text: str, longest: int, limits: Limits) -> Iterator[str]:
    if len(text) > (limits.max_length or longest):
        yield "too-long"
    elif limits.min_length is not None and len(text) < limits.min_length:
        yield "too-short"
    elif limits.pattern is not None and limits.pattern.fullmatch(text) is None:
        yield "not-matching"


def _of_ordered(value: Value, limits: Limits) -> Iterator[str]:
    if limits.least is not None and not _tells(value, limits.least, 1):
        yield "too-low"
    if limits.most is not None and not _tells(value, limits.most, -1):
        yield "too-high"
    if isinstance(value.plain, Decimal):
        yield from _of_decimal(value.plain, limits)
    if limits.max_length is not None and value.kind in {"integer", "decimal", "boolean"}:
        written = f"{value.plain:f}" if value.kind == "decimal" else str(value.plain)
        if len(written) > limits.max_length:
            yield "too-long"


def _tells(value: Value, bound: Value, side: int) -> bool:
    """Whether a value is surely at a bound or beyond, on this side."""
    sign = compared(value, bound)
    return sign is not None and sign * side >= 0


def _of_decimal(number: Decimal, limits: Limits) -> Iterator[str]:
    exponent = number.as_tuple().exponent
    if limits.places is not None and isinstance(exponent, int) and -exponent > limits.places:
        yield "too-fine"


def _of_quantity(quantity: Quantity, limits: Limits) -> Iterator[str]:
    if limits.units is not None and (quantity.system, quantity.code) not in limits.units:
        yield "wrong-unit"
    if quantity.value is not UNSET:
        yield from _of_decimal(quantity.value, limits)


def _of_attachment(attachment: Attachment, limits: Limits) -> Iterator[str]:
    """Its bytes must be with it: nothing is fetched from elsewhere."""
    if attachment.data is UNSET:
        yield "no-value"
        return
    largest = LARGEST if limits.max_size is None else min(LARGEST, limits.max_size * MEGA)
    if len(attachment.data) * 3 // 4 - attachment.data[-2:].count("=") > largest:
        yield "too-large"
    elif not _is_base64(attachment.data):
        yield "wrong-value"
    if limits.mime_types is not None and attachment.content_type not in limits.mime_types:
        yield "wrong-content"


def _is_base64(data: str) -> bool:
    try:
        return bool(a2b_base64(data, strict_mode=True))
    except ValueError:
        return False
