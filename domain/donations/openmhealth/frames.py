"""Time frames: a moment, or an interval told by two of start, end and duration, or as part of a day.

IEEE 1752.1 time-frame 1.0 has no parts of days; Open mHealth's own 1.0, which older schemas use, has.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from datetime import date as Date  # noqa: N812 - a member below is called `date`
from functools import cache
from typing import Annotated, Literal, NamedTuple, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.donations.model import SAFE

DateTime = Annotated[datetime, Meta(tz=True)]
PartOfDay = Literal["morning", "afternoon", "evening", "night"]
TimeUnit = Literal["ps", "ns", "us", "ms", "sec", "min", "h", "d", "wk", "Mo", "yr"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000
WIDEST_OFFSET = 840
HOURS: dict[PartOfDay, int] = {"night": 0, "morning": 6, "afternoon": 12, "evening": 18}
"""When each part of a day begins. They are six hours long: a convention of ours, the standard has none."""

MILLISECONDS: dict[TimeUnit, float] = {
    "ps": 1e-9, "ns": 1e-6, "us": 1e-3, "ms": 1, "sec": 1000, "min": 60_000, "h": HOUR,
    "d": 24 * HOUR, "wk": 168 * HOUR, "Mo": 730.5 * HOUR, "yr": 8766 * HOUR,
}  # fmt: skip
"""A duration's units; month and year as UCUM has them, 30.4375 and 365.25 days."""


class Duration(Struct, frozen=True):
    """duration-unit-value 1.0."""

    value: float
    unit: TimeUnit

    def ms(self) -> int:
        """In whole milliseconds. Raises ValueError where no time can be that long."""
        length = self.value * MILLISECONDS[self.unit]
        if not -SAFE < length < SAFE:
            raise ValueError("the duration is out of range")
        return round(length)


class Interval(Struct, frozen=True):
    """IEEE's time-interval 1.0. Exactly one way of telling it must be there."""

    start_date_time: DateTime | UnsetType = UNSET
    end_date_time: DateTime | UnsetType = UNSET
    duration: Duration | UnsetType = UNSET

    def __post_init__(self) -> None:
        given = (self.start_date_time, self.end_date_time, self.duration)
        if given.count(UNSET) != 1:
            raise ValueError("an interval is told by two of start, end and duration")


class DatedInterval(Struct, frozen=True):
    """Open mHealth's time-interval 1.0: as IEEE's, or a date with a part of the day."""

    start_date_time: DateTime | UnsetType = UNSET
    end_date_time: DateTime | UnsetType = UNSET
    duration: Duration | UnsetType = UNSET
    date: Date | UnsetType = UNSET
    part_of_day: PartOfDay | UnsetType = UNSET

    def __post_init__(self) -> None:
        missing = (self.start_date_time, self.end_date_time, self.duration).count(UNSET)
        dated = self.date is not UNSET and self.part_of_day is not UNSET
        if missing < (2 if dated else 1) or (missing > 1 and not dated):
            raise ValueError("an interval is told in exactly one way")


class Frame(Struct, frozen=True):
    """IEEE's time-frame 1.0: a moment or an interval, not both."""

    date_time: DateTime | UnsetType = UNSET
    time_interval: Interval | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.date_time is UNSET) is (self.time_interval is UNSET):
            raise ValueError("either a moment or an interval")


class DatedFrame(Struct, frozen=True):
    """Open mHealth's time-frame 1.0."""

    date_time: DateTime | UnsetType = UNSET
    time_interval: DatedInterval | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.date_time is UNSET) is (self.time_interval is UNSET):
            raise ValueError("either a moment or an interval")


class SpanFrame(Struct, frozen=True):
    """IEEE's time-frame 1.0 where the measure has an extent in time."""

    time_interval: Interval
    date_time: DateTime | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.date_time is not UNSET:
            raise ValueError("either a moment or an interval")


class DatedSpanFrame(Struct, frozen=True):
    """Open mHealth's time-frame 1.0 where the measure has an extent in time."""

    time_interval: DatedInterval
    date_time: DateTime | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.date_time is not UNSET:
            raise ValueError("either a moment or an interval")


AnyFrame: TypeAlias = Frame | DatedFrame | SpanFrame | DatedSpanFrame
AnyInterval: TypeAlias = Interval | DatedInterval


class Span(NamedTuple):
    """A time frame in ms since 1970. No end: a moment. `part`: it was told as a part of a day."""

    start: int
    end: int | None
    offset: int
    part: PartOfDay | None = None


def extent(interval: AnyInterval, offset: int) -> Span:
    """An interval as instants; dates are days of a clock that is `offset` minutes off UTC.

    Raises:
        ValueError: no clock is so far off UTC, or a duration leads out of time.

    """
    start, end, duration = interval.start_date_time, interval.end_date_time, interval.duration
    if start is not UNSET:
        begin = milliseconds(start)
        length = None if duration is UNSET else duration.ms()
        until = milliseconds(end) if end is not UNSET else begin + (length or 0)
        return Span(begin, until, minutes_off(start))
    if end is not UNSET and duration is not UNSET:
        until = milliseconds(end)
        return Span(until - duration.ms(), until, minutes_off(end))
    if not isinstance(interval, DatedInterval) or not isinstance(interval.date, Date):
        raise TypeError
    return _part(interval.date, interval.part_of_day, offset)


def _part(day: Date, part: PartOfDay | UnsetType, offset: int) -> Span:
    if isinstance(part, UnsetType):
        raise TypeError
    midnight = milliseconds(datetime(day.year, day.month, day.day, tzinfo=UTC)) - offset * 60_000
    begin = midnight + HOURS[part] * HOUR
    return Span(begin, begin + 6 * HOUR, offset, part)


def milliseconds(at: datetime) -> int:
    """Since 1970 in UTC; what is finer is cut off."""
    since = at - EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def minutes_off(at: datetime) -> int:
    """By how many minutes the clock differs from UTC. Raises ValueError beyond 14 hours."""
    return _minutes_off(at.tzinfo)


@cache  # there are no more of them than minutes in two days
def _minutes_off(clock: tzinfo | None) -> int:
    minutes = int(((clock and clock.utcoffset(None)) or timedelta()).total_seconds() // 60)
    if abs(minutes) > WIDEST_OFFSET:
        raise ValueError("no clock is so far off UTC")
    return minutes
