"""Whatever a stranger writes is read or refused with its faults: nothing else is ever raised."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.surveys import answers, resources, structure
from domain.surveys.answered import answered, offered, ordinals
from domain.surveys.compiled import Compiled, compiled
from domain.surveys.extensions import CHECKED, unsupported
from domain.surveys.translations import written
from tests.domain.surveys.forms import extension, item, when
from tests.domain.surveys.responding import chance, valid
from tests.domain.surveys.test_published import OWN

NAMES = ["valueBoolean", "valueDecimal", "valueDate", "valueString", "valueCoding", "url", "linkId",
         "item", "answer", "type", "extension", "enableWhen", "question", "operator", "code",
         "repeats", "required", "readOnly", "answerOption", "initial", "maxLength", "answerBoolean",
         "initialSelected", "valueInteger", "answerValueSet", "contained"]  # fmt: skip
WORDS = ["", "1", "3", "3.1", "group", "choice", "integer", "2026-02-30", "0000", "9999-12-31", "exists",
         "=", ">", "9999-12-31T23:59:59-14:00", "23:59:60", "(", "a" * 300, *CHECKED]  # fmt: skip
plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.sampled_from(WORDS),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=6,
)
FULL: dict[str, Any] = {
    **OWN,
    "contained": [{"resourceType": "ValueSet", "id": "s", "expansion": {"contains": [{"code": "a"}]}}],
    "item": [
        *OWN["item"],
        item("13", "choice", answerValueSet="#s", required=True),
        item("14", extension=[extension("regex", valueString="a+"), extension("minLength", valueInteger=1)],
             enableWhen=[when("3.1", ">", answerDecimal=1), when("3.2", "<", answerDate="2026")],
             enableBehavior="any"),
    ],
}  # fmt: skip


def ready(document: Any) -> Compiled:
    return compiled(resources.questionnaire(msgspec.json.encode(document)))


READY = ready(FULL)
REPLY = msgspec.json.decode(written(valid(ready(OWN), chance(0))))


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every container of a document, with each of its keys."""
    found, waiting = [], [document]
    while waiting:
        one = waiting.pop()
        inner = list(one.items()) if isinstance(one, dict) else list(enumerate(one))
        found += [(one, key) for key, _ in inner]
        waiting += [value for _, value in inner if isinstance(value, dict | list)]
    return found


def disturbed(document: Any, data: Any) -> Any:
    """The document with some of its values replaced, or more of them added."""
    other = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(other)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            key = data.draw(st.sampled_from(NAMES))
        container[key] = data.draw(values)
    return other


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_questionnaire_is_read_or_refused_and_what_is_published_can_be_answered(
    data: Any,
) -> None:
    document = disturbed(FULL, data)
    assert isinstance(unsupported(document), list)
    try:
        questionnaire = resources.questionnaire(msgspec.json.encode(document))
    except resources.Unreadable:
        return
    if not structure.problems(questionnaire):
        made = compiled(questionnaire)
        assert isinstance(offered(made), dict)
        assert isinstance(ordinals(made), dict)
        reply = resources.response(msgspec.json.encode(REPLY))
        assert isinstance(answers.faults(made, reply, complete=True), list)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_response_is_read_or_refused(data: Any) -> None:
    try:
        reply = resources.response(msgspec.json.encode(disturbed(REPLY, data)))
    except resources.Unreadable:
        return
    for complete in (False, True):
        assert isinstance(answers.faults(READY, reply, complete=complete), list)
    assert isinstance(answered(reply, READY.nodes), dict)


def test_a_nul_is_refused_wherever_it_stands() -> None:
    for name in ("status", "display", "unknown"):
        reply = b'{"item":[],"%s":"a\\u0000"}' % name.encode()
        with pytest.raises(resources.Unreadable, match="NUL"):
            resources.response(reply)
    reply = b'{"resourceType":"QuestionnaireResponse","status":"completed","unknown":"\\\\u0000"}'
    assert resources.response(reply).item == ()
