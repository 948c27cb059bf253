"""Conditions enable what FHIR R4 says they do: against a simple reference, and in repeated groups."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.surveys.forms import faults, form, group, item, said, when

OPERATORS = ["exists", "=", "!=", ">", "<", ">=", "<="]
TRUE: dict[str, Any] = {"answerBoolean": True}
numbers = st.integers(-2, 2)
conditions = st.tuples(st.sampled_from("abc"), st.sampled_from(OPERATORS), numbers)


def reference(operator: str, wanted: int, values: list[int]) -> bool:
    """What the definitions of FHIR's operators say, word by word."""
    if operator == "exists":
        return (len(values) > 0) == (wanted > 0)
    if operator == "!=":
        return wanted not in values
    told = {"=": lambda v: v == wanted, ">": lambda v: v > wanted, "<": lambda v: v < wanted,
            ">=": lambda v: v >= wanted, "<=": lambda v: v <= wanted}  # fmt: skip
    return any(told[operator](value) for value in values)


def written(asked: str, operator: str, wanted: int) -> dict[str, Any]:
    answer = {"answerBoolean": wanted > 0} if operator == "exists" else {"answerInteger": wanted}
    return when(asked, operator, **answer)


@given(
    st.lists(conditions, min_size=1, max_size=4),
    st.sampled_from(["all", "any"]),
    st.dictionaries(st.sampled_from("abc"), st.lists(numbers, min_size=1, max_size=3)),
)
def test_an_item_is_enabled_as_the_reference_says(
    rules: list[tuple[str, str, int]], behavior: str, given_: dict[str, list[int]]
) -> None:
    last = item("z", enableWhen=[written(*rule) for rule in rules], enableBehavior=behavior)
    questionnaire = form(*(item(one, "integer", repeats=True) for one in "abc"), last)
    answers = [said(one, *({"Integer": n} for n in given_[one])) for one in sorted(given_)]
    met = [reference(operator, wanted, given_.get(asked, [])) for asked, operator, wanted in rules]
    found = faults(questionnaire, *answers, said("z", {"String": "x"}))
    enabled = all(met) if behavior == "all" else any(met)
    assert [code for _, code in found] == ([] if enabled else ["disabled"])


COMPARED: list[tuple[str, dict[str, Any], str, dict[str, Any], bool]] = [
    ("date", {"Date": "2026-03-29"}, ">", {"answerDate": "2026-03"}, False),
    ("date", {"Date": "2026-04-01"}, ">", {"answerDate": "2026-03"}, True),
    ("date", {"Date": "2026-03"}, "<=", {"answerDate": "2026-03-29"}, False),
    ("dateTime", {"DateTime": "2026-03-29T12:00:00+02:00"}, "=", {"answerDateTime": "2026-03-29T10:00:00Z"}, True),
    ("dateTime", {"DateTime": "2026-03-29T12:00:00+02:00"}, "<", {"answerDateTime": "2026-03-29T10:00:01Z"}, True),
    ("time", {"Time": "09:00:00"}, "<", {"answerTime": "10:00:00"}, True),
    ("decimal", {"Decimal": 1.0}, "=", {"answerDecimal": 1.00}, True),
    ("quantity", {"Quantity": {"value": 3, "code": "kg"}}, ">", {"answerQuantity": {"value": 2, "code": "kg"}}, True),
    ("quantity", {"Quantity": {"value": 3, "code": "g"}}, ">", {"answerQuantity": {"value": 2, "code": "kg"}}, False),
    ("choice", {"Coding": {"code": "a", "display": "A"}}, "=", {"answerCoding": {"code": "a"}}, True),
    ("choice", {"Coding": {"code": "a", "system": "urn:s"}}, "=", {"answerCoding": {"code": "a"}}, False),
    ("string", {"String": "a"}, "!=", {"answerString": "b"}, True),
    ("boolean", {"Boolean": False}, "=", {"answerBoolean": False}, True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "operator", "wanted", "enabled"), COMPARED)
def test_values_compare_as_fhir_says(
    kind: str, value: Any, operator: str, wanted: Any, enabled: bool
) -> None:
    questionnaire = form(item("a", kind), item("z", enableWhen=[when("a", operator, **wanted)]))
    found = faults(questionnaire, said("a", value), said("z", {"String": "x"}))
    assert found == ([] if enabled else [("item[1]", "disabled")])


def test_what_is_in_a_disabled_group_is_disabled_and_not_required() -> None:
    inner = item("b", required=True)
    last = item("g", "group", inner, required=True, enableWhen=[when("a", **TRUE)])
    questionnaire = form(item("a", "boolean"), last)
    no, yes = said("a", {"Boolean": False}), said("a", {"Boolean": True})
    filled = group("g", said("b", {"String": "x"}))
    assert faults(questionnaire, no) == faults(questionnaire, yes, filled) == []
    assert faults(questionnaire, no, filled) == [("item[1]", "disabled")]
    assert {code for _, code in faults(questionnaire, yes)} == {"missing"}


ROWS = item(
    "row", "group",
    item("has", "boolean"), item("what", enableWhen=[when("has", **TRUE)]), repeats=True,
)  # fmt: skip


def row(*, has: bool, what: bool) -> dict[str, Any]:
    told = [said("what", {"String": "x"})] if what else []
    return group("row", said("has", {"Boolean": has}), *told)


def test_in_a_repeated_group_the_question_of_the_same_row_counts() -> None:
    questionnaire = form(ROWS)
    fine = [row(has=True, what=True), row(has=False, what=False), row(has=True, what=True)]
    assert faults(questionnaire, *fine) == []
    assert faults(questionnaire, *fine, row(has=False, what=True)) == [
        ("item[3].item[1]", "disabled")
    ]


@pytest.mark.parametrize(("first", "last"), [(True, False), (False, True)])
def test_from_outside_the_last_row_before_counts_and_the_first_after(
    first: bool, last: bool
) -> None:
    asks = [when("has", **TRUE)]
    questionnaire = form(item("before", enableWhen=asks), ROWS, item("after", enableWhen=asks))
    rows = [row(has=first, what=False), row(has=last, what=False)]
    text = {"String": "x"}
    found = faults(questionnaire, said("before", text), *rows, said("after", text))
    assert found == ([("item[3]", "disabled")] if first else [("item[0]", "disabled")])


def test_an_item_under_an_answer_can_ask_about_the_question_above() -> None:
    inner = item("why", enableWhen=[when("a", **TRUE)])
    questionnaire = form(item("a", "boolean", inner))
    why = [said("why", {"String": "x"})]
    assert faults(questionnaire, said("a", {"Boolean": True}, inner=why)) == []
    found = faults(questionnaire, said("a", {"Boolean": False}, inner=why))
    assert found == [("item[0].answer[0].item[0]", "disabled")]


def test_a_question_under_an_answer_of_a_row_is_found_from_outside() -> None:
    deep = item("row", "group", item("a", "boolean", item("deep", "integer")), repeats=True)
    asks = [when("deep", ">", answerInteger=2)]
    questionnaire = form(deep, item("z", enableWhen=asks))
    rows = [
        group("row", said("a", {"Boolean": True}, inner=[said("deep", {"Integer": number})]))
        for number in (1, 3)
    ]
    text = said("z", {"String": "x"})
    assert faults(questionnaire, *rows, text) == []
    assert faults(questionnaire, *rows[::-1], text) == [("item[2]", "disabled")]
