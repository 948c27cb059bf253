"""What a measure is: its data category, its unit, its value columns and what of them is plausible. Pure."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from domain.donations.units import SAME, Scale

__all__ = ["DAY", "HOUR", "MINUTE", "SAME", "Component", "Measure", "Scale", "coded", "value"]

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Names = Mapping[str, str]


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
    """One measure. One that is a single number calls it `value`.

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
    names: Names
    healthkit: tuple[str, ...] = ()
    health_connect: tuple[str, ...] = ()
    open_mhealth: tuple[str, ...] = ()
    ieee: tuple[str, ...] = ()
    loinc: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether a sample is one number, so that its column can be given as `value`."""
        return len(self.components) == 1 and not self.components[0].codes

    @property
    def shortest_ms(self) -> int:
        """The shortest interval a sample may span: an event may end as it begins."""
        return 0 if self.summary == "count" else 1


def value(low: float, high: float) -> tuple[Component, ...]:
    """The components of a measure that is one number."""
    return (Component(name="value", low=low, high=high),)


def coded(name: str, *codes: str) -> Component:
    """A component of codes."""
    return Component(name=name, codes=codes)
