"""A questionnaire is published only if FHIR R4 allows it and every answer to it can be checked."""

from typing import Any

import msgspec
import pytest

from domain.surveys import resources, structure
from domain.surveys.circles import circles
from domain.surveys.extensions import unsupported
from tests.domain.surveys.forms import extension, item, problems, read, when

A = {"valueCoding": {"code": "a"}}
B = {"valueCoding": {"code": "b"}}
LISTED = {
    "resourceType": "ValueSet", "id": "set", "url": "urn:set",
    "compose": {"include": [{"system": "urn:s", "concept": [{"code": "a"}]}]},
}  # fmt: skip
WHOLE_SYSTEM = {
    "resourceType": "ValueSet",
    "id": "set",
    "compose": {"include": [{"system": "urn:s"}]},
}
TRUE: dict[str, Any] = {"answerBoolean": True}

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (item("a", "group"), "item[0].item", "group-empty"),
    (item("a", "display", item("b")), "item[0].item", "display-items"),
    (item("a", "display", code=[{"code": "x"}]), "item[0].code", "display-code"),
    (item("a", "display", required=False), "item[0]", "display-flags"),
    (item("a", "display", readOnly=True), "item[0].readOnly", "display-read-only"),
    (item("a", "display", maxLength=3), "item[0].maxLength", "max-length-type"),
    (item("a", "display", initial=[{"valueString": "x"}]), "item[0].initial", "initial-type"),
    (item("a", "boolean", answerOption=[A]), "item[0].answerOption", "options-type"),
    (item("a", "integer", answerOption=[A]), "item[0].answerOption[0].value", "option-type"),
    (item("a", "choice", answerOption=[{}]), "item[0].answerOption[0]", "no-value"),
    (item("a", "choice", answerOption=[{**A, "valueInteger": 1}]), "item[0].answerOption[0]", "several-values"),
    (item("a", "choice", answerOption=[A, A]), "item[0].answerOption[1]", "twice"),
    (item("a", "choice", answerOption=[A], initial=[A]), "item[0].initial", "initial-options"),
    (item("a", initial=[{"valueString": "x"}, {"valueString": "y"}]), "item[0].initial", "initial-several"),
    (item("a", "date", initial=[{"valueDate": "2026-02-30"}]), "item[0].initial[0].value", "wrong-value"),
    (item("a", "date", initial=[{"valueString": "x"}]), "item[0].initial[0].value", "wrong-type"),
    (item("a", "choice", answerValueSet="#none"), "item[0].answerValueSet", "value-set"),
    (item("a", "string", answerValueSet="#none"), "item[0].answerValueSet", "options-type"),
    (item("a", enableWhen=[when("z", **TRUE)]), "item[0].enableWhen[0].question", "unknown-question"),
    (item("a", "boolean", enableWhen=[when("a", **TRUE)]), "item[0].enableWhen", "circle"),
    (item("a", modifierExtension=[{"url": "x"}]), "item[0].modifierExtension", "modifier"),
    (item("a", extension=[extension("regex", valueString="(")]), "item[0].extension[0].value", "pattern"),
    (item("a", extension=[extension("regex", valueString=r"(a)\1")]), "item[0].extension[0].value", "pattern"),
    (item("a", extension=[extension("regex", valueString="a" * 501)]), "item[0].extension[0].value", "pattern"),
    (item("a", extension=[extension("minValue", valueInteger=1)]), "item[0].extension[0]", "extension-value"),
    (item("a", "integer", extension=[extension("minValue")]), "item[0].extension[0]", "extension-value"),
    (item("a", extension=[extension("minLength", valueInteger=1)] * 2), "item[0].extension[1]", "extension-twice"),
    (item("a", maxLength=2, extension=[extension("minLength", valueInteger=3)]), "item[0]", "bounds"),
    (item("a", extension=[extension("questionnaire-maxOccurs", valueInteger=2)]), "item[0]", "bounds"),
    (item("a", "integer", extension=[extension("minValue", valueInteger=2), extension("maxValue", valueInteger=1)]), "item[0]", "bounds"),
]  # fmt: skip

ASKED = [
    item("b", "boolean"), item("c", "choice", answerOption=[A]), item("d", "decimal"),
    item("o", "open-choice", answerOption=[A]), item("q", "quantity"), item("g", "group", item("x")),
]  # fmt: skip
CONDITIONS: list[tuple[dict[str, Any], str | None]] = [
    (when("b", "exists", answerBoolean=False), None),
    (when("b", "exists", answerString="yes"), "exists-boolean"),
    (when("b", ">", answerBoolean=True), "operator"),
    (when("b", answerString="true"), "condition-type"),
    (when("b"), "no-value"),
    (when("b", answerBoolean=True, answerInteger=1), "several-values"),
    (when("c", answerCoding={"code": "a"}), None),
    (when("c", "<", answerCoding={"code": "a"}), "operator"),
    (when("c", answerString="a"), "condition-type"),
    (when("d", ">=", answerDecimal=1.5), None),
    (when("o", answerString="own words"), None),
    (when("q", "<", answerQuantity={"value": 3, "code": "kg"}), None),
    (when("q", "<", answerQuantity={"code": "kg"}), "wrong-value"),
    (when("g", "exists", answerBoolean=True), "no-question"),
]


@pytest.mark.parametrize(("one", "path", "code"), REFUSED, ids=lambda one: str(one)[-40:])
def test_what_cannot_be_published_is_told_with_its_path(one: Any, path: str, code: str) -> None:
    assert (path, code) in problems(one)


@pytest.mark.parametrize(("condition", "code"), CONDITIONS)
def test_a_condition_fits_the_question_that_it_asks_about(condition: Any, code: str | None) -> None:
    found = problems(*ASKED, item("last", enableWhen=[condition]))
    assert [one for _, one in found] == ([] if code is None else [code])


def test_all_problems_are_told_at_once() -> None:
    found = problems(item("a", "group"), item("a"), item("b", "choice", answerValueSet="#x"))
    assert {code for _, code in found} == {"group-empty", "link-id-twice", "value-set"}


def test_several_conditions_say_whether_any_or_all_count() -> None:
    both = [when("a", **TRUE), when("b", **TRUE)]
    ones = [item("a", "boolean"), item("b", "boolean")]
    assert problems(*ones, item("c", enableWhen=both)) == [
        ("item[2].enableBehavior", "no-behavior")
    ]
    assert problems(*ones, item("c", enableWhen=both, enableBehavior="any")) == []


def test_a_group_cannot_rest_on_what_is_in_it() -> None:
    inner = item("b", "boolean")
    found = problems(item("a", "group", inner, enableWhen=[when("b", **TRUE)]))
    assert found == [("item[0].enableWhen", "circle")]


def test_conditions_in_a_circle_are_told_and_others_are_not() -> None:
    found = problems(
        item("a", "boolean", enableWhen=[when("c", **TRUE)]),
        item("b", "boolean", enableWhen=[when("a", **TRUE)]),
        item("c", "boolean", enableWhen=[when("b", **TRUE)]),
        item("d", "boolean", enableWhen=[when("c", **TRUE)]),
    )
    assert [path for path, code in found if code == "circle"] == [
        f"item[{n}].enableWhen" for n in range(3)
    ]
    assert circles({"a": {"b"}, "b": set()}) == set()


def test_only_a_contained_list_of_codes_is_a_value_set() -> None:
    for name in ("#set", "urn:set"):
        assert problems(item("a", "choice", answerValueSet=name), contained=[LISTED]) == []
    found = problems(item("a", "choice", answerValueSet="#set"), contained=[WHOLE_SYSTEM])
    assert found == [("item[0].answerValueSet", "value-set")]


def nested(depth: int) -> bytes:
    start = b'{"linkId":"%d","type":"group","item":['
    inside = b"".join(start % n for n in range(depth - 1)) + b'{"linkId":"x","type":"string"}'
    whole = b'{"resourceType":"Questionnaire","status":"active","item":[' + inside
    return whole + b"]}" * depth


def test_depth_and_number_are_bounded() -> None:
    assert structure.problems(resources.questionnaire(nested(64))) == []
    found = structure.problems(resources.questionnaire(nested(65)))
    assert [one.code for one in found] == ["too-deep"]
    with pytest.raises(resources.Unreadable) as refused:
        resources.questionnaire(nested(10_000))
    assert refused.value.fault.code == "too-deep"
    many = [item(str(n)) for n in range(10_001)]
    assert problems(*many) == [("item", "too-many")]
    assert problems(*many[:-1]) == []


@pytest.mark.parametrize("body", [
    b"", b"[", b"\xff", b'{"resourceType":"Patient"}', b'{"resourceType":"Questionnaire","item":{}}',
    b'{"resourceType":"Questionnaire","item":[{"linkId":"secret","type":"secret"}]}',
    b'{"resourceType":"Questionnaire","item":[{"linkId":"a","type":"decimal","initial":[{"valueDecimal":"1.5"}]}]}',
    b'{"resourceType":"Questionnaire","item":[{"linkId":"a","type":"decimal","initial":[{"valueDecimal":1e999999999}]}]}',
])  # fmt: skip
def test_what_is_no_questionnaire_is_refused_without_quoting_it(body: bytes) -> None:
    with pytest.raises(resources.Unreadable) as refused:
        resources.questionnaire(body)
    assert "secret" not in str(refused.value.fault)


def test_a_missing_element_is_named() -> None:
    with pytest.raises(resources.Unreadable) as refused:
        read({"linkId": "a"})
    assert refused.value.fault[:2] == ("Questionnaire.item[0].type", "required")


def test_every_extension_that_is_not_kept_to_is_listed_wherever_it_stands() -> None:
    sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
    document = {
        "resourceType": "Questionnaire",
        "extension": [{"url": "urn:a", "extension": [{"url": "part", "valueCode": "x"}]}],
        "item": [
            item("1", _text={"extension": [extension("cqf-expression")]}),
            item("2", extension=[extension("minValue"), {"url": sdc + "enableWhenExpression"}]),
        ],
    }
    found = [(one.path, one.decisive) for one in unsupported(msgspec.to_builtins(document))]
    assert found == [
        ("Questionnaire.extension[0]", False),
        ("Questionnaire.item[0].text.extension[0]", False),
        ("Questionnaire.item[1].extension[1]", True),
    ]
