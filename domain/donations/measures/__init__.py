"""The measures that can be donated, one row each. A measure belongs to exactly one data category."""

from collections.abc import Mapping
from types import MappingProxyType

from domain.donations.measures import (
    activity,
    body,
    cardiac_events,
    episodes,
    glucose,
    heart,
    location,
    lungs,
    mobility,
    reproductive,
    sleep,
    symptoms,
    vitals,
)
from domain.donations.measures.model import DAY, MINUTE, SAME, Component, Measure, Scale
from domain.donations.measures.over_time import over_time

__all__ = ["DAY", "MEASURES", "MINUTE", "SAME", "Component", "Measure", "Scale"]

_GROUPS = (
    activity,
    heart,
    cardiac_events,
    sleep,
    vitals,
    glucose,
    lungs,
    body,
    mobility,
    reproductive,
    symptoms,
    location,
    episodes,
)

_ROWS = tuple(row for group in _GROUPS for row in group.ROWS)
_OF_DOCUMENTS = tuple(over_time(row) for row in _ROWS if row.open_mhealth or row.ieee)

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {row.code: row for row in (*_ROWS, *_OF_DOCUMENTS)}
)
