"""Days and hours as the clocks of a zone show them. Pure.

Where the clocks change, a day has 23, 25 or some other number of hours. A day begins with its first
midnight; where the clocks skip it, at the moment they do. Days and hours follow each other without
a gap, so that nothing falls between two of them and nothing into both.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from domain.donations.columns import Ints
from domain.donations.measures import DAY, MINUTE
from domain.donations.measures.model import HOUR

By = Literal["day", "hour"]


class Periods(NamedTuple):
    """Days or hours in order: period `i` is `[edges[i], edges[i + 1])`, in ms, and of day `day[i]`.

    As each begins, the clocks are `offset` minutes off UTC and show `local`: a date, or with a time.
    """

    edges: Ints
    day: NDArray[np.intp]
    offset: Ints
    local: list[str]

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.day)


@lru_cache(maxsize=64)
def periods(first: date, until: date, by: By, zone: ZoneInfo) -> Periods:
    """The days from `first` up to `until`, without it, or the hours of those days.

    Apps ask for the same again and again. Nobody changes what they are given.
    """
    dates = [first + timedelta(days=nth) for nth in range((until - first).days + 1)]
    days = [_ms(datetime(one.year, one.month, one.day, tzinfo=zone)) for one in dates]
    offsets = [_offset(at, zone) for at in days]
    if by == "hour":
        return _hours(days, offsets, zone)
    return _periods(days, range(len(days) - 1), offsets[:-1], "D")


def _hours(days: list[int], offsets: list[int], zone: ZoneInfo) -> Periods:
    edges, of_day, of_hour = list[int](), list[int](), list[int]()
    for nth, ((begin, end), off) in enumerate(zip(pairwise(days), pairwise(offsets), strict=True)):
        if end - begin == DAY and off[0] == off[1]:
            hours = list(range(begin, end, HOUR))
            of_hour += [off[0]] * len(hours)
        else:
            hours = _changing(begin, end, zone)
            of_hour += [_offset(at, zone) for at in hours]
        edges += hours
        of_day += [nth] * len(hours)
    return _periods([*edges, days[-1]], of_day, of_hour, "m")


def _periods(
    edges: Sequence[int], day: Sequence[int], offset: Sequence[int], shown: Literal["D", "m"]
) -> Periods:
    bounds, off = np.array(edges, np.int64), np.array(offset, np.int64)
    clocks = (bounds[:-1] + off * MINUTE).astype("datetime64[ms]")
    local: list[str] = np.datetime_as_string(clocks, unit=shown).tolist()
    return Periods(bounds, np.array(day, np.intp), off, local)


def _changing(begin: int, end: int, zone: ZoneInfo) -> list[int]:
    """When the clocks show a full hour within a day, each time they do; and when it begins."""
    noon = datetime.fromtimestamp((begin + DAY // 2) / 1000, zone)
    found = {begin}
    for hour in range(24):
        once = noon.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
        again = max(_ms(once), _ms(once.replace(fold=1)))  # later where the clocks are turned back
        found |= {_ms(once), again}
    return sorted(at for at in found if begin <= at < max(end, begin + 1))


def _offset(ms: int, zone: ZoneInfo) -> int:
    off = datetime.fromtimestamp(ms / 1000, zone).utcoffset()
    return 0 if off is None else round(off.total_seconds() / 60)


def _ms(at: datetime) -> int:
    return round(at.timestamp()) * 1000
