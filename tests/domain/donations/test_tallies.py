"""What samples come to by day and hour: nothing is lost or doubled, whatever lies across what (T50)."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.donations.columns import Columns
from domain.donations.days import By, Periods, periods
from domain.donations.measures import MEASURES
from domain.donations.measures.model import HOUR
from domain.donations.tallies import Tally, Told, chosen, nothing, picked, tally, told

STOCKHOLM = ZoneInfo("Europe/Stockholm")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
STEPS, HEART, SLEEP = (MEASURES[code] for code in ("step-count", "heart-rate", "sleep-stage"))


def days(first: date, count: int = 3, by: By = "day") -> Periods:
    return periods(first, first + timedelta(days=count), by, STOCKHOLM)


def intervals(*rows: tuple[int, int, float]) -> Columns:
    """Samples of begin, end and value."""
    start, end, value = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return Columns(start, end, (value.astype(float),), np.zeros(len(start), np.int16))


def points(*rows: tuple[int, float]) -> Columns:
    start, value = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return Columns(start, None, (value.astype(float),), np.zeros(len(start), np.int16))


def hourly(of: Periods, value: float = 100.0) -> Columns:
    """An hour of steps for each hour of UTC."""
    rows = range(int(of.edges[0]), int(of.edges[-1]), HOUR)
    return intervals(*[(at, at + HOUR, value) for at in rows])


def steps(columns: Columns, of: Periods) -> list[float | None]:
    return list(told(STEPS, tally(STEPS, columns, of)).numbers["value"].sum or ())


def test_days_of_23_and_25_hours_have_the_steps_of_so_many_hours() -> None:
    for changing, hours in ((SPRING, 23), (AUTUMN, 25)):
        of = days(changing - timedelta(days=1))
        assert steps(hourly(of), of) == [2400, hours * 100, 2400]


@pytest.mark.parametrize("by", ["day", "hour"])
@pytest.mark.parametrize("first", [SPRING, AUTUMN])
def test_totals_equal_the_sum_in_utc(first: date, by: By) -> None:
    of = days(first - timedelta(days=1), 3, by)
    found = steps(hourly(of), of)
    assert sum(one or 0 for one in found) == (of.edges[-1] - of.edges[0]) // HOUR * 100
    assert None not in found


samples = st.lists(
    st.tuples(st.integers(-50, 130), st.integers(1, 24 * 60), st.integers(0, 1000)),
    min_size=1, max_size=20,
)  # fmt: skip


@given(samples, st.sampled_from(["day", "hour"]), st.sampled_from([SPRING, AUTUMN]))
def test_intervals_are_shared_out_whole(
    rows: list[tuple[int, int, int]], by: By, first: date
) -> None:
    """Minutes off a quarter of an hour, so that they lie across every edge there is."""
    of = days(first - timedelta(days=3), 9, by)
    noon = int(of.edges[0]) + 72 * HOUR
    given_ = [
        (noon + at * HOUR // 4, noon + at * HOUR // 4 + long * 60_000, n) for at, long, n in rows
    ]
    found = tally(STEPS, intervals(*given_), of)
    assert found.sums.sum() == pytest.approx(sum(value for *_, value in given_))
    assert found.weight.sum() == sum(end - start for start, end, _ in given_)
    assert found.begun.sum() == len(rows)


@given(samples, st.sampled_from([SPRING, AUTUMN, date(2011, 12, 29)]))
def test_each_period_has_what_lies_in_it_told_sample_by_sample(
    rows: list[tuple[int, int, int]], first: date
) -> None:
    """Some begin before the first period, some end after the last; in Apia a day has no time."""
    of = periods(first, first + timedelta(days=3), "day", ZoneInfo("Pacific/Apia"))
    begin = int(of.edges[0])
    given_ = [(begin + at * HOUR, begin + at * HOUR + long * 120_000, n) for at, long, n in rows]
    found = tally(STEPS, intervals(*given_), of)
    for nth, (low, high) in enumerate(pairwise(of.edges.tolist())):
        lying = [(max(0, min(e, high) - max(s, low)), e - s, v) for s, e, v in given_]
        assert found.sums[0, nth] == pytest.approx(sum(ms / long * v for ms, long, v in lying))
        assert found.weight[nth] == sum(ms for ms, *_ in lying)
        assert found.parts[nth] == sum(ms > 0 for ms, *_ in lying)
        assert found.begun[nth] == sum(low <= s < high for s, *_ in given_)


@given(samples, st.integers(0, 20))
def test_tallies_of_parts_add_up_to_that_of_the_whole(
    rows: list[tuple[int, int, int]], cut: int
) -> None:
    of = days(SPRING, 4)
    whole = intervals(
        *[
            (int(of.edges[0]) + at * HOUR, int(of.edges[0]) + at * HOUR + long, v)
            for at, long, v in rows
        ]
    )
    parts = [tally(HEART, whole.where(part), of) for part in (slice(cut), slice(cut, None))]
    for one, other in zip(parts[0].plus(parts[1]), tally(HEART, whole, of), strict=True):
        assert np.allclose(one, other)


def test_an_interval_across_midnight_is_shared_by_time() -> None:
    of = days(date(2026, 5, 1), 2)
    midnight = int(of.edges[1])
    columns = intervals((midnight - HOUR, midnight + 3 * HOUR, 400.0))
    assert steps(columns, of) == [100, 300]


def test_what_reaches_in_from_before_gives_its_part() -> None:
    of = days(date(2026, 5, 1), 1)
    columns = intervals((int(of.edges[0]) - HOUR, int(of.edges[0]) + HOUR, 10.0))
    found = told(STEPS, tally(STEPS, columns, of))
    assert (found.count, found.numbers["value"].sum) == ([0], [5])


def test_a_mean_stands_with_its_extremes_and_where_nothing_was_is_null() -> None:
    of = days(date(2026, 5, 1), 2)
    at = int(of.edges[0])
    found = told(HEART, tally(HEART, points((at, 60), (at + 1, 90), (at + 2, 63)), of))
    numbers = found.numbers["value"]
    assert (found.count, numbers.mean) == ([3, 0], [71, None])
    assert (numbers.min, numbers.max) == ([60, None], [90, None])


def test_a_mean_of_intervals_is_weighted_by_their_time() -> None:
    of, measure = days(date(2026, 5, 1), 1), MEASURES["walking-speed"]
    at = int(of.edges[0])
    columns = intervals((at, at + HOUR, 1.0), (at + HOUR, at + 4 * HOUR, 2.0))
    assert told(measure, tally(measure, columns, of)).numbers["value"].mean == [1.75]


def test_each_number_of_a_measure_has_its_own_mean() -> None:
    of, measure = days(date(2026, 5, 1), 1), MEASURES["blood-pressure"]
    start = of.edges[:1] + np.arange(2)
    pressure = Columns(
        start, None, (np.array([120.0, 130]), np.array([80.0, 90])), np.zeros(2, np.int16)
    )
    numbers = told(measure, tally(measure, pressure, of)).numbers
    assert (numbers["systolic"].mean, numbers["diastolic"].mean) == ([125], [85])


def test_a_night_is_told_by_the_time_in_each_stage() -> None:
    of = days(AUTUMN, 1)
    at = int(of.edges[0])
    columns = intervals(
        (at - HOUR, at + HOUR, 2), (at + HOUR, at + 4 * HOUR, 3), (at + 4 * HOUR, at + 5 * HOUR, 2)
    )
    found = told(SLEEP, tally(SLEEP, columns, of))
    assert found.time_ms == {"light": [2 * HOUR], "deep": [3 * HOUR]}


def test_an_event_counts_where_it_begins() -> None:
    of, measure = days(date(2026, 5, 1), 2), MEASURES["headache"]
    at = int(of.edges[0])
    found = told(
        measure, tally(measure, intervals((at - 9, at + 9, 1), (at, at + 99 * HOUR, 2)), of)
    )
    assert found == Told(count=[1, 0], times={"mild": [1, 0]})


def test_the_total_of_a_day_is_of_the_source_that_covers_most_of_it() -> None:
    of = days(date(2026, 5, 1), 2, "hour")
    at, next_day = int(of.edges[0]), int(of.edges[24])
    phone = tally(STEPS, intervals((at, at + HOUR, 50), (next_day, next_day + 5 * HOUR, 500)), of)
    watch = tally(
        STEPS, intervals((at + HOUR, at + 4 * HOUR, 900), (next_day, next_day + HOUR, 7)), of
    )
    best = chosen([phone, watch], of)
    assert best.tolist() == [1] * 24 + [0] * 24
    assert picked([phone, watch], best).sums.sum() == 1400
    assert chosen([phone, phone], of).tolist() == [0] * 48


def test_no_samples_come_to_nothing() -> None:
    of = days(SPRING, 2)
    empty: Tally = nothing(STEPS, of)
    assert told(STEPS, picked([empty], chosen([empty], of))).numbers["value"].sum == [None, None]
