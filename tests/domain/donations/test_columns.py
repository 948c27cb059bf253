"""Any split, order and repetition of the same samples ends in the same set, and every sample is counted once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.donations.columns import NONE, Columns, between, distinct, fresh, joined

starts = st.lists(st.integers(0, 60), min_size=1, max_size=40)


def columns(times: list[int], *, first: int = 0) -> Columns:
    """Samples at these times, each with a value of its own so that it can be told from its doubles."""
    return Columns(
        np.array(times, dtype=np.int64),
        np.array(times, dtype=np.int64) + 1,
        (np.arange(first, first + len(times), dtype=np.float64),),
        np.zeros(len(times), dtype=np.int16),
    )


def upload(stored: Columns, batch: Columns) -> tuple[Columns, int, int]:
    """What is stored after a batch, and how many of it were accepted and duplicates."""
    kept, doubles = distinct(batch)
    new = fresh(kept, stored.start)
    after = joined([stored, new]) if len(stored.start) else new
    return after, len(new.start), doubles + len(kept.start) - len(new.start)


@given(st.lists(starts, min_size=1, max_size=6))
def test_every_sample_is_accepted_or_a_duplicate_and_each_start_is_stored_once(
    batches: list[list[int]],
) -> None:
    stored = NONE
    for times in batches:
        stored, accepted, duplicates = upload(stored, columns(times))
        assert accepted + duplicates == len(times)
    assert stored.start.tolist() == sorted({t for times in batches for t in times})


@given(st.lists(starts, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_and_repetition_of_uploads_do_not_change_what_is_stored(
    batches: list[list[int]], random: np.random.Generator
) -> None:
    again = [*batches, *batches]
    random.shuffle(again)
    ends = []
    for sequence in (batches, again):
        stored = NONE
        for times in sequence:
            stored, _, _ = upload(stored, columns(times))
        ends.append(stored.start.tolist())
    assert ends[0] == ends[1]


@given(starts)
def test_a_whole_upload_sent_again_adds_nothing(times: list[int]) -> None:
    stored, _, _ = upload(NONE, columns(times))
    _, accepted, duplicates = upload(stored, columns(times))
    assert (accepted, duplicates) == (0, len(times))


@given(starts, starts)
def test_the_first_value_of_a_start_wins(one: list[int], two: list[int]) -> None:
    stored, _, _ = upload(NONE, columns(one))
    stored, _, _ = upload(stored, columns(two, first=1000))
    expected: dict[int, float] = {}
    for value, start in [*enumerate(one), *enumerate(two, 1000)]:
        expected.setdefault(start, float(value))
    assert dict(zip(stored.start.tolist(), stored.values[0].tolist(), strict=True)) == expected


@given(starts, st.integers(0, 60), st.integers(0, 60))
def test_between_takes_its_beginning_and_leaves_its_end(
    times: list[int], low: int, high: int
) -> None:
    kept, _ = distinct(columns(times))
    assert between(kept, low, high).start.tolist() == [t for t in kept.start if low <= t < high]


def test_an_end_stays_with_its_start() -> None:
    stored, _, _ = upload(columns([5, 9]), columns([7, 1]))
    assert stored.end is not None
    assert (stored.end - stored.start).tolist() == [1, 1, 1, 1]
