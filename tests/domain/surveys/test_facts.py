"""Facts are small codes that were offered, and nothing that a resident wrote."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from domain.surveys.declarations import Answered
from domain.surveys.facts import Fact, Facts, of, problems

KNOWN: dict[str, list[str]] = {"smokes": ["daily", "never"], "years": [], "asthma": []}
STEPS = [{"code": "under-40", "low": 0}, {"code": "from-40", "low": 40}]


def facts(*marks: dict[str, Any]) -> Facts:
    return msgspec.convert({"marks": list(marks)}, Facts)


SMOKES = {"code": "smoking", "link_id": "smokes"}
YEARS = {"code": "age-group", "link_id": "years", "steps": STEPS}


def test_an_offered_code_a_truth_and_a_step_become_facts() -> None:
    declared = facts(SMOKES, YEARS, {"code": "asthma", "link_id": "asthma"})
    answered: Answered = {"smokes": ["never"], "years": [Decimal(40)], "asthma": [False]}
    assert of(declared, answered, KNOWN) == [
        Fact("smoking", "never"), Fact("age-group", "from-40"), Fact("asthma", "false"),
    ]  # fmt: skip


def test_own_words_of_an_open_choice_are_no_fact() -> None:
    assert of(facts(SMOKES), {"smokes": ["only with Anna"]}, KNOWN) == []


def test_a_number_below_every_step_is_no_fact() -> None:
    assert of(facts(YEARS), {"years": [Decimal(-1)]}, KNOWN) == []


def test_what_is_not_marked_or_not_answered_is_no_fact() -> None:
    assert of(facts(YEARS), {"smokes": ["daily"]}, KNOWN) == []


def test_the_same_answer_twice_is_one_fact() -> None:
    assert of(facts(SMOKES), {"smokes": ["daily", "daily"]}, KNOWN) == [Fact("smoking", "daily")]


@pytest.mark.parametrize(
    ("mark", "path"),
    [
        (SMOKES | {"link_id": "gone"}, "facts.marks[0].link_id"),
        (YEARS | {"steps": STEPS[::-1]}, "facts.marks[0].steps[1].low"),
        (YEARS | {"steps": [{"code": "x", "low": "NaN"}]}, "facts.marks[0].steps[0].low"),
        (YEARS | {"steps": [STEPS[0], STEPS[0] | {"low": 9}]}, "facts.marks[0].steps[1].code"),
    ],
)
def test_what_cannot_be_a_fact_is_refused_by_path(mark: dict[str, Any], path: str) -> None:
    assert [problem.path for problem in problems(facts(mark), KNOWN)] == [path]


def test_a_code_is_marked_once() -> None:
    assert [p.path for p in problems(facts(SMOKES, SMOKES), KNOWN)] == ["facts.marks[1].code"]
