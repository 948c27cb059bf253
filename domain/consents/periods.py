"""Sets of time as sorted, disjoint, half-open intervals: the algebra under grants, pauses and admission."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

Period: TypeAlias = tuple[datetime | None, datetime | None]
"""[from, to); None is without end on that side."""
Periods: TypeAlias = tuple[Period, ...]

NEVER: Periods = ()
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def period(lower: datetime | None, upper: datetime | None) -> Periods:
    """One interval; nothing where it would be empty."""
    return ((lower, upper),) if _low(lower) < _high(upper) else NEVER


def union(*several: Periods) -> Periods:
    """Every time that is in any of them."""
    merged: list[Period] = []
    for lower, upper in sorted((p for one in several for p in one), key=lambda p: _low(p[0])):
        if merged and _low(lower) <= _high(merged[-1][1]):
            merged[-1] = (merged[-1][0], _later(merged[-1][1], upper))
        else:
            merged.append((lower, upper))
    return tuple(merged)


def complement(these: Periods) -> Periods:
    """Every time that is not in them."""
    gaps: list[Period] = []
    start: datetime | None = None
    for lower, upper in these:
        if lower is not None:
            gaps.extend(period(start, lower))
        if upper is None:
            return tuple(gaps)
        start = upper
    return (*gaps, (start, None))


def intersection(one: Periods, other: Periods) -> Periods:
    """Every time that is in both."""
    return complement(union(complement(one), complement(other)))


def difference(one: Periods, other: Periods) -> Periods:
    """Every time that is in the first only."""
    return intersection(one, complement(other))


def contains(these: Periods, at: datetime) -> bool:
    """Whether a moment is in them."""
    return any(_low(lower) <= at < _high(upper) for lower, upper in these)


def from_ranges(ranges: Iterable[Any]) -> Periods:
    """A PostgreSQL tstzmultirange as asyncpg hands it over (always canonical: [from, to))."""
    return tuple((r.lower, r.upper) for r in ranges)


def milliseconds(these: Periods) -> list[tuple[int | None, int | None]]:
    """The same as [from, to) in whole milliseconds since 1970, for the times of samples."""
    return [(_ceiling_ms(lower), _ceiling_ms(upper)) for lower, upper in these]


def _ceiling_ms(at: datetime | None) -> int | None:
    if at is None:
        return None
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return -(-micros // 1000)


def _low(at: datetime | None) -> datetime:
    return _FIRST if at is None else at


def _high(at: datetime | None) -> datetime:
    return _LAST if at is None else at


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
