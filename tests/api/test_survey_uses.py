"""A study asks by its timetable, and reads what is consented to, under codes, until a withdrawal."""

import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.db import open_pool
from domain.disclosures import survey_uses
from domain.rights.sweeps import sweep
from tests.api.region import OpenStudy, Region
from tests.api.surveying import TOPIC, URL, Survey, answers, survey
from tests.database import Database
from tests.domain.donations.conftest import permit

DAILY = {
    "relative_to": "calendar", "first": "2026-01-01", "at": "08:00:00", "rule": "FREQ=DAILY",
    "window": 600, "reminders": [60],
}  # fmt: skip


@pytest.fixture
async def asked(region: Region, study: OpenStudy) -> Survey:
    return await survey(region, study)


async def read(asked: Survey, query: str = "") -> tuple[list[dict[str, Any]], dict[str, Any]]:
    answer = await asked.region.get("ana", f"{asked.of_study}/responses{query}")
    assert answer.status_code == 200, answer.text
    *lines, last = [json.loads(line) for line in answer.text.splitlines()]
    return lines, last


async def join(asked: Survey, who: str, responses: int = 1) -> UUID:
    """Another participant, who answers."""
    resident_id = await asked.region.resident(who)
    study_id = UUID(asked.study.study_id)
    await permit(asked.region.admin, resident_id, TOPIC, study_id=study_id)
    sql = """
        WITH e AS (INSERT INTO enrolment (resident_id, study_id) VALUES ($1, $2)
                   RETURNING code, study_id, resident_id)
        INSERT INTO participant_code (code, study_id, resident_id) SELECT * FROM e
    """
    await asked.region.admin.execute(sql, resident_id, study_id)
    for _ in range(responses):
        path = f"/v1/me/responses/{uuid4()}/submission"
        assert (await asked.region.post(who, path, asked.body())).status_code == 201
    return resident_id


async def test_it_reads_answers_and_scores_under_the_code_alone(asked: Survey) -> None:
    sent = answers("often", subject={"reference": "Patient/anna"}, text={"status": "generated"})
    made = (await asked.submit(sent)).json()
    (line,), last = await read(asked)
    sql = "SELECT code FROM enrolment"
    assert line["participant"] == str(await asked.region.admin.fetchval(sql))
    assert line["response"] == answers("often")
    assert line["scores"][0]["band"] == "high"
    assert (line["questionnaire"], line["state"]) == (f"{URL}|1", "completed")
    assert line["response_id"] == made["response_id"]
    assert str(asked.resident_id) not in json.dumps(line)
    assert last == {
        "end": True, "reason": None, "participants": 1, "responses": 1, "skipped": 0, "cursor": None,
    }  # fmt: skip


async def test_every_reading_is_in_the_resident_s_access_log(asked: Survey) -> None:
    await asked.submit()
    await read(asked)
    (entry,) = (await asked.region.get("anna", "/v1/me/access-log")).json()["items"]
    assert (entry["categories"], entry["samples"], entry["grant_seqs"]) == ([TOPIC], 1, [1])


async def test_a_draft_and_what_was_amended_are_not_read(asked: Survey) -> None:
    path = f"/v1/me/responses/{uuid4()}"
    await asked.region.edit("PUT", "anna", path, asked.body(), None)
    assert (await read(asked))[0] == []
    await asked.region.post("anna", f"{path}/submission", asked.body())
    headers = {**asked.region.bearer("anna"), "If-Match": '"2"', "Idempotency-Key": uuid4().hex}
    body = asked.body(answers("never"))
    await asked.region.client.post(f"{path}/amendments", json=body, headers=headers)
    (line,), _ = await read(asked)
    assert (line["revision"], line["state"], line["response"]) == (3, "amended", answers("never"))


@pytest.mark.parametrize("effect", ["stop", "no-further-use", "erase"])
async def test_after_a_withdrawal_nothing_is_read(asked: Survey, effect: str) -> None:
    await asked.submit()
    body = {"scope": "study", "study_id": asked.study.study_id, "effect": effect}
    await asked.region.post("anna", "/v1/me/withdrawals", body)
    lines, last = await read(asked)
    assert (len(lines), last["end"]) == ((1, True) if effect == "stop" else (0, True))


async def test_what_was_written_outside_of_what_is_granted_stays_closed(asked: Survey) -> None:
    await asked.submit()
    await asked.region.admin.execute(
        "UPDATE consent_grant SET data_period = tstzmultirange(tstzrange(now(), NULL))"
    )
    assert (await read(asked))[0] == []


async def test_a_page_may_end_within_a_participant(
    asked: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("bo", "cai"):
        await join(asked, who, 3)
    for _ in range(2):
        await asked.submit()
    monkeypatch.setattr(survey_uses, "MOST", 2)
    monkeypatch.setattr(survey_uses, "WINDOW", 2)
    lines, last = await read(asked)
    assert len({line["response_id"] for line in lines}) == len(lines) == 8
    assert [line["participant"] for line in lines] == sorted(line["participant"] for line in lines)
    assert (last["participants"], last["responses"], last["skipped"]) == (3, 8, 0)


async def test_who_is_being_withdrawn_from_is_skipped_and_counted(
    asked: Survey, database: Database
) -> None:
    await asked.submit()
    await join(asked, "bo")
    withdrawing = await asyncpg.connect(database.dsn("admin"))
    await withdrawing.execute("BEGIN")
    await withdrawing.fetchval("SELECT resident_drain($1)", asked.resident_id)
    lines, last = await read(asked)
    await withdrawing.close()
    assert (len(lines), last["end"], last["skipped"]) == (1, True, 1)


async def test_a_dismissed_member_reads_no_further_batch(
    asked: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asked.submit()
    await join(asked, "bo")
    monkeypatch.setattr(survey_uses, "WINDOW", 1)
    batch, calls = survey_uses._batch, 0

    async def dismissed_after_one(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            sql = "UPDATE membership SET ended_at = now() WHERE role = 'analyst'"
            await asked.region.admin.execute(sql)
        return await batch(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(survey_uses, "_batch", dismissed_after_one)
    lines, last = await read(asked)
    assert (len(lines), last["reason"]) == (1, "membership-ended")
    assert last["cursor"] == lines[0]["participant"]


async def test_another_study_s_team_finds_nothing(asked: Survey) -> None:
    await asked.region.staff("leo", "lead", uuid4())
    for path in ("responses", "adherence", "schedules"):
        assert (await asked.region.get("leo", f"{asked.of_study}/{path}")).status_code == 404


async def test_a_schedule_asks_what_is_published_and_is_made_into_assignments(
    asked: Survey, database: Database
) -> None:
    body = {"questionnaire_id": asked.questionnaire_id, "timetable": DAILY}
    path = f"{asked.of_study}/schedules"
    made = await asked.region.post("lea", path, body)
    assert made.status_code == 201, made.text
    assert (made.json()["questionnaire"], made.json()["category"]) == (f"{URL}|1", TOPIC)
    async with await open_pool(database.dsn("worker"), 2) as worker:
        assert (await sweep(worker))["assignments_made"] >= 3
        one = f"{path}/{made.json()['schedule_id']}"
        ended = await asked.region.edit("DELETE", "lea", one, None, None)
        assert ended.json()["ended_at"] is not None
        done = await sweep(worker)
    assert done["assignments_made"] == 0
    sql = "SELECT bool_and(state = 'cancelled' OR opens_at < now()) FROM assignment"
    assert await asked.region.admin.fetchval(sql)
    assert len((await asked.region.get("ana", path)).json()["items"]) == 1


async def test_a_timetable_is_refused_with_all_that_is_wrong(asked: Survey) -> None:
    wrong = DAILY | {"rule": "FREQ=SECONDLY", "reminders": [900]}
    body = {"questionnaire_id": asked.questionnaire_id, "timetable": wrong}
    refused = await asked.region.post("lea", f"{asked.of_study}/schedules", body)
    assert refused.status_code == 422
    assert [one["path"] for one in refused.json()["faults"]] == [
        "timetable.reminders[0]", "timetable.rule",
    ]  # fmt: skip


async def test_only_what_is_active_is_scheduled_by_who_decides(asked: Survey) -> None:
    body = {"questionnaire_id": asked.questionnaire_id, "timetable": DAILY}
    path = f"{asked.of_study}/schedules"
    assert (await asked.region.post("ana", path, body)).status_code == 403
    assert (
        await asked.region.post("lea", path, body | {"questionnaire_id": str(uuid4())})
    ).status_code == 404
    retired = f"{asked.of_study}/questionnaires/{asked.questionnaire_id}"
    await asked.region.edit("DELETE", "lea", retired, None, None)
    assert (await asked.region.post("lea", path, body)).status_code == 422


async def test_adherence_is_told_by_code_and_week(asked: Survey) -> None:
    answered, _ = await asked.assigned(), await asked.assigned(-48)
    await asked.submit(assignment_id=answered)
    path = f"{asked.of_study}/adherence"
    (one,) = (await asked.region.get("ana", f"{path}?weeks=52")).json()["items"]
    (week,) = one["weeks"]
    assert (week["completed"], week["missed"], week["due"]) == (1, 1, 0)
    assert (await asked.region.get("anna", "/v1/me/access-log")).json()["items"]
    await asked.region.admin.execute("UPDATE consent_grant SET data_period = '{}'")
    assert (await asked.region.get("ana", path)).json()["items"] == []


async def test_adherence_comes_page_by_page(asked: Survey) -> None:
    await join(asked, "bo", 0)
    first = (await asked.region.get("ana", f"{asked.of_study}/adherence?limit=1")).json()
    assert first["next"]
    rest = await asked.region.get("ana", f"{asked.of_study}/adherence?cursor={first['next']}")
    assert rest.json()["next"] is None
