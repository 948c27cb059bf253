"""What was written in time is taken for 30 days; what was not is not; every week adds up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.surveys.receiving import NotOpen, Outcome, State, Week, Window, by_week, received_late

OPENS = datetime(2026, 3, 2, 8, tzinfo=UTC)
WINDOW = Window(OPENS, OPENS + timedelta(hours=2))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STATES: list[State] = ["due", "draft", "completed", "expired", "declined", "cancelled"]


def test_an_answer_in_the_window_is_in_time() -> None:
    assert received_late("due", WINDOW, OPENS, OPENS) is False
    assert received_late("draft", WINDOW, OPENS + HOUR, OPENS + HOUR) is False


def test_an_answer_written_in_time_is_taken_for_thirty_days_and_marked() -> None:
    written = OPENS + HOUR
    assert received_late("expired", WINDOW, written, WINDOW.expires_at) is True
    assert received_late("expired", WINDOW, written, WINDOW.expires_at + 30 * DAY - MINUTE) is True
    with pytest.raises(NotOpen):
        received_late("expired", WINDOW, written, WINDOW.expires_at + 30 * DAY)


@pytest.mark.parametrize("written", [OPENS - MINUTE, WINDOW.expires_at, WINDOW.expires_at + DAY])
def test_an_answer_begun_outside_the_window_is_refused(written: datetime) -> None:
    with pytest.raises(NotOpen):
        received_late("due", WINDOW, written, WINDOW.expires_at + DAY)


@pytest.mark.parametrize("state", ["completed", "declined", "cancelled"])
def test_what_is_no_longer_asked_is_refused(state: State) -> None:
    with pytest.raises(NotOpen):
        received_late(state, WINDOW, OPENS, OPENS)


def test_a_phone_whose_clock_is_a_little_ahead_is_believed_up_to_now() -> None:
    now = OPENS + HOUR
    assert received_late("due", WINDOW, now + 5 * MINUTE, now) is False
    with pytest.raises(NotOpen):
        received_late("due", WINDOW, now + 6 * MINUTE, now)


def test_a_clock_ahead_does_not_open_what_is_not_open() -> None:
    with pytest.raises(NotOpen):
        received_late("due", WINDOW, OPENS, OPENS - MINUTE)


def outcome(day: int, state: State, *, late: bool = False) -> Outcome:
    at = OPENS + day * DAY
    return Outcome(at.replace(tzinfo=None), at, at + 2 * HOUR, state, late)


def test_a_week_counts_what_was_asked() -> None:
    found = by_week(
        [
            outcome(0, "completed"), outcome(1, "completed", late=True), outcome(2, "declined"),
            outcome(3, "due"), outcome(4, "due"), outcome(5, "cancelled"), outcome(6, "due"),
        ],
        OPENS + 4 * DAY + HOUR,
    )  # fmt: skip
    assert found == [Week(year=2026, week=10, due=1, completed=1, late=1, missed=2)]


def test_weeks_are_iso_weeks_of_the_local_day() -> None:
    at = datetime(2027, 1, 3, 23, tzinfo=UTC)
    local = datetime(2027, 1, 4)  # noqa: DTZ001 - Monday there, Sunday in UTC
    found = by_week([Outcome(local, at, at + HOUR, "expired", late_received=False)], at + DAY)
    assert [(week.year, week.week) for week in found] == [(2027, 1)]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(STATES), st.booleans())),
    st.integers(0, 80),
)
def test_each_that_was_asked_is_counted_once(
    rows: list[tuple[int, State, bool]], now_day: int
) -> None:
    outcomes = [outcome(day, state, late=late) for day, state, late in rows]
    now = OPENS + now_day * DAY
    weeks = by_week(outcomes, now)
    asked = [one for one in outcomes if one.state != "cancelled" and one.opens_at <= now]
    assert sum(w.due + w.completed + w.late + w.missed for w in weeks) == len(asked)
    assert [(w.year, w.week) for w in weeks] == sorted({(w.year, w.week) for w in weeks})
