"""What a body means, apart from how it says it: for comparing what was given with what comes back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.donations.columns import Columns, joined
from domain.donations.forms import columns_of
from domain.donations.measures import MEASURES
from domain.donations.model import Batch, Source
from domain.donations.openmhealth.quantities import UCUM
from domain.donations.openmhealth.writing import documents
from domain.donations.units import KINDS
from tests.domain.donations.openmhealth.bodies import JSON

STREAM = UUID(int=7)
HOURS = {"ps": 0, "ns": 0, "us": 0, "ms": 1e-3, "sec": 1, "min": 60, "h": 3600, "d": 86400}
SAME_THING = {
    "sleep_duration": "total_sleep_time",
    "kg/m2": "kg/m^2",
}
"""What later versions call otherwise."""


def meaning(body: JSON) -> dict[str, Any]:
    """Members by name: quantities in one unit of their kind, times as instants; notes are not kept."""
    return {
        SAME_THING.get(name, name): _meaning(name, said)
        for name, said in body.items()
        if name != "user_notes"
    }


def _meaning(name: str, said: Any) -> Any:
    if name == "effective_time_frame":
        return _frame(said)
    if name == "step_count" and not isinstance(said, dict):
        return _quantity(said, "steps")
    if isinstance(said, dict) and said.keys() == {"value", "unit"}:
        return _quantity(said["value"], said["unit"])
    return said


def _quantity(value: float, unit: str) -> tuple[Any, str]:
    if unit not in UCUM:
        return pytest.approx(value), unit
    ucum = UCUM[unit]
    for kind, scales in KINDS.items():
        if ucum in scales and kind != "temperature difference":
            scale = scales[ucum]
            return pytest.approx(value * scale.factor + scale.offset, rel=1e-6), kind
    return pytest.approx(value), ucum


def _frame(frame: JSON) -> Any:
    if "date_time" in frame:
        return datetime.fromisoformat(frame["date_time"])
    interval = frame["time_interval"]
    if "part_of_day" in interval:
        return interval["date"], interval["part_of_day"]
    length = interval.get("duration")
    span = timedelta(seconds=length["value"] * HOURS[length["unit"]]) if length else timedelta()
    start, end = interval.get("start_date_time"), interval.get("end_date_time")
    begin = datetime.fromisoformat(start) if start else datetime.fromisoformat(end) - span
    return begin, datetime.fromisoformat(end) if end else begin + span


def returned(batch: Batch, source: Source) -> list[JSON]:
    """The documents of a batch that was stored."""
    columns = columns_of(batch, MEASURES[batch.measure])
    assert isinstance(columns, Columns)
    return list(documents(batch.measure, joined([columns]), source, STREAM))
