"""What a measure is: its data category, its unit, its value columns and what of them is plausible. Pure."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


class Scale(Struct, frozen=True):
    """How a unit becomes the measure's own: `value * factor + offset`."""

    factor: float = 1.0
    offset: float = 0.0


SAME = Scale()


class Component(Struct, frozen=True, kw_only=True):
    """One value column of a measure: numbers, or codes.

    Numbers outside `low` to `high`, in the measure's unit, are implausible. A code is stored as its
    position in `codes`: new codes are added at the end, and none is ever taken out or moved.
    """

    name: str
    low: float = 0
    high: float = 0
    codes: tuple[str, ...] = ()
    loinc: str | None = None

    @property
    def highest(self) -> float:
        """The greatest number that is stored."""
        return len(self.codes) - 1 if self.codes else self.high


class Measure(Struct, frozen=True, kw_only=True):
    """One measure. One that has a single numeric component calls it `value`.

    `unit` is a UCUM code, None where no component is a number; `units` are all that are taken.
    `longest_ms` is the longest interval a sample may span, None where a sample is a point in time.
    `summary` is how a day is told: the sum, the mean with its extremes, the time in each code, or
    how many there were.
    """

    code: str
    category: str
    unit: str | None = None
    units: Mapping[str, Scale] = {}
    components: tuple[Component, ...]
    longest_ms: int | None = None
    summary: Literal["sum", "mean", "time", "count"]
    names: Mapping[str, str]
    healthkit: tuple[str, ...] = ()
    health_connect: tuple[str, ...] = ()
    open_mhealth: tuple[str, ...] = ()
    ieee: tuple[str, ...] = ()
    loinc: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether a sample is one number, so that its column can be given as `value`."""
        return len(self.components) == 1 and not self.components[0].codes


def value(low: float, high: float) -> tuple[Component, ...]:
    """The components of a measure that is one number."""
    return (Component(name="value", low=low, high=high),)
