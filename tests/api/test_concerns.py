"""Safety answers reach whom they name in time, behind the gate, and without saying what was answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain.db import open_pool
from domain.rights.sweeps import sweep
from tests.api.region import OpenStudy, Region
from tests.api.surveying import Survey, answers, survey
from tests.database import Database


@pytest.fixture
async def asked(region: Region, study: OpenStudy) -> Survey:
    await region.staff("stina", "steward")
    return await survey(region, study)


async def harm(asked: Survey) -> Any:
    submitted = await asked.submit(answers("often", harm=True))
    assert submitted.status_code == 201, submitted.text
    return submitted.json()


async def listed(asked: Survey, who: str) -> Any:
    found = await asked.region.get(who, f"{asked.of_study}/concerns")
    assert found.status_code == 200, found.text
    return found.json()["items"]


async def see(asked: Survey, who: str, concern_id: str) -> httpx.Response:
    path = f"{asked.of_study}/concerns/{concern_id}/seen"
    return await asked.region.edit("PUT", who, path, None, None)


async def late(asked: Survey) -> None:
    await asked.region.admin.execute("UPDATE concern SET due_at = raised_at - interval '1 s'")


async def test_an_answer_is_on_the_teams_list_by_its_time_until_somebody_has_looked(
    asked: Survey,
) -> None:
    receipt = await harm(asked)
    (one,) = await listed(asked, "lea")
    assert (one["response_id"], one["overdue"]) == (receipt["response_id"], False)
    due = datetime.fromisoformat(one["due_at"]) - datetime.fromisoformat(one["raised_at"])
    assert due.total_seconds() == 3600
    for _ in range(2):
        assert (await see(asked, "lea", one["concern_id"])).status_code == 200
    assert await listed(asked, "lea") == []
    (mine,) = (await asked.region.get("anna", "/v1/me/concerns")).json()["items"]
    assert mine["seen_at"] is not None


async def test_no_other_answer_is_on_a_list(asked: Survey) -> None:
    await asked.submit(answers("often", harm=False))
    assert await listed(asked, "lea") == []


async def test_each_look_is_in_the_access_log(asked: Survey) -> None:
    await harm(asked)
    await listed(asked, "lea")
    (use,) = (await asked.region.get("anna", "/v1/me/access-log")).json()["items"]
    assert (use["purpose"], use["categories"]) == ("safety", ["survey-sleep"])


async def test_stewards_see_what_the_team_let_pass(asked: Survey) -> None:
    await harm(asked)
    assert await listed(asked, "stina") == []
    await late(asked)
    (one,) = await listed(asked, "stina")
    assert one["overdue"]
    assert (await see(asked, "stina", one["concern_id"])).status_code == 200


async def test_a_resident_is_told_once_that_nobody_looked_in_time(
    asked: Survey, database: Database
) -> None:
    await harm(asked)
    async with await open_pool(database.dsn("worker"), 4) as worker:
        assert (await sweep(worker))["told_of_unseen_answers"] == 0
        await late(asked)
        assert [(await sweep(worker))["told_of_unseen_answers"] for _ in range(2)] == [1, 0]
    (told, *_) = (await asked.region.get("anna", "/v1/me/messages")).json()["items"]
    assert told["kind"] == "answer-unseen"
    assert "1177" in told["body"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE consent_grant SET data_period = '{}'",
        "UPDATE consent_grant SET data_period = '{[2100-01-01,)}'",
        "UPDATE consent_grant SET pauses = tstzmultirange(tstzrange(now() - interval '1 h', NULL))",
    ],
)
async def test_a_concern_of_who_took_their_consent_back_is_on_no_list(
    asked: Survey, change: str
) -> None:
    await harm(asked)
    (one,) = await listed(asked, "lea")
    await asked.region.admin.execute(change)
    assert await listed(asked, "lea") == []
    assert (await see(asked, "lea", one["concern_id"])).status_code == 404


async def test_a_concern_goes_with_its_response(asked: Survey) -> None:
    receipt = await harm(asked)
    await asked.region.edit(
        "DELETE", "anna", f"/v1/me/responses/{receipt['response_id']}", None, None
    )
    assert await listed(asked, "lea") == []


async def test_nobody_else_sees_the_list_or_looks_for_them(asked: Survey) -> None:
    await harm(asked)
    (one,) = await listed(asked, "lea")
    await asked.region.staff("nils", "data-protection-officer")
    for who in ("nils", "anna"):
        assert not (await asked.region.get(who, f"{asked.of_study}/concerns")).is_success
        assert not (await see(asked, who, one["concern_id"])).is_success
    absent = f"/v1/studies/{UUID(int=7)}/concerns"
    assert (await asked.region.get("stina", absent)).status_code == 404


async def test_what_is_listed_does_not_say_what_was_answered(asked: Survey) -> None:
    await harm(asked)
    said = await asked.region.admin.fetchval("SELECT concern::text AS said FROM concern")
    assert "study-team" in said
    assert "harm" not in said
