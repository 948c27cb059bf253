"""What declarations with a questionnaire have in common: answered values, and faults by path. Pure.

An answer of a choice is its code, a free text is itself, a quantity is its value in the unit of the
item, as a Decimal.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypeAlias

from msgspec import Meta

from domain.fields import CLEAN

Value: TypeAlias = Decimal | str | bool | date | datetime | time
Answered: TypeAlias = Mapping[str, Sequence[Value]]
"""The answers of each link id that is enabled and answered, in their order."""

Items: TypeAlias = Mapping[str, Collection[str]]
"""The link ids of a questionnaire, each with the codes that it offers: none where it offers no codes."""

LinkId = Annotated[str, Meta(min_length=1, max_length=255, pattern=CLEAN)]
NEVER_ROUNDED = "A number, or a string of one: never rounded"
EITHER: dict[str, Any] = {"type": ["number", "string"]}
Points = Annotated[Decimal, Meta(description=NEVER_ROUNDED, extra_json_schema={"extra": EITHER})]
MaybePoints = Annotated[
    Decimal | None,
    Meta(
        description=NEVER_ROUNDED,
        extra_json_schema={"extra": {"oneOf": [EITHER, {"type": "null"}]}},
    ),
]
WIDEST = Decimal(10**9)


class Problem(NamedTuple):
    """What keeps a declaration from being published, and where in it."""

    path: str
    text: str


def unknown(path: str, link_ids: Iterable[str], known: Items) -> Iterator[Problem]:
    """The link ids that no item of the questionnaire has."""
    for index, link_id in enumerate(link_ids):
        if link_id not in known:
            yield Problem(f"{path}[{index}].link_id", "No item has this linkId.")


def twice(path: str, field: str, values: Iterable[str]) -> Iterator[Problem]:
    """The values that stood before."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Problem(f"{path}[{index}].{field}", "It is used twice.")
        seen.add(value)


def within_bounds(number: Decimal) -> bool:
    """Whether a number can be meant: finite, and of a size that sums of it stay exact."""
    return number.is_finite() and abs(number) <= WIDEST and _places(number) <= 9  # noqa: PLR2004


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
