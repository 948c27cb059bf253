"""When a phone may sound: not in a resident's quiet hours, and not on a public holiday where they are.

Pure: the moment is an argument, and the hours are those on the wall of the resident's zone, across
both changes of the clock.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from msgspec import Struct

IsFree = Callable[[str, date], bool]
"""Whether a day is a public holiday in a zone."""

MOST_STEPS = 40
DAY = timedelta(days=1)


class Hours(Struct, frozen=True):
    """From `start` until before `end`, as "21:00". The end may be on the next day.

    Where both are the same there are none.
    """

    start: str
    end: str


USUAL = Hours("21:00", "08:00")
"""For those who have not chosen: as the preferences begin."""


def quiet_until(
    moment: datetime, zone: str, hours: Hours | None, is_free: IsFree
) -> datetime | None:
    """When a phone may sound again, or None where it may now. Without quiet hours it always may.

    An end that the clock skips in spring comes as much later; in autumn an hour that comes twice
    is judged by the clock both times.
    """
    if hours is None:
        return None
    where, at = ZoneInfo(zone), moment
    start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
    for _ in range(MOST_STEPS):
        local = at.astimezone(where)
        if is_free(zone, local.date()):
            at = datetime.combine(local.date() + DAY, time(), where).astimezone(UTC)
        elif _within(local.time(), start, end):
            at = _next(end, at, where)
        else:
            break
    return at if at > moment else None


def _within(now: time, start: time, end: time) -> bool:
    return start <= now < end if start <= end else now >= start or now < end


def _next(end: time, after: datetime, where: ZoneInfo) -> datetime:
    """The first time after a moment that the clock on the wall shows `end`."""
    today = after.astimezone(where).date()
    shown = (
        datetime.combine(day, end, where).replace(fold=fold).astimezone(UTC)
        for day in (today, today + DAY)
        for fold in (0, 1)
    )
    return min(at for at in shown if at > after and at.astimezone(where).time() >= end)


def is_holiday(zone: str, day: date) -> bool:
    """Whether a day is a public holiday in the country of a zone. Where none is known, none is."""
    return day in _holidays(zone, day.year)


@cache
def _holidays(zone: str, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - half a second, and only the worker asks

    country = _countries().get(zone, "")
    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))


@cache
def _countries() -> dict[str, str]:
    """The country (ISO 3166) of each zone, as the IANA's table has it."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text()
    lines = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return {line[2]: line[0] for line in lines}
