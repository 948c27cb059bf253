"""Not too fast, slowly up, and away from the quarter hours; what is urgent goes first."""

from hypothesis import given
from hypothesis import strategies as st

from notifications.pace import AWAY, MOST_A_SECOND, QUARTER, RAMP, Pace, granted, resting, risen
from notifications.retries import FIRST_WAIT, wait

NOON = 1_767_268_800
OPEN = NOON + AWAY
NEW = Pace(0, 0, 0, 0, 0)

ASKED = st.lists(
    st.tuples(st.integers(0, 90), st.integers(0, 20_000), st.booleans()), min_size=1, max_size=200
)


def test_it_rises_from_nothing_over_a_minute() -> None:
    steps = [risen(n) for n in range(RAMP + 10)]
    assert steps == sorted(steps)
    assert steps[0] <= MOST_A_SECOND / RAMP
    assert steps[RAMP - 2] < steps[RAMP - 1] == steps[-1] == MOST_A_SECOND


def test_nothing_in_bulk_goes_around_a_quarter_hour() -> None:
    quarter = range(NOON - AWAY, NOON + AWAY)
    assert all(granted(NEW, now, 1, bulk=True)[1] == 0 for now in quarter)
    assert all(granted(NEW, now, 1, bulk=False)[1] == 1 for now in quarter)
    assert granted(NEW, OPEN, 1, bulk=True)[1] == 1


def test_most_of_an_hour_is_open() -> None:
    assert sum(not resting(NOON + n) for n in range(4 * QUARTER)) >= 43 * 60


def test_after_a_rest_it_rises_anew() -> None:
    pace, _ = granted(NEW, OPEN, 10**6, bulk=True)
    pace, later = granted(pace, OPEN + 50, 10**6, bulk=True)
    _, again = granted(pace, OPEN + 111, 10**6, bulk=True)
    assert later == risen(50)
    assert again == risen(0)


def test_what_is_prompt_counts_towards_the_most() -> None:
    pace, prompt = granted(NEW, OPEN, MOST_A_SECOND - 1, bulk=False)
    assert prompt == MOST_A_SECOND - 1
    pace, last = granted(pace, OPEN, 10, bulk=False)
    assert last == 1
    assert granted(pace, OPEN, 10, bulk=True)[1] == 0


def test_what_is_prompt_does_not_eat_up_the_ramp() -> None:
    pace, _ = granted(NEW, OPEN, 1_000, bulk=False)
    assert granted(pace, OPEN, 10**6, bulk=True)[1] == risen(0)


def test_a_clock_set_back_stops_nothing() -> None:
    pace, _ = granted(NEW, OPEN + 86_400, 10**6, bulk=True)
    assert granted(pace, OPEN, 10**6, bulk=True)[1] == risen(0)


@given(ASKED)
def test_no_sixty_seconds_see_more_than_six_hundred_thousand(
    asked: list[tuple[int, int, bool]],
) -> None:
    pace, now, given_at = NEW, NOON, list[tuple[int, int]]()
    for later, wanted, bulk in asked:
        now += later
        pace, count = granted(pace, now, wanted, bulk=bulk)
        assert 0 <= count <= wanted
        assert not (bulk and count and resting(now))
        given_at.append((now, count))
    for since, _ in given_at:
        assert sum(count for at, count in given_at if since <= at <= since + 60) <= 600_000


@given(st.integers(1, 30), st.floats(0, 0.999), st.integers(0, 7200))
def test_a_retry_waits_ten_seconds_what_it_was_told_and_some_by_chance(
    attempts: int, chance: float, told: int
) -> None:
    retry_after = told * FIRST_WAIT / 10
    waited = wait(attempts, retry_after, chance)
    assert waited >= max(FIRST_WAIT, retry_after)
    assert wait(attempts, None, 0) == FIRST_WAIT <= wait(attempts, None, chance)
    assert wait(attempts + 1, None, chance) >= wait(attempts, None, chance)


def test_waits_double() -> None:
    ceilings = [wait(n, None, 1).total_seconds() for n in range(1, 9)]
    assert ceilings == [20, 40, 80, 160, 320, 640, 1200, 1200]
