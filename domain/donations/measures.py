"""The measures that can be donated, one row each. A measure belongs to exactly one data category."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


class Scale(Struct, frozen=True):
    """How a unit becomes the measure's own: `value * factor + offset`."""

    factor: float = 1.0
    offset: float = 0.0


SAME = Scale()


class Measure(Struct, frozen=True, kw_only=True):
    """One measure. Values outside `low` to `high`, in the stored unit, are implausible."""

    code: str
    category: str
    unit: str
    units: Mapping[str, Scale]
    low: float
    high: float
    longest_ms: int | None = None
    """The longest interval one sample may span; None where a sample is a point in time."""


_ROWS = (
    Measure(
        code="heart-rate",
        category="heart",
        unit="/min",
        units={"/min": SAME, "1/min": SAME, "{beats}/min": SAME, "Hz": Scale(60.0)},
        low=20,
        high=300,
    ),
    Measure(
        code="step-count",
        category="activity",
        unit="{steps}",
        units={"{steps}": SAME, "1": SAME, "{count}": SAME},
        low=0,
        high=100_000,
        longest_ms=DAY,
    ),
)

MEASURES: Mapping[str, Measure] = MappingProxyType({row.code: row for row in _ROWS})
