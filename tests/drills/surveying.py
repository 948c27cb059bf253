"""What the drills ask and answer: a questionnaire of each study, and a response with a side's marks."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tests.api.region import Region
from tests.api.surveying import TOPIC, URL, draft
from tests.domain.surveys.forms import item, said
from tests.drills.sides import Side

DAILY = {
    "relative_to": "calendar", "first": "2026-01-01", "at": "08:00:00", "rule": "FREQ=DAILY",
    "window": 600,
}  # fmt: skip


def form(side: Side, version: str) -> dict[str, Any]:
    """A questionnaire that bears its team's name, with a question that takes any words."""
    body = draft(version)
    body["questionnaire"]["item"].append(item("words", "text"))
    body["questionnaire"]["title"] = f"Of {side.team}"
    return body


def response(side: Side) -> dict[str, Any]:
    """Answers that bear a side's marks."""
    items = [
        said("hours", {"Decimal": side.values[0]}), said("awake", {"Coding": {"code": "often"}}),
        said("harm", {"Boolean": True}),
        said("words", {"String": side.answered_id}),
    ]  # fmt: skip
    return {
        "resourceType": "QuestionnaireResponse", "status": "completed", "item": items,
        "questionnaire": f"{URL}|{side.team}",
    }  # fmt: skip


def answered(side: Side) -> dict[str, Any]:
    return {"study_id": side.study_id, "response": response(side)}


async def ask(region: Region, side: Side) -> None:
    """Publish and schedule a questionnaire, leave a draft of another, and have the resident answer."""
    path = f"/v1/studies/{side.study_id}"
    for name, version in (("questionnaire_id", side.team), ("spare_id", f"{side.team}-spare")):
        made = await region.post(side.team, f"{path}/questionnaires", form(side, version))
        assert made.is_success, made.text
        setattr(side, name, made.json()["questionnaire_id"])
    one = f"{path}/questionnaires/{side.questionnaire_id}/publication"
    assert (await region.edit("PUT", side.team, one, None, None)).is_success
    timed = {"questionnaire_id": side.questionnaire_id, "timetable": DAILY}
    scheduled = await region.post(side.team, f"{path}/schedules", timed)
    assert scheduled.is_success, scheduled.text
    side.schedule_id = scheduled.json()["schedule_id"]
    side.answered_id, side.new_id = str(uuid4()), str(uuid4())
    mine = f"/v1/me/responses/{side.answered_id}/submission"
    taken = await region.post(side.resident, mine, answered(side))
    assert taken.is_success, taken.text
    await _assign(region, side)


async def _assign(region: Region, side: Side) -> None:
    """What the worker would have made: an assignment that is open for a day."""
    sql = """
        INSERT INTO assignment (resident_id, assignment_id, schedule_id, study_id, category,
                                questionnaire, slot, opens_at, closes_at, expires_at, knocks_at)
        SELECT i.resident_id, uuidv7(), $1, $2, $3, $4, '2026-03-01 08:00', $5::timestamptz,
               $5::timestamptz + interval '1 day', $5::timestamptz + interval '1 day', '{}'
          FROM enrolment i WHERE i.study_id = $2
        RETURNING assignment_id
    """
    side.assignment_id = str(
        await region.admin.fetchval(
            sql, UUID(side.schedule_id), UUID(side.study_id), TOPIC, f"{URL}|{side.team}",
            datetime.now(UTC),
        )
    )  # fmt: skip
