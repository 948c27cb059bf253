"""Segments become few, none too large or too long, and a sample is rewritten a few times only."""

from itertools import pairwise
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from domain.donations.columns import SPAN
from domain.donations.tiers import MOST_SAMPLES, MOST_SEGMENTS, SMALL, Piece, merges

MINUTE = 60_000
piece = st.builds(
    Piece,
    st.integers(0, 3 * SPAN),
    st.uuids(),
    st.one_of(st.integers(1, 100), st.integers(1, MOST_SAMPLES)),
    st.just(0),
)
several = st.lists(piece, max_size=60).map(sorted)


def merged(pieces: list[Piece]) -> list[Piece]:
    """What is there after one visit."""
    left = list(pieces)
    while groups := merges(left):
        for group in groups:
            left = [one for one in left if one not in group]
            left.append(Piece(group[0].first_ms, uuid4(), sum(p.samples for p in group), 0))
        left.sort()
    return left


@given(several)
def test_a_run_is_of_neighbours_in_one_span_and_of_a_bounded_size(pieces: list[Piece]) -> None:
    for group in merges(pieces):
        at = pieces.index(group[0])
        assert pieces[at : at + len(group)] == group
        assert 1 < len(group) <= MOST_SEGMENTS
        assert sum(one.samples for one in group) <= MOST_SAMPLES
        assert len({one.first_ms // SPAN for one in group}) == 1


@given(several)
def test_no_sample_is_lost_and_in_the_end_nothing_is_left_to_merge(pieces: list[Piece]) -> None:
    left = merged(pieces)
    assert sum(one.samples for one in left) == sum(one.samples for one in pieces)
    assert merges(left) == []
    for one, other in pairwise(left):
        if one.first_ms // SPAN == other.first_ms // SPAN:
            assert max(one.samples, other.samples) > SMALL or (
                one.samples + other.samples > MOST_SAMPLES
            )


def test_a_year_of_hours_becomes_few_segments_and_is_written_a_few_times() -> None:
    left: list[Piece] = []
    written = 0
    for day in range(365):
        hours = [Piece((day * 24 + hour) * 60 * MINUTE, uuid4(), 60, 0) for hour in range(24)]
        after = merged([*left, *hours])
        written += sum(one.samples for one in set(after) - set(left))
        left = after
    samples = 365 * 24 * 60
    assert len(left) < 40
    assert written < 6 * samples
