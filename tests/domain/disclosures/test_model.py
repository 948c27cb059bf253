"""What goes out is what is asked for within what is open, in lines of one offset from UTC each."""

from uuid import UUID

import numpy as np
import pytest

from domain.consents.gate import Milliseconds, Permit
from domain.disclosures.model import Given, Reader, Wanted, lines, narrowed, use
from domain.donations.columns import Columns
from domain.donations.study_reads import Run

ANNA = UUID(int=1)
CODE = UUID(int=2)


def permit(periods: Milliseconds, category: str = "heart", seq: int = 1) -> Permit:
    return Permit(
        resident_id=ANNA, item_id=UUID(int=3), category=category, event_seq=seq, periods=periods
    )


def run(start: list[int], offset: list[int], end: list[int] | None = None) -> Run:
    ends = None if end is None else np.array(end, dtype=np.int64)
    columns = Columns(
        np.array(start, dtype=np.int64), ends, (np.array(start, dtype=np.float64),),
        np.array(offset, dtype=np.int16),
    )  # fmt: skip
    return Run(ANNA, "heart", "heart-rate", columns, {})


@pytest.mark.parametrize(
    ("periods", "since", "until", "left"),
    [
        ([(None, None)], None, None, [(None, None)]),
        ([(None, None)], 5, 9, [(5, 9)]),
        ([(1, 4), (6, None)], 3, 8, [(3, 4), (6, 8)]),
        ([(1, 4)], 4, 9, None),
        ([(1, 4)], None, 1, None),
        ([], None, None, None),
    ],
)
def test_a_permit_is_narrowed_to_the_time_asked_for(
    periods: Milliseconds, since: int | None, until: int | None, left: Milliseconds | None
) -> None:
    found = narrowed([permit(periods)], Wanted(since_ms=since, until_ms=until))
    assert found == ({} if left is None else {ANNA: [permit(left)]})


def test_lines_have_one_offset_and_a_bounded_length_and_lose_nothing() -> None:
    start = list(range(25_000))
    offset = [60] * 12_000 + [120] * 13_000
    found = list(lines(Given(CODE, run(start, offset))))
    assert [len(line.start) for line in found] == [10_000, 2_000, 10_000, 3_000]
    assert [line.utc_offset_minutes for line in found] == [60, 60, 120, 120]
    assert [ms for line in found for ms in line.start] == start
    assert {line.participant for line in found} == {CODE}


def test_a_use_tells_the_span_of_the_data_and_the_consents_it_rested_on() -> None:
    parts = [run([5_000, 9_000], [0, 0]), run([1_000], [0], [20_000])]
    permits = [permit([(None, None)], seq=4), permit([(None, None)], "sleep", 7)]
    made = use(Reader(UUID(int=8), UUID(int=9)), "research", parts, permits)
    assert (made.samples, made.categories, made.grant_seqs) == (3, ["heart"], [4])
    assert (made.data_from.timestamp(), made.data_until.timestamp()) == (1, 20)
