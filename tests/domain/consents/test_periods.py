"""The algebra of time under grants holds for any times."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.consents.periods import (
    NEVER,
    Periods,
    complement,
    contains,
    difference,
    intersection,
    milliseconds,
    period,
    union,
)

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 40).map(lambda n: EPOCH + timedelta(hours=n))
ends = st.none() | moments
sets: st.SearchStrategy[Periods] = st.lists(st.builds(period, ends, ends), max_size=5).map(
    lambda several: union(*several)
)


@given(sets, sets, moments)
def test_membership_follows_the_words(one: Periods, other: Periods, at: datetime) -> None:
    a, b = contains(one, at), contains(other, at)
    assert contains(union(one, other), at) == (a or b)
    assert contains(intersection(one, other), at) == (a and b)
    assert contains(difference(one, other), at) == (a and not b)
    assert contains(complement(one), at) == (not a)


@given(sets)
def test_a_set_has_one_spelling(one: Periods) -> None:
    assert complement(complement(one)) == one == union(one, one) == intersection(one, one)
    assert difference(one, one) == NEVER


@given(sets, moments)
def test_milliseconds_admit_exactly_the_same_moments(one: Periods, at: datetime) -> None:
    ms = int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    admitted = any(
        (low is None or low <= ms) and (high is None or ms < high)
        for low, high in milliseconds(one)
    )
    assert admitted == contains(one, at)
