"""A phone is quiet by the clock on its resident's wall, across both changes of it, and on holidays."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.residents.model import Preferences
from notifications.quiet_hours import USUAL, Hours, is_holiday, quiet_until

STOCKHOLM = "Europe/Stockholm"
ZONES = (STOCKHOLM, "Europe/Helsinki", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata",
         "Pacific/Chatham", "America/Havana")  # fmt: skip

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CLOCK = st.times().map(lambda t: f"{t.hour:02}:{t.minute:02}")


def never(_: str, __: date) -> bool:
    return False


def ends(local: str, hours: Hours = USUAL, zone: str = STOCKHOLM, fold: int = 0) -> str | None:
    """When quiet hours at a local time are over, in UTC."""
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
    until = quiet_until(at, zone, hours, never)
    return f"{until:%d %H:%M}" if until else None


def test_they_span_midnight() -> None:
    assert ends("2026-01-14 20:59:59") is None
    assert ends("2026-01-14 21:00") == "15 07:00"
    assert ends("2026-01-15 07:59") == "15 07:00"
    assert ends("2026-01-15 08:00") is None


def test_they_lie_within_a_day() -> None:
    siesta = Hours("13:00", "15:00")
    assert ends("2026-07-14 12:59", siesta) is None
    assert ends("2026-07-14 14:00", siesta) == "14 13:00"


def test_a_night_in_spring_is_an_hour_shorter_and_one_in_autumn_an_hour_longer() -> None:
    assert ends("2026-03-28 22:00") == "29 06:00"
    assert ends("2026-10-24 22:00") == "25 07:00"


def test_an_end_that_the_clock_skips_comes_as_much_later() -> None:
    assert ends("2026-03-29 01:00", Hours("22:00", "02:30")) == "29 01:30"  # 03:30 on the wall


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    hours = Hours("22:00", "02:30")
    assert ends("2026-10-25 02:10", hours) == "25 00:30"
    assert ends("2026-10-25 02:40", hours) is None
    assert ends("2026-10-25 02:10", hours, fold=1) == "25 01:30"


def test_those_who_want_none_have_none() -> None:
    night = datetime(2026, 1, 14, 2, tzinfo=UTC)
    assert quiet_until(night, STOCKHOLM, None, lambda *_: True) is None
    assert quiet_until(night, STOCKHOLM, Hours("07:00", "07:00"), never) is None


def test_a_holiday_is_quiet_to_the_end_of_its_night() -> None:
    christmas = datetime(2026, 12, 25, 11, tzinfo=UTC)  # the day after is one too
    assert quiet_until(christmas, STOCKHOLM, USUAL, is_holiday) == datetime(
        2026, 12, 27, 7, tzinfo=UTC
    )


def test_holidays_are_those_of_the_country_around() -> None:
    swedish, finnish = date(2026, 6, 6), date(2026, 12, 6)
    assert (is_holiday(STOCKHOLM, swedish), is_holiday(STOCKHOLM, finnish)) == (True, False)
    assert is_holiday("Europe/Helsinki", finnish)
    assert not is_holiday("UTC", date(2026, 1, 1))


def test_the_usual_hours_are_those_that_preferences_begin_with() -> None:
    begun = Preferences(language="sv", zone=STOCKHOLM).quiet_hours
    assert begun is not None
    assert (begun.start, begun.end) == (USUAL.start, USUAL.end)


@given(MOMENTS, st.sampled_from(ZONES), CLOCK, CLOCK)
def test_when_they_are_over_a_phone_may_sound(
    moment: datetime, zone: str, start: str, end: str
) -> None:
    hours = Hours(start, end)
    until = quiet_until(moment, zone, hours, never)
    if until is None:
        until = moment
    assert quiet_until(until, zone, hours, never) is None
    assert until - moment <= timedelta(hours=26)
    assert _is_quiet(until, zone, hours) is False


@given(MOMENTS, st.sampled_from(ZONES), CLOCK, CLOCK, st.floats(0, 0.999))
def test_all_the_time_until_then_is_quiet(
    moment: datetime, zone: str, start: str, end: str, part: float
) -> None:
    hours = Hours(start, end)
    until = quiet_until(moment, zone, hours, never)
    if until is not None:
        between = moment + (until - moment) * part
        skipped = timedelta(hours=1)  # an end that the clock skips comes later
        assert _is_quiet(between, zone, hours) or until - between <= skipped


def _is_quiet(at: datetime, zone: str, hours: Hours) -> bool:
    shown = at.astimezone(ZoneInfo(zone)).time()
    start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
    night = shown >= start or shown < end
    return (start <= shown < end) if start <= end else night


@pytest.mark.parametrize("zone", ZONES)
def test_holidays_without_end_are_given_up(zone: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    until = quiet_until(now, zone, USUAL, lambda *_: True)
    assert until is not None
    assert until < now + timedelta(days=60)
