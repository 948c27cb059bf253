"""A response is taken only if every answer in it fits its item, and every fault is told by its path."""

import base64
import time
from decimal import Decimal
from typing import Any

import pytest

from domain.surveys import answers, resources
from domain.surveys.answered import answered, offered, ordinals
from domain.surveys.faults import MOST
from tests.domain.surveys.forms import (
    extension,
    faults,
    form,
    group,
    item,
    response,
    said,
    when,
)

OPTIONS = [{"valueCoding": {"system": "urn:s", "code": code}} for code in "abc"]
NONE = {
    "valueCoding": {"system": "urn:s", "code": "none"},
    "extension": [extension("questionnaire-optionExclusive", valueBoolean=True)],
}
LISTED = {
    "resourceType": "ValueSet", "id": "set",
    "expansion": {"contains": [{"system": "urn:s", "code": "a", "contains": [{"system": "urn:s", "code": "b"}]},
                               {"system": "urn:s", "code": "c", "abstract": True}]},
}  # fmt: skip
KG = {"system": "http://unitsofmeasure.org", "code": "kg"}
PNG = {"contentType": "image/png", "data": base64.b64encode(b"x" * 1000).decode()}
EMAIL = extension("regex", valueString="[^@]+@[^@]+")


def coding(code: str) -> dict[str, Any]:
    return {"Coding": {"system": "urn:s", "code": code}}


def text(words: str) -> dict[str, Any]:
    return {"String": words}


CASES: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    (item("a", "boolean"), {"Boolean": True}, None),
    (item("a", "boolean"), {"Integer": 1}, "wrong-type"),
    (item("a", "integer"), {"Decimal": 1.5}, "wrong-type"),
    (item("a", "decimal"), {"Decimal": 1.5}, None),
    (item("a", "date"), {"Date": "2028-02-29"}, None),
    (item("a", "date"), {"Date": "2026-02-29"}, "wrong-value"),
    (item("a", "dateTime"), {"DateTime": "2026-03-29T01:30:00"}, "wrong-value"),  # no zone
    (item("a", "dateTime"), {"DateTime": "2026-03-29T01:30:00+01:00"}, None),
    (item("a", "time"), {"Time": "24:00:00"}, "wrong-value"),
    (item("a", "url"), {"Uri": "https://example.org"}, None),
    (item("a", "url"), {"Uri": "two words"}, "wrong-value"),
    (item("a"), text(" "), "wrong-value"),
    (item("a", "reference"), {"Reference": {"reference": "Patient/1"}}, None),
    (item("a", maxLength=3), text("åäö"), None),
    (item("a", maxLength=3), text("åäöå"), "too-long"),
    (item("a", extension=[extension("minLength", valueInteger=3)]), text("ab"), "too-short"),
    (item("a", extension=[EMAIL]), text("a@b"), None),
    (item("a", extension=[EMAIL]), text("a@b@"), "not-matching"),
    (item("a", "integer", extension=[extension("minValue", valueInteger=3)]), {"Integer": 2}, "too-low"),
    (item("a", "integer", extension=[extension("maxValue", valueInteger=3)]), {"Integer": 4}, "too-high"),
    (item("a", "integer", extension=[extension("maxValue", valueInteger=3)]), {"Integer": 3}, None),
    (item("a", "decimal", extension=[extension("minValue", valueInteger=3)]), {"Decimal": 2.9}, "too-low"),
    (item("a", "date", extension=[extension("minValue", valueDate="2026-01-01")]), {"Date": "2025-12-31"}, "too-low"),
    (item("a", "date", extension=[extension("minValue", valueDate="2026-01-01")]), {"Date": "2026"}, "too-low"),
    (item("a", "decimal", extension=[extension("maxDecimalPlaces", valueInteger=1)]), {"Decimal": 1.25}, "too-fine"),
    (item("a", "quantity", extension=[extension("questionnaire-unitOption", valueCoding=KG)]), {"Quantity": {"value": 1, **KG}}, None),
    (item("a", "quantity", extension=[extension("questionnaire-unitOption", valueCoding=KG)]), {"Quantity": {"value": 1, "code": "g"}}, "wrong-unit"),
    (item("a", "quantity"), {"Quantity": {"unit": "kg"}}, "wrong-value"),
    (item("a", "choice", answerOption=OPTIONS), coding("a"), None),
    (item("a", "choice", answerOption=OPTIONS), coding("z"), "not-offered"),
    (item("a", "choice", answerOption=OPTIONS), {"Coding": {"code": "a"}}, "not-offered"),
    (item("a", "choice", answerOption=OPTIONS), text("a"), "wrong-type"),
    (item("a", "open-choice", answerOption=OPTIONS), text("own words"), None),
    (item("a", "open-choice", answerOption=OPTIONS), coding("z"), "not-offered"),
    (item("a", "choice", answerOption=[{"valueInteger": 1}]), {"Integer": 1}, None),
    (item("a", "choice", answerOption=[{"valueInteger": 1}]), {"Integer": 2}, "not-offered"),
    (item("a", "choice", answerValueSet="#set"), coding("b"), None),
    (item("a", "choice", answerValueSet="#set"), coding("c"), "not-offered"),
    (item("a", readOnly=True, initial=[{"valueString": "x"}]), text("x"), None),
    (item("a", readOnly=True, initial=[{"valueString": "x"}]), text("y"), "read-only"),
    (item("a", "attachment", extension=[extension("mimeType", valueCode="image/png")]), {"Attachment": PNG}, None),
    (item("a", "attachment", extension=[extension("mimeType", valueCode="image/jpeg")]), {"Attachment": PNG}, "wrong-content"),
    (item("a", "attachment", extension=[extension("maxSize", valueDecimal=0.0009)]), {"Attachment": PNG}, "too-large"),
    (item("a", "attachment"), {"Attachment": {"data": "***="}}, "wrong-value"),
    (item("a", "attachment"), {"Attachment": {"url": "https://example.org/x"}}, "no-value"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "value", "code"), CASES, ids=lambda one: str(one)[-40:])
def test_an_answer_fits_its_item(one: Any, value: Any, code: str | None) -> None:
    found = faults(form(one, contained=[LISTED]), said("a", value))
    assert found == ([] if code is None else [("item[0].answer[0].value", code)])


def test_what_is_required_is_asked_of_a_whole_response_and_not_of_a_draft() -> None:
    questionnaire = form(item("g", "group", item("a", required=True)), item("b", required=True))
    assert faults(questionnaire) == [
        ("item.where(linkId = 'b')", "missing"),
        ("item.where(linkId = 'g').item.where(linkId = 'a')", "missing"),
    ]
    assert faults(questionnaire, complete=False) == []


def test_a_required_group_holds_an_answer() -> None:
    questionnaire = form(
        item("g", "group", item("h", "group", item("a")), required=True, repeats=True)
    )
    assert faults(questionnaire, group("g", group("h"))) == [("item[0]", "missing")]
    assert faults(questionnaire, group("g", group("h", said("a", text("x"))))) == []


def test_required_under_an_answer_is_asked_where_there_is_that_answer() -> None:
    questionnaire = form(item("a", "boolean", item("b", required=True)))
    assert faults(questionnaire) == []
    found = faults(questionnaire, said("a", {"Boolean": True}))
    assert found == [("item[0].answer[0].item.where(linkId = 'b')", "missing")]


def test_answers_are_counted() -> None:
    bounds = [extension("questionnaire-minOccurs", valueInteger=2), extension("questionnaire-maxOccurs", valueInteger=3)]  # fmt: skip
    questionnaire = form(item("a", required=True, repeats=True, extension=bounds), item("b"))
    for number, expected in ((1, "too-few"), (2, None), (3, None), (4, "several")):
        found = faults(questionnaire, said("a", *[text("x")] * number))
        assert found == ([("item[0]", expected)] if expected else [])
    assert faults(questionnaire, said("b", text("x"), text("y")), complete=False) == [
        ("item[0]", "several")
    ]


def test_items_stand_once_in_their_place_and_order() -> None:
    questionnaire = form(item("a"), item("g", "group", item("b"), repeats=True), item("c"))
    a, b, c = (said(one, text("x")) for one in "abc")
    assert faults(questionnaire, a, group("g", b), group("g", b), c) == []
    assert faults(questionnaire, c, a) == [("item[1]", "out-of-order")]
    assert faults(questionnaire, group("g", b), c, group("g", b)) == [("item[2]", "out-of-order")]
    assert ("item[1]", "twice") in faults(questionnaire, a, a)
    assert faults(questionnaire, b) == [("item[0].linkId", "unknown-item")]
    assert faults(questionnaire, group("g", a)) == [("item[0].item[0].linkId", "unknown-item")]
    assert faults(questionnaire, said("z", text("x"))) == [("item[0].linkId", "unknown-item")]
    assert faults(questionnaire, group("a", b)) == [("item[0].item", "no-items")]
    assert faults(questionnaire, said("g", text("x"))) == [("item[0].answer", "no-answer")]
    found = faults(questionnaire, said("a", text("x"), inner=[b]))
    assert found == [("item[0].answer[0].item[0].linkId", "unknown-item")]


def test_an_option_is_chosen_once_and_an_exclusive_one_alone() -> None:
    questionnaire = form(item("a", "choice", answerOption=[*OPTIONS, NONE], repeats=True))
    assert faults(questionnaire, said("a", coding("a"), coding("b"))) == []
    assert faults(questionnaire, said("a", coding("none"))) == []
    assert faults(questionnaire, said("a", coding("a"), coding("a"))) == [
        ("item[0].answer[1]", "twice")
    ]
    assert faults(questionnaire, said("a", coding("a"), coding("none"))) == [
        ("item[0]", "exclusive")
    ]


def test_an_answer_has_one_value_and_no_modifier() -> None:
    questionnaire = form(item("a"))
    for answer, expected in (
        ({}, ("item[0].answer[0]", "no-value")),
        ({"valueString": "x", "valueInteger": 1}, ("item[0].answer[0]", "several-values")),
        ({"valueString": "x", "modifierExtension": [{}]}, ("item[0].answer[0].modifierExtension", "modifier")),
    ):  # fmt: skip
        assert faults(questionnaire, {"linkId": "a", "answer": [answer]}) == [expected]


def test_faults_quote_nothing_and_are_bounded() -> None:
    questionnaire = form(item("a", "integer", repeats=True), item("it's", required=True))
    secrets = said("secret", *[text("secret")] * 3)
    found = answers.faults(
        questionnaire, response(said("a", *[text("secret")] * 500), secrets), complete=True
    )
    assert len(found) == MOST
    assert "secret" not in str(found)
    assert ("item.where(linkId = 'it\\'s')", "missing") in faults(questionnaire)


@pytest.mark.parametrize("written", ['"1.5"', "true", "1e30", "0.0000000000000000001", "NaN"])
def test_a_decimal_is_a_number_of_bounded_size(written: str) -> None:
    body = '{"resourceType":"QuestionnaireResponse","status":"completed","item":[{"linkId":"a","answer":[{"valueDecimal":%s}]}]}'
    with pytest.raises(resources.Unreadable) as refused:
        resources.response((body % written).encode())
    assert written not in refused.value.fault.text


def test_decimals_are_exact() -> None:
    body = b'{"resourceType":"QuestionnaireResponse","status":"completed","item":[{"linkId":"a","answer":[{"valueDecimal":0.10}]}]}'
    assert answered(resources.response(body), {"a"})["a"] == [Decimal("0.10")]


def test_an_evil_pattern_takes_no_time() -> None:
    questionnaire = form(item("a", extension=[extension("regex", valueString="(a|a)*(a+)+$")]))
    began = time.process_time()
    assert faults(questionnaire, said("a", text("a" * 19_000 + "!"))) == [("item[0].answer[0].value", "not-matching")]  # fmt: skip
    assert time.process_time() - began < 0.5


def test_answers_and_offers_are_what_scores_are_made_of() -> None:
    worth = extension("ordinalValue", valueDecimal=2)
    scale = [
        {**OPTIONS[0], "extension": [worth]},
        {"valueCoding": {"code": "b", "extension": [worth]}},
    ]
    questionnaire = form(
        item("a", "choice", answerOption=scale), item("g", "group", item("n", "integer"))
    )
    reply = response(said("a", coding("a")), group("g", said("n", {"Integer": 3})))
    assert answered(reply, {"a", "n"}) == {"a": ["a"], "n": [Decimal(3)]}
    assert answered(reply, {"n"}) == {"n": [Decimal(3)]}
    assert offered(questionnaire) == {"a": {"a", "b"}, "n": set()}
    assert ordinals(questionnaire) == {"a": {"a": 2, "b": 2}}


def test_sixty_items_with_branching_take_well_below_a_millisecond() -> None:
    asked = [item(f"q{n}", "choice", required=True, answerOption=OPTIONS) for n in range(30)]
    more = [
        item(f"m{n}", required=True, maxLength=200,
             enableWhen=[when(f"q{n}", answerCoding={"system": "urn:s", "code": "a"})])
        for n in range(30)
    ]  # fmt: skip
    questionnaire = form(*asked, *more)
    reply = response(
        *(said(f"q{n}", coding("a" if n % 2 else "b")) for n in range(30)),
        *(said(f"m{n}", text("words")) for n in range(30) if n % 2),
    )
    took = []
    for _ in range(50):
        began = time.process_time()
        assert answers.faults(questionnaire, reply, complete=True) == []
        took.append(time.process_time() - began)
    assert min(took) < 0.001
