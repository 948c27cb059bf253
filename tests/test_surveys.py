"""The questionnaires that come with the project: published in both languages, answered rightly, scored as by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.surveys import answers, resources, safety, scoring
from domain.surveys.answered import answered
from domain.surveys.compiled import compiled
from domain.surveys.importing import Lacking, read, report
from domain.surveys.model import QuestionnaireDraft
from domain.surveys.publication import check
from domain.surveys.translations import worded
from tests.domain.surveys.forms import said
from tests.domain.surveys.test_published import try_all

OWN = sorted((Path(__file__).parent.parent / "demo" / "surveys").glob("*.json"))


def draft(path: Path) -> QuestionnaireDraft:
    (found,) = read(path.read_bytes(), path.stem, Lacking(category="survey-other"))
    return found.draft


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_our_own_questionnaires_have_no_problems_in_both_languages(path: Path) -> None:
    (found,) = read(path.read_bytes(), path.stem, Lacking(category="survey-other"))
    told = report(found)
    assert (told.problems, told.unsupported, told.languages) == ([], [], ["en", "sv"])


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_their_right_answers_alone_are_accepted(path: Path) -> None:
    try_all(msgspec.json.decode(path.read_bytes())["questionnaire"])


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_each_word_of_them_is_in_swedish_too(path: Path) -> None:
    def words(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value[name] for name in ("title", "text", "display") if name in value]
            return own + [word for one in value.values() for word in words(one)]
        return [word for one in value for word in words(one)] if isinstance(value, list) else []

    resource = msgspec.json.decode(path.read_bytes())["questionnaire"]
    english = words(resource)
    swedish, language = worded(resource, ["sv"])
    assert language == "sv"
    assert all(one != other for one, other in zip(english, words(swedish), strict=True))


def score(name: str, *items: dict[str, Any]) -> tuple[list[Any], list[str]]:
    """The scores of a response to one of ours, and the safety rules that it meets."""
    path = next(path for path in OWN if path.stem == name)
    made = check(draft(path))
    canonical = f"{made.questionnaire.url}|{made.questionnaire.version}"
    body = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": items}
    response = resources.response(msgspec.json.encode(body | {"questionnaire": canonical}))
    assert answers.faults(compiled(made.questionnaire), response, complete=True) == []
    given = answered(response, made.declarations.link_ids())
    scores = scoring.scores(made.declarations.scoring, given)
    raised = safety.raised(made.declarations.safety, given, ["sv"], datetime.now(UTC))
    return [(one.value, one.band) for one in scores], [one.text for one in raised]


def chosen(link_id: str, code: str) -> dict[str, Any]:
    coding = {"system": "https://medverka.example/answers", "code": code}
    return said(link_id, {"Coding": coding})


def test_being_rested_counts_against_trouble_with_sleep() -> None:
    items = [
        said("hours", {"Decimal": 6.5}), chosen("fell-asleep", "most-days"),
        chosen("rested", "some-days"), said("woken", {"Boolean": False}),
    ]  # fmt: skip
    assert score("sleep", *items)[0] == [(Decimal(4), "some")]


def test_a_good_week_may_lack_one_answer() -> None:
    items = [chosen(name, "most-days") for name in ("outdoors", "moved", "met")]
    assert score("week", *items)[0] == [(Decimal(2), None)]


def test_who_thinks_of_harm_is_told_whom_to_call_in_their_language() -> None:
    (text,) = score("mood", chosen("day", "bad"), said("alone", {"Boolean": True}))[1]
    assert "112" in text
    assert "1177" in text
    assert "sjuksköterska" in text
