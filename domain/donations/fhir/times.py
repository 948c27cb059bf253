"""When an Observation was true: a moment, or a period, with what the clock on the wall differed from UTC."""

from datetime import datetime
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from domain.donations.fhir.outcomes import Unfit
from domain.donations.fhir.resources import Observation
from domain.donations.measures import DAY, Measure
from domain.donations.openmhealth.frames import EPOCH

WHERE = "resource.effective"
LONGEST_POINT = DAY
"""A value of one moment may be told as a period so long: phones tell the resting pulse of a day so."""


class Span(NamedTuple):
    """Milliseconds since 1970, and minutes off UTC at the start. `until`: of a moment told as a period."""

    start: int
    end: int | None
    offset: int
    until: int | None = None


def span_of(observation: Observation, measure: Measure) -> Span:
    """When it was, as the measure has it. Raises Unfit."""
    told = effective(observation)
    if measure.longest_ms is None:
        return _moment(told)
    if told.end is not None:
        return told
    if measure.shortest_ms:
        raise Unfit("wrong-time-frame", WHERE)
    return told._replace(end=told.start)


def _moment(told: Span) -> Span:
    if told.end is None:
        return told
    if told.end - told.start > LONGEST_POINT:
        raise Unfit("wrong-time-frame", WHERE)
    return told._replace(end=None, until=told.end)


def effective(observation: Observation) -> Span:
    """When it was, as it is told: an end belongs to a period. Raises Unfit."""
    moment = observation.effective_date_time or observation.effective_instant  # UNSET is false
    period = observation.effective_period
    told = (observation.effective_date_time, observation.effective_instant, period)
    if told.count(UNSET) != len(told) - 1:
        kind = "required" if told.count(UNSET) == len(told) else "structure"
        raise Unfit("invalid-resource", WHERE, kind)
    if isinstance(period, UnsetType):
        return Span(milliseconds(at := _read(str(moment), WHERE)), None, minutes_off(at))
    first, last = _read(period.start, f"{WHERE}.start"), _read(period.end, f"{WHERE}.end")
    if last < first:
        raise Unfit("invalid-resource", WHERE, "invariant")
    return Span(milliseconds(first), milliseconds(last), minutes_off(first))


def _read(moment: str, where: str) -> datetime:
    try:
        return datetime.fromisoformat(moment)
    except ValueError:  # a thirtieth of February
        raise Unfit("invalid-resource", where, "value") from None


def milliseconds(at: datetime) -> int:
    """Since 1970, parts of one left out."""
    since = at - EPOCH
    return since.days * DAY + since.seconds * 1000 + since.microseconds // 1000


def minutes_off(at: datetime) -> int:
    """What its clock differs from UTC."""
    off = at.utcoffset()
    return 0 if off is None else off.days * 1440 + off.seconds // 60
