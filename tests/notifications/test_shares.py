"""Of a batch nobody is left less than they could have, for somebody who has more."""

from hypothesis import given
from hypothesis import strategies as st

from notifications.shares import shares

WAITING = st.dictionaries(st.integers(0, 50), st.integers(0, 500), max_size=20)


def test_a_small_study_does_not_wait_behind_a_large_one() -> None:
    assert shares({"large": 1_000_000, "small": 7}, 100, ["large", "small"]) == {
        "large": 93,
        "small": 7,
    }


def test_where_there_is_less_room_than_studies_the_first_named_go() -> None:
    assert shares({"a": 5, "b": 5, "c": 5}, 2, ["c", "a", "b"]) == {"a": 1, "b": 0, "c": 1}


@given(WAITING, st.integers(0, 600))
def test_all_room_is_used_fairly(waiting: dict[int, int], room: int) -> None:
    taken = shares(waiting, room, list(waiting))
    assert sum(taken.values()) == min(room, sum(waiting.values()))
    for study, count in taken.items():
        assert 0 <= count <= waiting[study]
        if count < waiting[study]:
            assert max(taken.values()) <= count + 1
