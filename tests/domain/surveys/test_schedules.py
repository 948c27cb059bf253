"""Every slot comes once, when the resident's clock first shows it: through clock changes and flights."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.surveys.schedules import Timetable, ZoneFrom, occurrences, opening, problems

LONG_AGO = datetime(1900, 1, 2, tzinfo=UTC)
STOCKHOLM, NEW_YORK, TOKYO = map(ZoneInfo, ("Europe/Stockholm", "America/New_York", "Asia/Tokyo"))
AT_HOME = [ZoneFrom(LONG_AGO, STOCKHOLM)]
DAILY: dict[str, Any] = {
    "first": date(2026, 1, 1), "at": time(8), "rule": "FREQ=DAILY", "window": 120,
}  # fmt: skip


def timetable(**changes: Any) -> Timetable:
    kept = {key: value for key, value in (DAILY | changes).items() if value is not None}
    return msgspec.convert(kept, Timetable)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def opened(
    table: Timetable,
    since: datetime,
    until: datetime,
    zones: list[ZoneFrom] | None = None,
    anchor: datetime = LONG_AGO,
) -> list[tuple[str, str]]:
    """The slots, as local time and as UTC."""
    return [
        (f"{one.local:%m-%d %H:%M}", f"{one.opens_at:%m-%d %H:%M}")
        for one in occurrences(table, anchor, zones or AT_HOME, since, until)
    ]


def test_eight_in_the_morning_stays_eight_in_the_morning_when_clocks_change() -> None:
    assert opened(timetable(), utc(2026, 3, 28), utc(2026, 3, 31)) == [
        ("03-28 08:00", "03-28 07:00"), ("03-29 08:00", "03-29 06:00"), ("03-30 08:00", "03-30 06:00"),
    ]  # fmt: skip
    assert opened(timetable(), utc(2026, 10, 24), utc(2026, 10, 27)) == [
        ("10-24 08:00", "10-24 06:00"), ("10-25 08:00", "10-25 07:00"), ("10-26 08:00", "10-26 07:00"),
    ]  # fmt: skip


def test_a_time_that_summer_time_skips_comes_once_with_the_offset_before() -> None:
    table = timetable(at=time(2, 30))
    assert opened(table, utc(2026, 3, 29), utc(2026, 3, 30)) == [("03-29 02:30", "03-29 01:30")]


def test_a_time_that_comes_twice_is_asked_the_first_time_only() -> None:
    table = timetable(at=time(2, 30))
    assert opened(table, utc(2026, 10, 25), utc(2026, 10, 26)) == [("10-25 02:30", "10-25 00:30")]


def test_leap_day() -> None:
    table = timetable(rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    assert opened(table, utc(2027, 1, 1), utc(2029, 1, 1)) == [("02-29 08:00", "02-29 07:00")]


def test_a_year_after_a_leap_day_is_asked_on_the_first_of_march() -> None:
    table = timetable(first=None, relative_to="enrolment", after_days=366, rule=None)
    anchor = utc(2028, 2, 29, 12)
    assert opened(table, anchor, utc(2030, 1, 1), anchor=anchor) == [("03-01 08:00", "03-01 07:00")]


def test_a_journey_from_stockholm_to_new_york_to_tokyo_asks_once_a_day() -> None:
    """Landing in New York at 06:00 local on 2 June: 08:00 of that day had come at home.

    Landing in Tokyo on 5 June at 14:00 local: 08:00 was skipped in the air, and is due on landing.
    """
    journey = [
        ZoneFrom(LONG_AGO, STOCKHOLM),
        ZoneFrom(utc(2026, 6, 2, 10), NEW_YORK),
        ZoneFrom(utc(2026, 6, 5, 5), TOKYO),
    ]
    assert opened(timetable(), utc(2026, 6, 1), utc(2026, 6, 6, 12), journey) == [
        ("06-01 08:00", "06-01 06:00"), ("06-02 08:00", "06-02 06:00"),
        ("06-03 08:00", "06-03 12:00"), ("06-04 08:00", "06-04 12:00"),
        ("06-05 08:00", "06-05 05:00"), ("06-06 08:00", "06-05 23:00"),
    ]  # fmt: skip


def test_what_was_asked_at_home_is_not_asked_again_after_a_flight_west() -> None:
    zones = [ZoneFrom(LONG_AGO, STOCKHOLM), ZoneFrom(utc(2026, 6, 2, 7), NEW_YORK)]
    local = datetime(2026, 6, 2, 8)  # noqa: DTZ001
    assert opening(local, zones) == utc(2026, 6, 2, 6)


zones = st.lists(
    st.tuples(
        st.datetimes(datetime(2026, 1, 5), datetime(2026, 12, 20), timezones=st.just(UTC)),  # noqa: DTZ001
        st.sampled_from(
            [STOCKHOLM, NEW_YORK, TOKYO, *map(ZoneInfo, ("Pacific/Apia", "Pacific/Pago_Pago"))]
        ),
    ),
    max_size=6,
)


@given(zones, st.times(), st.lists(st.integers(1, 365 * 24), max_size=8))
@settings(deadline=None)
def test_each_local_slot_comes_once_however_one_travels_and_however_the_worker_walks(
    moves: list[tuple[datetime, ZoneInfo]], at: time, cuts: list[int]
) -> None:
    history = [*AT_HOME, *(ZoneFrom(*move) for move in sorted(moves, key=lambda m: m[0]))]
    table = timetable(at=at.replace(second=0, microsecond=0), rule="FREQ=DAILY;COUNT=360")
    start = utc(2025, 12, 20)
    walked = sorted(
        {start, start + timedelta(days=400), *(start + timedelta(hours=h) for h in cuts)}
    )
    found = [
        one.local
        for since, until in pairwise(walked)
        for one in occurrences(table, LONG_AGO, history, since, until)
    ]
    first = datetime.combine(date(2026, 1, 1), table.at)
    assert sorted(found) == [first + timedelta(days=day) for day in range(360)]


def test_nothing_is_asked_of_before_the_enrolment() -> None:
    anchor = utc(2026, 6, 1, 12)
    assert (
        opened(timetable(), utc(2026, 5, 1), utc(2026, 6, 3), anchor=anchor)[0][0] == "06-02 08:00"
    )


def test_days_after_enrolment_count_from_the_day_where_the_resident_was() -> None:
    table = timetable(first=None, relative_to="enrolment", after_days=1, rule=None)
    anchor = utc(2026, 6, 1, 23)  # It is 2 June in Stockholm.
    assert opened(table, anchor, utc(2026, 7, 1), anchor=anchor) == [("06-03 08:00", "06-03 06:00")]


def test_a_repetition_after_an_event_begins_with_it() -> None:
    table = timetable(first=None, relative_to="event", event="surgery", rule="FREQ=WEEKLY;COUNT=2")
    anchor = utc(2026, 6, 1, 1)
    assert [local for local, _ in opened(table, anchor, utc(2027, 1, 1), anchor=anchor)] == [
        "06-01 08:00", "06-08 08:00",
    ]  # fmt: skip


def test_a_slot_says_when_it_closes_and_expires_and_when_to_remind() -> None:
    table = timetable(reminders=[60, 30], grace=15)
    (one,) = occurrences(table, LONG_AGO, AT_HOME, utc(2026, 6, 1), utc(2026, 6, 2))
    assert one.closes_at == utc(2026, 6, 1, 8)
    assert one.expires_at == utc(2026, 6, 1, 8, 15)
    assert one.reminders == (utc(2026, 6, 1, 6, 30), utc(2026, 6, 1, 7))


def test_a_window_is_as_long_on_the_night_of_the_change() -> None:
    table = timetable(at=time(23), window=240)
    (one,) = occurrences(table, LONG_AGO, AT_HOME, utc(2026, 10, 24, 12), utc(2026, 10, 25))
    assert one.closes_at - one.opens_at == timedelta(hours=4)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"first": None}, "first"),
        ({"relative_to": "enrolment"}, "first"),
        ({"relative_to": "event", "first": None}, "event"),
        ({"event": "surgery"}, "event"),
        ({"first": date(9999, 12, 31)}, "first"),
        ({"first": date(1, 1, 1)}, "first"),
        ({"at": time(8, 0, 1)}, "at"),
        ({"reminders": [0]}, "reminders[0]"),
        ({"reminders": [120]}, "reminders[0]"),
        ({"reminders": [5, 5]}, "reminders"),
        ({"rule": "FREQ=HOURLY"}, "rule"),
        ({"rule": "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29"}, "rule"),
        ({"rule": "FREQ=DAILY;UNTIL=20251231"}, "rule"),
        ({"rule": "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24)))}, "rule"),
    ],
)
def test_what_cannot_be_kept_to_is_refused_by_path(changes: dict[str, Any], path: str) -> None:
    assert [problem.path for problem in problems(timetable(**changes))] == [path]


@pytest.mark.parametrize("rule", [None, "FREQ=DAILY", "FREQ=DAILY;BYHOUR=8,12,16,20"])
def test_a_sound_timetable_has_no_problems(rule: str | None) -> None:
    assert problems(timetable(rule=rule, reminders=[30])) == []
