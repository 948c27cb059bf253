"""Where a name stands twice in one object of JSON, two readers may take different ones: such JSON is refused."""

from collections.abc import Callable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from api.bodies import ONCE, Malformed, each_once
from domain.surveys.model import ResponseSent

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


PLAIN = (
    b'{"study_id":"0193b6a0-0000-7000-8000-000000000000","response":{"resourceType":"QuestionnaireResponse",'
    b'"status":"completed","item":[{"linkId":"a","answer":[{"valueString":"8:30"}]},{"linkId":"b","item":[{'
    b'"linkId":"c","answer":[{"valueCoding":{"system":"http://x","code":"d"}},{"valueDecimal":1.50}]}]}]}}'
)
MORE = [
    b'"linkId":"a",', b'"linkId" : "z",', b'"status":"amended",', b'"text":"a:b",', b'"text":{"a":1,"a":2},',
    b'"answer":[],', b'"valueString":"8:30",', b'"study_id":null,', b'"response":{"a":{"b":1}},', b'"code":"d",',
    b'"text":"\\u003a",', b'"modifierExtension":[],', b'"item":[{"linkId":"a"}],', b'"extension":[],',
]  # fmt: skip
RESPONSE = msgspec.json.Decoder(ResponseSent)


@given(st.lists(st.tuples(st.sampled_from(MORE), st.integers(0, 9)), max_size=3))
def test_a_response_does_not_say_all_where_a_name_stands_twice(
    more: list[tuple[bytes, int]],
) -> None:
    parts = PLAIN.split(b"{")
    for member, at in more:
        parts[at % (len(parts) - 1) + 1] = member + parts[at % (len(parts) - 1) + 1]
    body = b"{".join(parts)
    try:
        sent = RESPONSE.decode(body)
    except msgspec.DecodeError:
        return
    if sent.says_all(body):
        each_once(body)


def test_a_plain_response_says_all() -> None:
    assert RESPONSE.decode(PLAIN).says_all(PLAIN)
