"""Days follow each other without a gap, whatever a zone's clocks do; T50: 23 and 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.donations.days import By, Periods, periods
from domain.donations.measures import DAY, MINUTE
from domain.donations.measures.model import HOUR

ZONES = (
    "Europe/Stockholm", "Europe/Lisbon", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/Sao_Paulo", "America/St_Johns", "America/Havana", "Africa/Cairo", "Pacific/Apia",
    "America/Toronto",
)  # fmt: skip


def of(first: str, days: int, by: By = "day", zone: str = "Europe/Stockholm") -> Periods:
    begin = date.fromisoformat(first)
    return periods(begin, begin + timedelta(days=days), by, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)]
)
def test_a_day_has_as_many_hours_as_its_clocks_show(day: str, hours: int) -> None:
    assert np.diff(of(day, 1).edges).tolist() == [hours * HOUR]
    assert np.diff(of(day, 1, "hour").edges).tolist() == [HOUR] * hours


def test_the_hour_that_comes_twice_is_told_apart_by_its_offset() -> None:
    offsets = of("2026-10-25", 1, "hour").offset.tolist()
    assert offsets == [120] * 3 + [60] * 22


def test_clocks_changed_by_half_an_hour_make_one_hour_longer_or_shorter() -> None:
    spring = np.diff(of("2025-10-05", 1, "hour", "Australia/Lord_Howe").edges) // MINUTE
    autumn = np.diff(of("2025-04-06", 1, "hour", "Australia/Lord_Howe").edges) // MINUTE
    assert spring.tolist() == [60, 60, 30] + [60] * 21
    assert autumn.tolist() == [60, 90] + [60] * 22


def test_a_day_that_a_zone_skipped_has_no_time() -> None:
    assert np.diff(of("2011-12-29", 3, zone="Pacific/Apia").edges).tolist() == [DAY, 0, DAY]


@pytest.mark.parametrize("zone", ZONES)
@given(first=st.dates(date(1910, 1, 1), date(2090, 1, 1)), days=st.integers(1, 40))
def test_hours_fill_days_and_days_fill_time(zone: str, first: date, days: int) -> None:
    by_day = periods(first, first + timedelta(days=days), "day", ZoneInfo(zone))
    by_hour = periods(first, first + timedelta(days=days), "hour", ZoneInfo(zone))
    assert (by_day.edges[0], by_day.edges[-1]) == (by_hour.edges[0], by_hour.edges[-1])
    assert bool((np.diff(by_day.edges) >= 0).all())
    assert set(by_day.edges.tolist()) == set(by_hour.edges.tolist()) & set(by_day.edges.tolist())
    lengths = np.bincount(by_hour.day, np.diff(by_hour.edges), minlength=days)
    assert lengths.tolist() == np.diff(by_day.edges).tolist()


@pytest.mark.parametrize("zone", sorted({*ZONES} - {"America/St_Johns"}))
@given(at=st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_moment_lies_in_the_hour_that_its_clock_shows(zone: str, at: datetime) -> None:
    """In St. John's one used to go back over midnight: then two dates took turns within an hour."""
    local = at.astimezone(ZoneInfo(zone))
    found = periods(
        local.date() - timedelta(days=1), local.date() + timedelta(days=2), "hour", ZoneInfo(zone)
    )
    nth = int(np.searchsorted(found.edges, at.timestamp() * 1000, side="right")) - 1
    begin = datetime.fromtimestamp(int(found.edges[nth]) / 1000, ZoneInfo(zone))
    assert (begin.date(), begin.hour) == (local.date(), local.hour)
