"""What samples come to in each of some periods. Pure.

A point counts where it begins. An interval is shared out by the time it lies in each period: of a
sum each gets its part, a mean is weighted by it. An event counts where it begins, however long it
lasts. Tallies of parts add up to the tally of the whole.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import UNSET, Struct, UnsetType
from numpy.typing import NDArray

from domain.donations.columns import Columns, Ints
from domain.donations.days import Periods
from domain.donations.forms import DECIMALS
from domain.donations.measures import Measure

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


class Tally(NamedTuple):
    """By period (the last axis): samples that begin in it, parts of samples, their weight and time.

    Of each number the weighted sum, the lowest and the highest; of each code how often or how long.
    `weight` is ms of intervals, 1 of a point; `covered` the same where a summary needs no weight.
    """

    begun: Floats
    parts: Floats
    weight: Floats
    sums: Floats
    low: Floats
    high: Floats
    codes: Floats

    def plus(self, other: "Tally") -> "Tally":
        """Of both together."""
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        added = [mine + theirs for mine, theirs in zip(self, other, strict=True)]
        return Tally(*added)._replace(low=low, high=high)


class Share(NamedTuple):
    """Parts of samples: of which sample, in which period, for how many ms, and which part of it.

    None: of points no ms, and the whole of each.
    """

    sample: Places | slice
    period: Places
    ms: Ints | None = None
    part: Floats | None = None


class Numbers(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number's sum, or its mean with its extremes, by period; null where there was none."""

    sum: list[float | None] | UnsetType = UNSET
    mean: list[float | None] | UnsetType = UNSET
    min: list[float | None] | UnsetType = UNSET
    max: list[float | None] | UnsetType = UNSET


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What samples came to, by period. `count`: how many began in it.

    `numbers` by component; of codes `time_ms` or how often (`times`), those that occurred.
    """

    count: list[int]
    numbers: dict[str, Numbers] = {}
    time_ms: dict[str, list[int]] = {}
    times: dict[str, list[int]] = {}


def nothing(measure: Measure, periods: Periods) -> Tally:
    """The tally of no samples."""
    numbers, codes = (_numbers(measure), periods.size), (len(_codes(measure)), periods.size)
    zero = np.zeros(periods.size)
    return Tally(
        zero, zero, zero, np.zeros(numbers), np.full(numbers, np.inf), np.full(numbers, -np.inf),
        np.zeros(codes),
    )  # fmt: skip


def tally(measure: Measure, columns: Columns, periods: Periods) -> Tally:
    """What these samples, ascending by start, come to."""
    points = measure.summary == "count" or columns.end is None
    # The few edges are looked up among the starts, and not each start among the edges.
    cuts = np.searchsorted(columns.start, periods.edges)
    shares = _points(cuts) if points else _intervals(columns, cuts, periods)
    period, weight, n = shares.period, shares.ms, periods.size
    factor = shares.part if measure.summary == "sum" else weight
    begun: Floats = np.diff(cuts).astype(np.float64)
    parts = begun if shares.part is None else _counted(period, None, n)
    found = nothing(measure, periods)._replace(
        begun=begun, parts=parts, weight=parts if weight is None else _counted(period, weight, n)
    )
    for at in range(_numbers(measure)):
        value = columns.values[at][shares.sample]
        found.sums[at] = _counted(period, value if factor is None else value * factor, n)
        if measure.summary == "mean":
            np.minimum.at(found.low[at], period, value)
            np.maximum.at(found.high[at], period, value)
    if codes := _codes(measure):
        place = columns.values[0][shares.sample].astype(np.intp) * n + period
        return found._replace(codes=_counted(place, weight, len(codes) * n).reshape(-1, n))
    return found


def _counted(places: Places, weight: Ints | Floats | None, size: int) -> Floats:
    """What falls on each place: how often, or of what weight."""
    found: Floats = np.bincount(places, weight, size).astype(np.float64, copy=False)
    return found


def _points(cuts: Places) -> Share:
    """Each sample in the period that it begins in."""
    period = np.repeat(np.arange(len(cuts) - 1), np.diff(cuts))
    return Share(slice(int(cuts[0]), int(cuts[-1])), period)


def _intervals(columns: Columns, cuts: Places, periods: Periods) -> Share:
    """Each sample in every period that it lies in."""
    edges, start, n = periods.edges, columns.start, periods.size
    end = start if columns.end is None else columns.end
    bounds = np.array([0, *cuts.tolist(), len(start)])
    begun = bounds[1:] - bounds[:-1]
    further = end > np.repeat(np.append(edges, edges[-1]), begun)
    if not further.any():
        within = _points(cuts)
        return within._replace(ms=(end - start)[within.sample])
    before = np.repeat(np.arange(n + 2), begun)  # so many edges lie at or before its start
    last = before - 1
    last[further] = np.searchsorted(edges, end[further]) - 1
    sample, period = _spread(np.maximum(before - 1, 0), np.minimum(last, n - 1))
    since = np.maximum(start[sample], edges[period])
    ms = np.minimum(end[sample], edges[period + 1]) - since
    some = ms > 0  # a day that a zone has skipped has no time to lie in
    sample, period, ms = sample[some], period[some], ms[some]
    return Share(sample, period, ms, ms / (end[sample] - start[sample]))


def _spread(first: Places, last: Places) -> tuple[Places, Places]:
    """Each sample with each of its periods."""
    width = np.maximum(last - first + 1, 0)
    sample = np.repeat(np.arange(len(first)), width)
    nth = np.arange(len(sample)) - np.repeat(np.cumsum(width) - width, width)
    return sample, first[sample] + nth


def chosen(tallies: Sequence[Tally], periods: Periods) -> Places:
    """For each period the one that stands for its day: which has most of the day's time, or samples.

    Of equals the first.
    """
    days = int(periods.day[-1]) + 1
    of_days = [np.bincount(periods.day, one.weight, minlength=days) for one in tallies]
    best: Places = np.argmax(np.stack(of_days), axis=0)[periods.day]
    return best


def picked(tallies: Sequence[Tally], best: Places) -> Tally:
    """In each period what the one that stands for it has."""
    if len(tallies) == 1:
        return tallies[0]
    at = np.arange(len(best))
    return Tally(
        *[np.moveaxis(np.stack(one), 0, -2)[..., best, at] for one in zip(*tallies, strict=True)]
    )


def told(measure: Measure, found: Tally) -> Told:
    """A tally in the words of its measure's summary."""
    names = [one.name for one in measure.components if not one.codes]
    by_code = {
        code: np.rint(row).astype(np.int64).tolist()
        for code, row in zip(_codes(measure), found.codes, strict=True)
        if row.any()
    }
    return Told(
        count=found.begun.astype(np.int64).tolist(),
        numbers={
            name: _told(measure, found, at) for at, name in enumerate(names[: _numbers(measure)])
        },
        time_ms=by_code if measure.summary == "time" else {},
        times=by_code if measure.summary == "count" else {},
    )


def _told(measure: Measure, found: Tally, at: int) -> Numbers:
    empty = found.parts == 0
    if measure.summary == "sum":
        return Numbers(sum=_or_null(found.sums[at], empty))
    with np.errstate(invalid="ignore"):
        mean = found.sums[at] / found.weight
    return Numbers(
        mean=_or_null(mean, empty),
        min=_or_null(found.low[at], empty),
        max=_or_null(found.high[at], empty),
    )


def _or_null(column: Floats, empty: NDArray[np.bool_]) -> list[float | None]:
    """Sums of parts that are whole again but for what binary fractions leave."""
    pairs = zip(np.round(column, DECIMALS).tolist(), empty.tolist(), strict=True)
    return [None if no else number for number, no in pairs]


def _numbers(measure: Measure) -> int:
    """How many of its components are summed or averaged: numbers come before codes."""
    if measure.summary not in {"sum", "mean"}:
        return 0
    return sum(not one.codes for one in measure.components)


def _codes(measure: Measure) -> tuple[str, ...]:
    """The codes that are counted or timed."""
    return measure.components[0].codes if measure.summary in {"time", "count"} else ()
