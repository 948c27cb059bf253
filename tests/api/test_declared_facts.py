"""What was declared to be found by is kept in clear only under that choice, and goes with it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.db import open_pool
from domain.rights.sweeps import sweep
from tests.api.region import OpenStudy, Region
from tests.api.surveying import Survey, answers, draft, published, survey
from tests.database import Database

FIND = "00000000-0000-7000-8000-000000000013"
MARKS = [
    {"code": "wakes", "link_id": "awake"},
    {"code": "sleeps", "link_id": "hours",
     "steps": [{"code": "short", "low": 0}, {"code": "enough", "low": 7}]},
]  # fmt: skip
VERSION = "https://example.org/Questionnaire/sleep|facts"


@pytest.fixture
async def asked(region: Region, study: OpenStudy) -> Survey:
    made = await survey(region, study)
    await published(region, study, draft("facts", facts={"marks": MARKS}))
    return made


async def decide(asked: Survey, decision: str, seen: int) -> int:
    said = {"item_id": FIND, "notice_version": 1, "language": "en", "decision": decision}
    body = {"answers": [said | {"seen_seq": seen}]}
    done = await asked.region.post("anna", "/v1/me/consent-events", body)
    assert done.is_success, done.text
    seq: int = done.json()["recorded"][0]["event"]["seq"]
    return seq


async def answer(asked: Survey, awake: str = "some", hours: float = 7.5, **more: Any) -> str:
    done = await asked.submit(answers(awake, hours, questionnaire=VERSION, **more))
    assert done.status_code == 201, done.text
    made: str = done.json()["response_id"]
    return made


async def facts(asked: Survey) -> set[tuple[str, str]]:
    found = (await asked.region.get("anna", "/v1/me/facts")).json()
    return {(one["code"], one["value"]) for one in found}


async def test_facts_are_steps_and_codes_of_who_chose_to_be_found(asked: Survey) -> None:
    await answer(asked)
    assert await facts(asked) == set()
    await decide(asked, "permit", 0)
    await answer(asked)
    assert await facts(asked) == {("wakes", "some"), ("sleeps", "enough")}


async def test_newer_answers_take_the_place_of_earlier_ones_in_whatever_order_they_come(
    asked: Survey,
) -> None:
    await decide(asked, "permit", 0)
    await answer(asked, "often", 5)
    earlier = datetime.now(UTC) - timedelta(hours=5)
    await answer(asked, "never", 8, authored=earlier.isoformat())
    assert await facts(asked) == {("wakes", "often"), ("sleeps", "short")}


@pytest.mark.parametrize("way", ["deny", "withdraw", "everything", "account"])
async def test_facts_go_with_the_choice_however_it_ends(asked: Survey, way: str) -> None:
    seq = await decide(asked, "permit", 0)
    await answer(asked)
    match way:
        case "deny":
            await decide(asked, "deny", seq)
        case "withdraw":
            wish = {"scope": "item", "item_id": FIND}
            assert (await asked.region.post("anna", "/v1/me/withdrawals", wish)).is_success
        case "everything":
            wish = {"scope": "everything"}
            assert (await asked.region.post("anna", "/v1/me/withdrawals", wish)).is_success
        case _:
            assert (
                await asked.region.edit("DELETE", "anna", "/v1/me?confirm=erase", None, None)
            ).is_success
    assert await asked.region.admin.fetchval("SELECT count(*) FROM fact") == 0


async def test_other_choices_leave_the_facts_alone(asked: Survey) -> None:
    await decide(asked, "permit", 0)
    await answer(asked)
    wish = {"scope": "category", "category": "heart"}
    assert (await asked.region.post("anna", "/v1/me/withdrawals", wish)).is_success
    assert len(await facts(asked)) == 2


async def test_facts_go_with_their_response(asked: Survey) -> None:
    await decide(asked, "permit", 0)
    made = await answer(asked)
    await asked.region.edit("DELETE", "anna", f"/v1/me/responses/{made}", None, None)
    assert await facts(asked) == set()


async def test_facts_go_when_the_choice_runs_out(asked: Survey, database: Database) -> None:
    await decide(asked, "permit", 0)
    await answer(asked)
    sql = "UPDATE consent_grant SET valid_until = now() WHERE item_id = $1"
    await asked.region.admin.execute(sql, UUID(FIND))
    async with await open_pool(database.dsn("worker"), 4) as worker:
        await sweep(worker)
    assert await facts(asked) == set()
