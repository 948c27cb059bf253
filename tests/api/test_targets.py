"""An app learns whether what a message leads to is still there, before it goes there."""

from typing import Any
from uuid import UUID

import pytest

from notifications.kinds import Kind
from notifications.targets import LEADS
from tests.api.region import OpenStudy, Region, take_part


async def target(region: Region, resident_id: UUID, kind: str, *about: object) -> Any:
    sql = """
        INSERT INTO message (resident_id, message_id, kind, about, study_id)
        VALUES ($1, uuidv7(), $2, $3, $4) RETURNING message_id
    """
    made = await region.admin.fetchval(sql, resident_id, kind, *about)
    return (await region.get("anna", f"/v1/me/messages/{made}")).json()["target"]


async def test_what_is_only_told_leads_nowhere(region: Region) -> None:
    anna = await region.resident("anna")
    assert await target(region, anna, "donations-erased", None, None) is None


async def test_a_conversation_is_open_while_one_takes_part(
    region: Region, study: OpenStudy
) -> None:
    anna, _ = await take_part(region, "anna", study)
    about = ("message-received", None, UUID(study.study_id))
    leads = {"what": "conversation", "id": study.study_id}
    assert await target(region, anna, *about) == leads | {"open": True}
    wish = {"scope": "study", "study_id": study.study_id, "effect": "stop"}
    await region.post("anna", "/v1/me/withdrawals", wish)
    assert await target(region, anna, *about) == leads | {"open": False}


async def test_a_study_is_open_while_it_is_in_the_catalogue(
    region: Region, study: OpenStudy
) -> None:
    anna = await region.resident("anna")
    about = ("study-left", None, UUID(study.study_id))
    assert (await target(region, anna, *about))["open"]
    await region.admin.execute("UPDATE study SET status = 'withdrawn'")
    assert not (await target(region, anna, *about))["open"]


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_survey_is_open_within_its_window(
    region: Region, study: OpenStudy, hours: int
) -> None:
    anna = await region.resident("anna")
    sql = """
        WITH s AS (INSERT INTO schedule (schedule_id, study_id, questionnaire, category, timetable, created_by)
                   VALUES (gen_random_uuid(), $2, 'q|1', 'heart', '{}', $2) RETURNING schedule_id)
        INSERT INTO assignment (resident_id, assignment_id, schedule_id, study_id, category,
                                questionnaire, slot, opens_at, closes_at, expires_at, knocks_at)
        SELECT $1, uuidv7(), schedule_id, $2, 'heart', 'q|1', now(), now() - interval '5 h',
               now() + make_interval(hours => $3), now() + make_interval(hours => $3), '{}'
          FROM s RETURNING assignment_id
    """
    asked = await region.admin.fetchval(sql, anna, UUID(study.study_id), hours)
    found = await target(region, anna, "survey-due", asked, UUID(study.study_id))
    assert found == {"what": "assignment", "id": str(asked), "open": hours > 0}


async def test_every_kind_that_leads_somewhere_can_be_asked(region: Region) -> None:
    anna = await region.resident("anna")
    for kind in Kind:
        found = await target(region, anna, kind, None, None)
        assert (found is None) is (kind not in LEADS)
