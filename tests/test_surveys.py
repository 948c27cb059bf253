"""`medverka survey import`, as an operator types it, and the questionnaires that come with the project."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from api.settings import Settings
from domain.surveys import answers, resources, safety, scoring
from domain.surveys.answered import answered
from domain.surveys.compiled import compiled
from domain.surveys.importing import read
from domain.surveys.publication import check
from domain.surveys.translations import worded
from migrations.databases import Connection
from surveys import survey
from tests.database import Database
from tests.domain.surveys.forms import item, said
from tests.domain.surveys.test_published import try_all

OWN = sorted((Path(__file__).parent.parent / "demo" / "surveys").glob("*.json"))


def run(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(survey, ["import", *words], obj=lambda: settings)


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(
        mode="development",
        secret_dir=tmp_path / "secrets",
        database_url=database.dsn("api"),
        api_password=database.cluster.role_passwords["api"],
    )


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_our_own_questionnaires_have_no_problems_in_both_languages(path: Path) -> None:
    (found,) = read(path.read_bytes(), "survey-other", None, None)
    assert (found.problems, found.decisive, found.ignored) == ([], [], [])
    assert found.languages == ["en", "sv"]


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
    (found,) = read(path.read_bytes(), "survey-other", None, None)
    assert found.draft is not None
    made = check(found.draft)
    body = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": items}
    response = resources.response(msgspec.json.encode(body | {"questionnaire": found.name}))
    assert answers.faults(compiled(made.questionnaire), response, complete=True) == []
    given = answered(response)
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


async def test_an_import_reports_and_keeps_nothing_unless_told_to(
    settings: Settings, admin: Connection
) -> None:
    done = run(settings, *map(str, OWN))
    assert done.exit_code == 0, done.output
    assert done.output.count("can be asked") == len(OWN)
    assert await admin.fetchval("SELECT count(*) FROM questionnaire_version") == 0


def test_an_import_again_changes_nothing(settings: Settings) -> None:
    words = [*map(str, OWN), "--publish"]
    assert run(settings, *words).output.count("published") == len(OWN)
    assert run(settings, *words).output.count("was there") == len(OWN)


def test_every_problem_is_told_by_its_path(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "twice.json"
    resource = {"resourceType": "Questionnaire", "status": "draft", "id": "twice",
                "item": [item("a", "string"), item("a", "string")]}  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
    path.write_bytes(msgspec.json.encode(bundle))
    done = run(settings, str(path))
    assert done.exit_code == 1
    assert "Questionnaire.url" in done.output
    assert "Questionnaire.item[1].linkId" in done.output
    named = run(settings, str(path), "--url-base", "https://example.org/q", "--version", "1")
    assert "Questionnaire.url" not in named.output


def test_what_is_not_json_is_said_so(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text("{")
    assert "is not JSON" in run(settings, str(path)).output
