"""Numbers of FHIR resources: exact, and of bounded size. Pure."""

from decimal import Decimal
from typing import Any

MOST_DIGITS = 18
"""FHIR R4 asks for this precision of a decimal. More could be sent to exhaust us."""


class Number(Decimal):
    """A decimal as it was written. JSON's strings are none."""


def exact(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook for types it does not know
    """Read a `Number` from what JSON holds, for a decoder of ours."""
    if kind is not Number or type(value) not in {int, Decimal}:
        raise ValueError("It is no number.")
    number = Number(value)
    text = str(number)
    if (len(text) > MOST_DIGITS or "E" in text) and not _is_bounded(number):
        raise ValueError("The number is too large or too fine.")
    return number


def _is_bounded(number: Decimal) -> bool:
    _, digits, exponent = number.as_tuple()
    small = isinstance(exponent, int) and exponent >= -MOST_DIGITS
    return small and len(digits) <= MOST_DIGITS and number.adjusted() < MOST_DIGITS


def decimals(number: Decimal) -> int:
    """How many digits stand after its point. Of most numbers its text tells it soonest."""
    text = str(number)
    if "E" not in text:
        return len(text) - 1 - point if (point := text.find(".")) >= 0 else 0
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
