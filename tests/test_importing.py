"""`medverka survey import`, as an operator types it: told by path, stored whole or not at all, once."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from api.settings import Settings
from domain.surveys.importing import Lacking, read
from migrations import databases
from surveys import survey
from tests.api.surveying import URL, draft, questionnaire
from tests.database import Database
from tests.domain.surveys.forms import item
from tests.domain.surveys.test_published import FILES, REFUSED

Take = Callable[..., Result]
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
DECISIVE = {"url": SDC + "enableWhenExpression", "valueString": "true"}


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(
        mode="development",
        database_url=database.dsn("api"),
        api_password=database.cluster.role_passwords["api"],
    )


@pytest.fixture
def take(settings: Settings, tmp_path: Path) -> Take:
    """Imports documents, each a file; `fails=True` where the command must say so."""

    def run(*documents: Any, options: str = "", fails: bool = False) -> Result:
        files = [tmp_path / f"file-{number}.json" for number in range(len(documents))]
        for path, document in zip(files, documents, strict=True):
            path.write_bytes(
                document if isinstance(document, bytes) else msgspec.json.encode(document)
            )
        words = ["import", *options.split(), *map(str, files)]
        done = CliRunner().invoke(survey, words, obj=lambda: settings)
        assert done.exit_code == fails, done.output
        return done

    return run


@pytest.fixture
def there(database: Database) -> Callable[[], list[str]]:
    """Each version and status of what the region has."""
    sql = """
        SELECT version || ' ' || status AS one
          FROM questionnaire_version WHERE study_id IS NULL ORDER BY version
    """

    async def read() -> list[str]:
        async with databases.connected(database.dsn("admin")) as conn:
            return [row["one"] for row in await conn.fetch(sql)]

    return lambda: asyncio.run(read())


There = Callable[[], list[str]]


def bundle(*resources: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}


def verdicts(done: Result) -> list[str]:
    return [verdict for one in json.loads(done.output) for verdict, _ in one["questionnaires"]]


def test_nothing_is_stored_unless_asked_for(take: Take, there: There) -> None:
    said = take(draft(), questionnaire("2", item("x", extension=[DECISIVE]))).output
    assert f"{URL}|1 Sleep" in said
    assert "3 items: 1 boolean, 1 choice, 1 decimal; languages: en, sv" in said
    assert "scores: 1, safety rules: 1, facts: 0; extensions kept to: ordinalValue" in said
    assert "DECISIVE, not kept to: Questionnaire.item[3].extension[0] http" in said
    assert there() == []


def test_what_is_kept_is_kept_once_and_published_later(take: Take, there: There) -> None:
    expected = {"--keep": ["kept", "there"], "--publish": ["published", "there"]}
    for option, told in expected.items():
        given = [take(draft(), options=f"{option} --json") for _ in range(2)]
        assert [one for done in given for one in verdicts(done)] == told
    assert there() == ["1 active"]
    assert verdicts(take(draft(), options="--keep --json")) == ["there"]


def test_another_one_of_the_same_name_is_refused(take: Take, there: There) -> None:
    take(draft(), options="--keep")
    other = draft(questionnaire=questionnaire(title="Another"))
    assert "another version" in take(other, options="--publish", fails=True).output
    assert there() == ["1 draft"]


def test_what_is_decisive_is_kept_but_not_published(take: Take, there: There) -> None:
    document = questionnaire("1", item("x", extension=[DECISIVE]))
    refused = take(document, options="--publish", fails=True).output
    assert "FAULT Questionnaire.item[3].extension[0]: FHIRPath" in refused
    assert there() == []
    take(document, options="--keep")
    assert there() == ["1 draft"]


def test_a_file_is_taken_whole_or_not_at_all_and_the_others_all_the_same(
    take: Take, there: There
) -> None:
    half = bundle(questionnaire("1"), {"resourceType": "Patient"}, questionnaire("1", title="X"))
    said = take(half, questionnaire("2"), options="--publish --json", fails=True)
    assert verdicts(said) == ["refused", "refused", "published"]
    assert there() == ["2 active"]
    faulty = bundle(questionnaire("3"), questionnaire("4", item("hours")))
    take(faulty, options="--keep", fails=True)
    assert there() == ["2 active"]
    take(bundle(questionnaire("3"), questionnaire("4")), options="--keep")
    assert there() == ["2 active", "3 draft", "4 draft"]


def test_a_bundle_s_value_sets_come_with_the_questionnaires_that_ask_from_them(
    take: Take, there: There
) -> None:
    def asking(version: str, canonical: str) -> Any:
        return questionnaire(version, item("x", "choice", answerValueSet=canonical))

    codes = {"resourceType": "ValueSet", "id": "q", "url": "urn:set", "version": "2",
             "meta": {"versionId": "1"}, "expansion": {"contains": [{"code": "a"}]}}  # fmt: skip
    take(bundle(codes, {**codes, "url": "urn:other"}, asking("1", "urn:set")), options="--publish")
    take(bundle(asking("2", "urn:set|2"), codes), options="--publish")
    twice = questionnaire(
        "4", *(item(x, "choice", answerValueSet=f"urn:set{x}") for x in ("", "|2"))
    )
    for number, one in enumerate(twice["item"][-2:]):
        one["linkId"] = f"x{number}"
    (found,) = read(
        msgspec.json.encode(bundle(codes, twice)), "f", Lacking(category="survey-other")
    )
    assert bytes(found.draft.questionnaire).count(b'"ValueSet"') == 1
    assert there() == ["1 active", "2 active"]
    for wrong in ("urn:set|3", "#q", "urn:none"):
        take(bundle(codes, asking("3", wrong)), options="--publish", fails=True)
    take(bundle({**codes, "url": 1}, asking("3", "urn:set")), options="--publish", fails=True)


@pytest.mark.skipif(not FILES, reason="the questionnaires of others are not here")
def test_those_of_others_are_published_or_refused_for_a_reason_that_is_named(take: Take) -> None:
    base = "--url-base urn:x --version-if-missing 1 --status-if-missing active --publish --json"
    documents = [path.read_bytes() for path in FILES]
    for path, one in zip(
        FILES, json.loads(take(*documents, options=base, fails=True).output), strict=True
    ):
        [[verdict, report]] = one["questionnaires"]
        decisive = [found for found in report["unsupported"] if found["decisive"]]
        assert verdict == ("refused" if path.name in REFUSED or decisive else "published")
        assert {found["code"] for found in report["problems"]} == REFUSED.get(path.name, set())
        assert len(one["problems"]) == (0 if report["problems"] else len(decisive))


def test_what_is_missing_is_a_problem_that_can_be_made_good(take: Take, there: There) -> None:
    bare = questionnaire(id="own id")
    for name in ("url", "version", "status"):
        del bare[name]
    refused = json.loads(take(bare, options="--json", fails=True).output)
    paths = {one["path"] for one in refused[0]["questionnaires"][0][1]["problems"]}
    assert paths == {f"Questionnaire.{name}" for name in ("url", "version", "status")}
    base = "--url-base https://example.org/q/ --version-if-missing 7 --status-if-missing active"
    said = take(bare, options=f"{base} --publish --category survey-sleep").output
    assert "https://example.org/q/own-id|7" in said
    assert there() == ["7 active"]
    assert f"{URL}|1 " in take(questionnaire(), options=base).output


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b"{}", b"\xff", b'{"resourceType": "Patient"}', b'{"entry": 1}',
     b'{"resourceType": "Bundle"}', b'{"questionnaire": {}, "category": "none"}',
     b'{"questionnaire": 1, "category": "survey-sleep"}', b'{"resourceType": "Questionnaire"}',
     b'{"resourceType": "Questionnaire", "item": ' + b"[" * 100_000],
    ids=range(12),
)  # fmt: skip
def test_what_is_no_questionnaire_is_told_so(take: Take, body: bytes) -> None:
    for options in ("", "--url-base https://example.org"):
        said = take(body, options=options, fails=True).output
        assert "FAULT" in said
        assert "Nothing of this file is stored." in said


def test_what_postgresql_cannot_hold_is_refused(take: Take, there: There) -> None:
    body = msgspec.json.encode(questionnaire(purpose="here")).replace(b'"here"', b"1e200000")
    assert "cannot hold it" in take(body, options="--keep", fails=True).output
    assert there() == []


def test_a_byte_order_mark_is_passed_over(take: Take) -> None:
    take(b"\xef\xbb\xbf" + msgspec.json.encode(questionnaire()))


def test_a_stranger_s_words_steer_no_terminal(take: Take) -> None:
    assert "\x1b" not in take(questionnaire(title="\x1b[2J")).output


def test_a_database_that_is_away_is_said_so(tmp_path: Path) -> None:
    away = Settings(mode="development", database_url="postgresql://127.0.0.1:1/nowhere")
    (tmp_path / "a.json").write_bytes(msgspec.json.encode(draft()))
    done = CliRunner().invoke(
        survey, ["import", "--keep", str(tmp_path / "a.json")], obj=lambda: away
    )
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)


def test_what_the_region_retires_is_asked_no_more(
    take: Take, there: There, settings: Settings
) -> None:
    def retire(canonical: str) -> int:
        return CliRunner().invoke(survey, ["retire", canonical], obj=lambda: settings).exit_code

    take(draft(), options="--publish")
    assert (retire(f"{URL}|1"), retire(f"{URL}|2"), retire(URL)) == (0, 1, 1)
    assert there() == ["1 retired"]
