"""Rules are RFC 5545's, read strictly; none of them, however odd, holds up who reads it."""

import time
from datetime import datetime
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.surveys.rules import Unreadable, between, parsed, times

FIRST = datetime(2026, 1, 1, 8)  # noqa: DTZ001 - wall clock


def first(rule: str, count: int = 5) -> list[str]:
    return [f"{moment:%Y-%m-%dT%H:%M}" for moment in islice(times(rule, FIRST), count)]


def test_days_weeks_months_and_years() -> None:
    assert first("FREQ=DAILY;INTERVAL=3", 2) == ["2026-01-01T08:00", "2026-01-04T08:00"]
    assert first("FREQ=WEEKLY;BYDAY=MO,FR", 2) == ["2026-01-02T08:00", "2026-01-05T08:00"]
    assert first("FREQ=MONTHLY;BYDAY=-1SU", 2) == ["2026-01-25T08:00", "2026-02-22T08:00"]
    assert first("FREQ=YEARLY", 2) == ["2026-01-01T08:00", "2027-01-01T08:00"]


def test_the_thirty_first_leaves_out_shorter_months() -> None:
    assert first("FREQ=MONTHLY;BYMONTHDAY=31", 2) == ["2026-01-31T08:00", "2026-03-31T08:00"]


def test_leap_day_comes_in_leap_years() -> None:
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"
    assert first(rule, 2) == ["2028-02-29T08:00", "2032-02-29T08:00"]


def test_several_times_of_a_day() -> None:
    assert first("FREQ=DAILY;BYHOUR=8,20;BYMINUTE=30", 3) == [
        "2026-01-01T08:30", "2026-01-01T20:30", "2026-01-02T08:30",
    ]  # fmt: skip


def test_a_rule_ends_by_count_or_with_its_last_day() -> None:
    assert len(first("FREQ=DAILY;COUNT=3")) == 3
    assert first("FREQ=DAILY;UNTIL=20260102") == ["2026-01-01T08:00", "2026-01-02T08:00"]
    assert first("FREQ=DAILY;UNTIL=20260102T075959") == ["2026-01-01T08:00"]


def test_a_stretch_is_half_open() -> None:
    days = [datetime(2026, 1, day, 8) for day in (2, 3, 4)]  # noqa: DTZ001
    assert between("FREQ=DAILY", FIRST, days[0], days[2]) == (days[0], days[1])


@pytest.mark.parametrize(
    "rule",
    [
        "", "FREQ", "FREQ=", "FREQ=HOURLY", "FREQ=MINUTELY", "INTERVAL=2", "freq=DAILY",
        "FREQ=DAILY;FREQ=WEEKLY", "FREQ=DAILY;", "FREQ=DAILY;BYEASTER=0", "FREQ=DAILY;FOO=1",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=99999",
        "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=1;UNTIL=20270101", "FREQ=DAILY;COUNT=1_0",
        "FREQ=DAILY;UNTIL=20260301T000000Z", "FREQ=DAILY;UNTIL=20260230", "FREQ=DAILY;UNTIL=99990101",
        "FREQ=DAILY;BYMONTH=13", "FREQ=DAILY;BYMONTH=0", "FREQ=DAILY;BYHOUR=24", "FREQ=DAILY;BYHOUR=",
        "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=1MO", "FREQ=DAILY;BYDAY=1MO", "FREQ=YEARLY;BYDAY=60MO", "FREQ=DAILY;BYDAY=XX",
        "FREQ=YEARLY;BYWEEKNO=5;BYDAY=1MO", "FREQ=MONTHLY;BYWEEKNO=5", "FREQ=DAILY;BYYEARDAY=5",
        "FREQ=DAILY;BYSETPOS=2", "FREQ=WEEKLY;BYSETPOS=0;BYDAY=MO", "FREQ=MONTHLY;BYSETPOS=1", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=31", "FREQ=DAILY;COUNT=" + "9" * 5000,
        "DTSTART:20260101\nRRULE:FREQ=DAILY", "FREQ=DAILY\x00", "FREQ=DAILY;INTERVAL=²",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(Unreadable):
        list(islice(times(rule, FIRST), 1))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=WEEKLY;BYMONTH=2;BYDAY=MO;BYSETPOS=5",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=6",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=12",
    ],
)  # fmt: skip
def test_a_rule_that_never_comes_is_found_out_soon(rule: str) -> None:
    begun = time.process_time()
    assert first(rule) == []
    assert time.process_time() - begun < 0.5


def test_what_is_refused_is_not_repeated_in_the_words_for_it() -> None:
    with pytest.raises(Unreadable) as error:
        parsed("FREQ=DAILY;BYMONTH=197010632391")
    assert "1970" not in str(error.value)


days = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
rules = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 400)),
    st.builds("FREQ=WEEKLY;INTERVAL={};BYDAY={};WKST={}".format, st.integers(1, 8), days, days),
    st.builds("FREQ=MONTHLY;BYDAY={}{}".format, st.sampled_from([-2, -1, 1, 2, 3]), days),
    st.builds("FREQ=MONTHLY;BYMONTHDAY={};INTERVAL={}".format, st.integers(1, 31), st.just(1)),
    st.builds("FREQ=YEARLY;BYWEEKNO={};BYDAY={}".format, st.integers(1, 52), days),
)


@given(rules, st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
@settings(deadline=None)
def test_the_years_that_the_rule_runs_in_do_not_change_it(rule: str, start: datetime) -> None:
    """The calendar's cycle: what dateutil itself makes of the rule, in the years asked for."""
    start = start.replace(microsecond=0)
    assert list(islice(times(rule, start), 20)) == list(islice(rrulestr(rule, dtstart=start), 20))
