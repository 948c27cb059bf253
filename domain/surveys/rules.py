"""Repeating rules (RFC 5545, 3.3.10) as text of strangers, read strictly and expanded in bounded time. Pure.

A rule runs on the wall clock: it knows no zone, and `UNTIL` none either. It repeats by the day or
longer; hours of a day are said by `BYHOUR` and `BYMINUTE`.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from dateutil import rrule

LONGEST = 500
MOST_TIMES = 100_000
"""The most times that are looked at: more than an hourly rule has in ten years."""

_CYCLES = 19 * 400
"""The calendar repeats every 400 years, weekdays too. dateutil looks for a next time until the year
9999 and cannot be stopped: near that year, a rule that never comes is found out in a blink."""

_FREQUENCY = {name: getattr(rrule, name) for name in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,4}")
_UNTIL = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2}))?")


class Unreadable(ValueError):
    """Not a rule that can be kept to: why, in words that hold none of the input."""


def parsed(text: str) -> Mapping[str, Any]:
    """The parts of a rule, as dateutil takes them.

    Raises:
        Unreadable: it is no RFC 5545 rule, or uses what is not supported.

    """
    if len(text) > LONGEST:
        raise Unreadable("The rule is too long.")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or name in parts or name not in _READERS:
            raise Unreadable("A part of the rule is unknown, unsupported, empty or there twice.")
        parts[name] = value
    if "FREQ" not in parts:
        raise Unreadable("The rule has no FREQ.")
    found = {_ARGUMENTS.get(name, name.lower()): _READERS[name](parts[name]) for name in parts}
    _check_together(parts)
    return MappingProxyType(found)


def _check_together(parts: Mapping[str, str]) -> None:
    """What RFC 5545 says must not stand together, and days that no month has."""
    freq = parts["FREQ"]
    if "COUNT" in parts and "UNTIL" in parts:
        raise Unreadable("COUNT and UNTIL exclude each other.")
    if "BYYEARDAY" in parts and freq != "YEARLY":
        raise Unreadable("BYYEARDAY goes with YEARLY alone.")
    if "BYWEEKNO" in parts and freq != "YEARLY":
        raise Unreadable("BYWEEKNO goes with YEARLY alone.")
    if "BYMONTHDAY" in parts and freq == "WEEKLY":
        raise Unreadable("BYMONTHDAY does not go with WEEKLY.")
    numbered = any(character.isdigit() for character in parts.get("BYDAY", ""))
    if numbered and (freq in {"DAILY", "WEEKLY"} or "BYWEEKNO" in parts):
        raise Unreadable("A numbered BYDAY goes with MONTHLY, or YEARLY without BYWEEKNO.")
    if "BYSETPOS" in parts and freq == "DAILY":
        raise Unreadable("BYSETPOS is not supported with DAILY.")
    if "BYSETPOS" in parts and not any(p.startswith("BY") and p != "BYSETPOS" for p in parts):
        raise Unreadable("BYSETPOS needs another BY part.")
    if "BYMONTH" in parts and "BYMONTHDAY" in parts:
        longest = max(monthrange(2028, int(month))[1] for month in parts["BYMONTH"].split(","))
        if all(abs(int(day)) > longest for day in parts["BYMONTHDAY"].split(",")):
            raise Unreadable("None of its months has such a day.")


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not lowest <= int(text) <= highest:
            raise Unreadable("A number of the rule is out of bounds.")
        return int(text)

    return read


def _numbers(lowest: int, highest: int, *, backwards: bool = False) -> Callable[[str], list[int]]:
    read = _number(-highest if backwards else lowest, highest)

    def read_all(text: str) -> list[int]:
        found = [read(part) for part in text.split(",")]
        if backwards and 0 in found:
            raise Unreadable("Days and positions are counted from 1 or from -1.")
        return found

    return read_all


def _frequency(text: str) -> int:
    if text not in _FREQUENCY:
        raise Unreadable("FREQ is one of DAILY, WEEKLY, MONTHLY, YEARLY.")
    found: int = _FREQUENCY[text]
    return found


def _until(text: str) -> datetime:
    """The last time of a rule. A day alone is that whole day."""
    match = _UNTIL.fullmatch(text)
    if match is None:
        raise Unreadable("UNTIL is a local day or time, without a zone.")
    year, month, day, hour, minute, second = (
        int(part) if part else None for part in match.groups()
    )
    if year is None or month is None or day is None or not 1900 <= year < 2200:  # noqa: PLR2004
        raise Unreadable("UNTIL lies outside 1900 to 2200.")
    try:
        if hour is None or minute is None or second is None:
            return shifted(datetime(year, month, day, 23, 59, 59))  # noqa: DTZ001 - wall clock
        return shifted(datetime(year, month, day, hour, minute, second))  # noqa: DTZ001
    except ValueError:
        raise Unreadable("UNTIL is no day of the calendar.") from None


def _days(text: str) -> list[rrule.weekday]:
    return [_day(part) for part in text.split(",")]


def _day(text: str) -> rrule.weekday:
    match = _DAY.fullmatch(text)
    if match is None or abs(int(match[1] or 1)) > 53:  # noqa: PLR2004 - weeks of a year
        raise Unreadable("BYDAY is days as MO, or 1MO and -1MO.")
    return rrule.weekday(_DAYS.index(match[2]), int(match[1]) if match[1] else None)


_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType({
    "FREQ": _frequency,
    "INTERVAL": _number(1, 1000),
    "COUNT": _number(1, 9999),
    "UNTIL": _until,
    "BYMONTH": _numbers(1, 12),
    "BYMONTHDAY": _numbers(1, 31, backwards=True),
    "BYYEARDAY": _numbers(1, 366, backwards=True),
    "BYWEEKNO": _numbers(1, 53, backwards=True),
    "BYDAY": _days,
    "BYHOUR": _numbers(0, 23),
    "BYMINUTE": _numbers(0, 59),
    "BYSETPOS": _numbers(1, 366, backwards=True),
    "WKST": _day,
})  # fmt: skip
_ARGUMENTS = {"BYDAY": "byweekday"}


def times(text: str, first: datetime) -> Iterator[datetime]:
    """The times of a rule on the wall clock, from the first on, in order. It may never end.

    Raises:
        Unreadable: it is no RFC 5545 rule, or uses what is not supported.

    """
    start = shifted(first)
    for count, found in enumerate(rrule.rrule(**parsed(text), dtstart=start, cache=False)):
        if count == MOST_TIMES:
            return
        yield found.replace(year=found.year - _CYCLES)


def shifted(moment: datetime) -> datetime:
    """The same day of the calendar's cycle near the year 9999."""
    return moment.replace(year=moment.year + _CYCLES)


@lru_cache(maxsize=4096)
def between(text: str, first: datetime, since: datetime, until: datetime) -> tuple[datetime, ...]:
    """The times of a rule in `[since, until)`."""
    sooner = takewhile(lambda moment: moment < until, times(text, first))
    return tuple(moment for moment in sooner if moment >= since)
