"""The measures that can be donated, one row each. A measure belongs to exactly one data category."""

from collections.abc import Mapping
from types import MappingProxyType

from domain.donations.measures import activity, heart, sleep, vitals
from domain.donations.measures.model import DAY, MINUTE, SAME, Component, Measure, Scale

__all__ = ["DAY", "MEASURES", "MINUTE", "SAME", "Component", "Measure", "Scale"]

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {row.code: row for group in (activity, heart, sleep, vitals) for row in group.ROWS}
)
