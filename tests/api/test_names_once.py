"""Where a name stands twice in one object of JSON, two readers may take different ones: such JSON is refused."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from api.bodies import ONCE, Malformed, each_once

NAMES = ['"a"', '"b"', '"a" ', '"b"\n', '"\\u0061"', '"a\\":"', '"é"']
VALUES = [
    "1",
    "1e400",
    '"x"',
    '"x\\":"',
    '"\\u0022:"',
    '":"',
    '{"a":1}',
    '[{"a" :1,"a":2}]',
    "9" * 40,
]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=5))
def test_names_that_stand_twice_are_found_as_by_looking_at_each_object(
    members: list[tuple[str, str]],
) -> None:
    def passes(look: Callable[[], object]) -> bool:
        try:
            look()
        except (Malformed, ValueError):
            return False
        return True

    text = f"{{{','.join(f'{name}:{value}' for name, value in members)}}}"
    assert passes(lambda: each_once(text.encode())) is passes(lambda: ONCE.decode(text))
