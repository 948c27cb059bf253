"""Answers are taken once, whole, under a consent that stands; sealed, shown back, amended and deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.db import Pool, open_pool
from domain.rights.sweeps import sweep
from tests.api.region import OpenStudy, Region
from tests.api.surveying import TOPIC, Survey, answers, survey
from tests.database import Database


@pytest.fixture
async def asked(region: Region, study: OpenStudy) -> Survey:
    return await survey(region, study)


async def save(
    asked: Survey, path: str, body: dict[str, Any], revision: int | None = None
) -> httpx.Response:
    return await asked.region.edit("PUT", "anna", path, body, revision)


def some() -> dict[str, Any]:
    """Answers that lack one that is required."""
    whole = answers()
    return whole | {"status": "in-progress", "item": whole["item"][:1]}


async def test_a_submission_is_scored_and_read_back_as_it_was_sent(asked: Survey) -> None:
    sent = answers("often", 7.25)
    submitted = await asked.submit(sent)
    assert submitted.status_code == 201, submitted.text
    receipt = submitted.json()
    assert (receipt["state"], receipt["revision"], receipt["raised"]) == ("completed", 1, [])
    read = await asked.region.get("anna", f"/v1/me/responses/{receipt['response_id']}")
    assert read.json()["response"] == sent
    assert read.json()["scores"] == [
        {"code": "rest", "value": "2", "band": "high", "answered": 1, "items": 1}
    ]


async def test_what_is_stored_is_sealed(asked: Survey) -> None:
    await asked.submit(answers("often", 7.25))
    sql = "SELECT body FROM response UNION ALL SELECT body FROM reply WHERE body IS NOT NULL"
    stored = [row[0] for row in await asked.region.admin.fetch(sql)]
    assert stored
    assert not any(b"often" in body or b"7.25" in body for body in stored)


async def test_all_faults_come_at_once_and_nothing_is_stored(asked: Survey) -> None:
    refused = await asked.submit(answers("secret", harm=True))
    assert refused.status_code == 422
    assert [(one["path"], one["code"]) for one in refused.json()["faults"]] == [
        ("QuestionnaireResponse.item[1].answer[0].value", "not-offered"),
        ("QuestionnaireResponse.item[2]", "disabled"),
    ]
    assert "secret" not in refused.text
    assert await asked.region.admin.fetchval("SELECT count(*) FROM response") == 0


async def test_a_safety_answer_is_answered_at_once_in_my_language(asked: Survey) -> None:
    path = f"/v1/me/responses/{uuid4()}/submission"
    headers = {
        **asked.region.bearer("anna"), "Accept-Language": "sv", "Idempotency-Key": uuid4().hex,
    }  # fmt: skip
    body = asked.body(answers("often", harm=True))
    submitted = await asked.region.client.post(path, json=body, headers=headers)
    (raised,) = submitted.json()["raised"]
    assert (raised["language"], raised["text"]) == ("sv", "Ring 112.")


async def test_the_same_key_has_the_same_answer_and_one_effect(asked: Survey) -> None:
    path, body = f"/v1/me/responses/{uuid4()}/submission", asked.body()
    both = [await asked.region.post("anna", path, body, key="k") for _ in range(2)]
    assert both[0].content == both[1].content
    again = await asked.region.post("anna", path, body)
    assert again.status_code == 409
    assert again.json()["type"].endswith("/response-submitted")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE consent_grant SET data_period = '{}'",
        "UPDATE consent_grant SET pauses = tstzmultirange(tstzrange(now() - interval '1 h', NULL))",
        "UPDATE consent_grant SET valid_until = now() - interval '1 h'",
        "UPDATE consent_grant SET category = 'survey-mood'",
        "UPDATE consent_grant SET study_id = NULL, use = 'keep'",
        "UPDATE study SET suspended_at = now()",
    ],
)
async def test_without_a_consent_that_stands_nothing_is_taken(asked: Survey, change: str) -> None:
    await asked.region.admin.execute(change)
    assert (await asked.submit()).status_code == 403
    path = f"/v1/me/responses/{uuid4()}"
    assert (await save(asked, path, asked.body(some()))).status_code == 403
    assert await asked.region.admin.fetchval("SELECT count(*) FROM response") == 0


async def test_what_was_written_before_the_consent_is_not_taken(asked: Survey) -> None:
    period = "tstzmultirange(tstzrange(now() - interval '1 h', NULL))"
    await asked.region.admin.execute(f"UPDATE consent_grant SET data_period = {period}")  # noqa: S608
    early = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    assert (await asked.submit(answers(authored=early))).status_code == 403
    assert (await asked.submit()).status_code == 201


@pytest.mark.parametrize(
    "authored", ["2026", "yesterday", "2026-01-01T00:00:00", "2999-01-01T00:00:00Z"]
)
async def test_when_it_was_written_is_an_instant_that_has_been(
    asked: Survey, authored: str
) -> None:
    refused = await asked.submit(answers(authored=authored))
    assert [one["path"] for one in refused.json()["faults"]] == ["QuestionnaireResponse.authored"]


async def test_a_draft_may_lack_answers_and_becomes_the_submission(asked: Survey) -> None:
    path = f"/v1/me/responses/{uuid4()}"
    drafted = await save(asked, path, asked.body(some()))
    assert (drafted.status_code, drafted.headers["etag"]) == (200, '"1"')
    assert (await asked.region.get("anna", path)).json()["response"] == some()
    submitted = await asked.region.post("anna", f"{path}/submission", asked.body())
    assert submitted.json()["revision"] == 2
    assert await asked.region.admin.fetchval("SELECT count(*) FROM response") == 1
    late = await save(asked, path, asked.body(some()), 2)
    assert late.status_code == 409


async def test_of_two_devices_one_is_told_of_the_other(asked: Survey) -> None:
    path, body = f"/v1/me/responses/{uuid4()}", asked.body(some())
    assert (await save(asked, path, body, 1)).status_code == 412
    assert (await save(asked, path, body)).status_code == 200
    assert (await save(asked, path, body)).status_code == 428
    assert (await save(asked, path, body, 1)).headers["etag"] == '"2"'
    assert (await save(asked, path, body, 1)).status_code == 412


async def test_an_amendment_keeps_what_was_before(asked: Survey) -> None:
    made = (await asked.submit()).json()["response_id"]
    path, body = f"/v1/me/responses/{made}", asked.body(answers("never"))
    assert (await asked.region.post("anna", f"{path}/amendments", body)).status_code == 428
    headers = {**asked.region.bearer("anna"), "If-Match": '"1"', "Idempotency-Key": uuid4().hex}
    amended = await asked.region.client.post(f"{path}/amendments", json=body, headers=headers)
    assert (amended.status_code, amended.json()["state"]) == (201, "amended")
    newest = (await asked.region.get("anna", path)).json()
    first = (await asked.region.get("anna", f"{path}?revision=1")).json()
    assert [one["scores"][0]["value"] for one in (first, newest)] == ["1", "0"]
    (listed,) = (await asked.region.get("anna", "/v1/me/responses")).json()["items"]
    assert listed["revision"] == 2


async def test_a_draft_is_not_amended(asked: Survey) -> None:
    path = f"/v1/me/responses/{uuid4()}"
    await save(asked, path, asked.body(some()))
    headers = {**asked.region.bearer("anna"), "If-Match": '"1"', "Idempotency-Key": uuid4().hex}
    body = asked.body()
    refused = await asked.region.client.post(f"{path}/amendments", json=body, headers=headers)
    assert refused.status_code == 409


async def test_a_submission_completes_its_assignment_once(asked: Survey) -> None:
    one = await asked.assigned()
    assert (await asked.submit(assignment_id=one)).status_code == 201
    (shown,) = (await asked.region.get("anna", "/v1/me/assignments")).json()["items"]
    assert (shown["state"], shown["late_received"]) == ("completed", False)
    refused = await asked.submit(assignment_id=one)
    assert refused.json()["type"].endswith("/not-open")
    assert await asked.region.admin.fetchval("SELECT count(*) FROM response") == 1


async def test_what_was_written_in_time_offline_is_late_received(asked: Survey) -> None:
    one = await asked.assigned(-48)
    written = (datetime.now(UTC) - timedelta(hours=47)).isoformat()
    late = await asked.submit(answers(authored=written), assignment_id=one)
    assert late.json()["late_received"] is True


async def test_an_assignment_asks_its_own_questionnaire(asked: Survey) -> None:
    one = await asked.assigned()
    await asked.region.admin.execute("UPDATE assignment SET questionnaire = 'other|1'")
    assert (await asked.submit(assignment_id=one)).status_code == 422


async def test_what_was_asked_is_answered_after_it_was_retired(asked: Survey) -> None:
    one = await asked.assigned()
    sql = "UPDATE questionnaire_version SET status = 'retired', retired_at = now()"
    await asked.region.admin.execute(sql)
    assert (await asked.submit()).status_code == 422
    assert (await asked.submit(assignment_id=one)).status_code == 201


async def test_a_draft_and_a_refusal_show_in_the_assignment(asked: Survey) -> None:
    one = await asked.assigned()
    path = f"/v1/me/responses/{uuid4()}"
    await save(asked, path, asked.body(some(), assignment_id=one))
    (shown,) = (await asked.region.get("anna", "/v1/me/assignments")).json()["items"]
    assert shown["state"] == "draft"
    refusal = f"/v1/me/assignments/{one}/declination"
    for _ in range(2):
        declined = await asked.region.edit("PUT", "anna", refusal, None, None)
        assert declined.json()["state"] == "declined"


async def test_another_s_response_is_not_there(asked: Survey) -> None:
    made = (await asked.submit()).json()["response_id"]
    await asked.region.resident("bo")
    path = f"/v1/me/responses/{made}"
    assert (await asked.region.get("bo", path)).status_code == 404
    assert (await asked.region.edit("DELETE", "bo", path, None, None)).status_code == 404


async def test_with_a_topic_s_last_response_its_key_goes(asked: Survey, database: Database) -> None:
    made = (await asked.submit()).json()["response_id"]
    path = f"/v1/me/responses/{made}"
    gone = await asked.region.edit("DELETE", "anna", path, None, None)
    assert gone.status_code == 204
    assert (await asked.region.get("anna", path)).status_code == 404
    async with await open_pool(database.dsn("worker"), 2) as worker:
        await swept(worker)
    assert await asked.region.admin.fetchval("SELECT count(*) FROM data_key") == 0
    sql = "SELECT array_agg(scope ORDER BY erased_at) FROM erasure"
    assert await asked.region.admin.fetchval(sql) == [f"response/{made}", TOPIC]


async def swept(worker: Pool) -> None:
    assert (await sweep(worker))["jobs_done"] == 1


@pytest.mark.parametrize("scope", ["category", "study", "everything"])
async def test_a_withdrawal_that_erases_destroys_answers_and_key(asked: Survey, scope: str) -> None:
    await asked.submit()
    about = {"category": {"category": TOPIC}, "study": {"study_id": asked.study.study_id}}
    body = {"scope": scope, "effect": "erase", **about.get(scope, {})}
    done = await asked.region.post("anna", "/v1/me/withdrawals", body)
    assert done.status_code == 200, done.text
    for table in ("response", "data_key"):
        assert await asked.region.admin.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608


async def test_a_withdrawal_that_ends_use_keeps_them_for_me_and_takes_no_more(
    asked: Survey,
) -> None:
    made = (await asked.submit()).json()["response_id"]
    body = {"scope": "study", "study_id": asked.study.study_id}
    await asked.region.post("anna", "/v1/me/withdrawals", body)
    assert (await asked.region.get("anna", f"/v1/me/responses/{made}")).status_code == 200
    assert (await asked.submit()).status_code == 403


async def test_mine_are_listed_page_by_page(asked: Survey) -> None:
    made = [(await asked.submit()).json()["response_id"] for _ in range(3)]
    first = (await asked.region.get("anna", "/v1/me/responses?limit=2")).json()
    rest = (await asked.region.get("anna", f"/v1/me/responses?cursor={first['next']}")).json()
    listed = [one["response_id"] for one in (*first["items"], *rest["items"])]
    assert listed == made[::-1]
    assert str(UUID(listed[0])) == listed[0]
