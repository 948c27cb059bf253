"""A study that asks about sleep, and residents who answer it, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx

from tests.api.region import OpenStudy, Region
from tests.domain.donations.conftest import permit
from tests.domain.surveys.forms import HL7, extension, item, said

TOPIC = "survey-sleep"
URL = "https://example.org/Questionnaire/sleep"


def translated(text: str) -> dict[str, Any]:
    """The companion of a text that has a Swedish translation."""
    parts = [{"url": "lang", "valueCode": "sv"}, {"url": "content", "valueString": text}]
    return {"extension": [{"url": HL7 + "translation", "extension": parts}]}


def option(code: str, worth: int) -> dict[str, Any]:
    return {
        "valueCoding": {"code": code},
        "extension": [extension("ordinalValue", valueDecimal=worth)],
    }


def questionnaire(version: str = "1", *more: Any, **said: Any) -> dict[str, Any]:
    """Two scored questions, and a third that the second enables."""
    options = [option(code, worth) for worth, code in enumerate(("never", "some", "often"))]
    items = [
        item("hours", "decimal", text="Hours", _text=translated("Timmar"), required=True),
        item("awake", "choice", text="Awake?", answerOption=options, required=True),
        item(
            "harm", "boolean", text="Harm?",
            enableWhen=[{"question": "awake", "operator": "=", "answerCoding": {"code": "often"}}],
        ),
    ]  # fmt: skip
    return {
        "resourceType": "Questionnaire", "status": "draft", "url": URL, "version": version,
        "language": "en", "title": "Sleep", "_title": translated("Sömn"), "item": [*items, *more],
        **said,
    }  # fmt: skip


def draft(version: str = "1", **changed: Any) -> dict[str, Any]:
    """The questionnaire with a score, and a text for who thinks of harm."""
    scale = {
        "code": "rest", "names": {"en": "Rest"}, "method": "sum", "items": [{"link_id": "awake"}],
        "bands": [{"code": "low", "low": 0, "names": {"en": "Low"}},
                  {"code": "high", "low": 2, "names": {"en": "High"}}],
    }  # fmt: skip
    rule = {
        "code": "harm", "signs": [{"link_id": "harm", "truth": True}], "tells": "study-team",
        "texts": {"en": "Call 112.", "sv": "Ring 112."}, "within": 60,
    }  # fmt: skip
    return {
        "questionnaire": questionnaire(version), "category": TOPIC,
        "scoring": {"scales": [scale]}, "safety": {"needed": True, "rules": [rule]}, **changed,
    }  # fmt: skip


def answers(awake: str = "some", hours: float = 7.5, **more: Any) -> dict[str, Any]:
    """A whole response; `harm` may stand in `more`."""
    items = [said("hours", {"Decimal": hours}), said("awake", {"Coding": {"code": awake}})]
    if "harm" in more:
        items.append(said("harm", {"Boolean": more.pop("harm")}))
    return {
        "resourceType": "QuestionnaireResponse", "status": "completed",
        "questionnaire": f"{URL}|1", "item": items, **more,
    }  # fmt: skip


class Survey(NamedTuple):
    """A study whose lead, `lea`, has published a questionnaire, and its first participant, `anna`."""

    region: Region
    study: OpenStudy
    resident_id: UUID
    questionnaire_id: str

    @property
    def of_study(self) -> str:
        return f"/v1/studies/{self.study.study_id}"

    def body(self, response: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        return {"study_id": self.study.study_id, "response": response or answers(), **more}

    async def submit(
        self, response: dict[str, Any] | None = None, response_id: str = "", **more: Any
    ) -> httpx.Response:
        path = f"/v1/me/responses/{response_id or uuid4()}/submission"
        return await self.region.post("anna", path, self.body(response, **more))

    async def assigned(self, hours: float = -1) -> str:
        """An assignment that opens in that many hours, for a day."""
        opens = datetime.now(UTC) + timedelta(hours=hours)
        sql = """
            WITH s AS (INSERT INTO schedule (schedule_id, study_id, questionnaire, category,
                                             timetable, created_by, ended_at)
                       VALUES (uuidv7(), $2, $3, $4, '{}', $2, now()) RETURNING schedule_id)
            INSERT INTO assignment (resident_id, assignment_id, schedule_id, study_id, category,
                                    questionnaire, slot, opens_at, closes_at, expires_at, knocks_at)
            SELECT $1, uuidv7(), schedule_id, $2, $4, $3, '2026-03-01 08:00', $5, $6, $6, '{}' FROM s
            RETURNING assignment_id
        """
        return str(
            await self.region.admin.fetchval(
                sql, self.resident_id, UUID(self.study.study_id), f"{URL}|1", TOPIC, opens,
                opens + timedelta(days=1),
            )
        )  # fmt: skip


async def published(region: Region, study: OpenStudy, body: dict[str, Any]) -> str:
    """The id of a questionnaire that `lea` has drafted and published."""
    path = f"/v1/studies/{study.study_id}/questionnaires"
    drafted = await region.post("lea", path, body)
    assert drafted.status_code == 201, drafted.text
    made: str = drafted.json()["questionnaire_id"]
    done = await region.edit("PUT", "lea", f"{path}/{made}/publication", None, None)
    assert done.status_code == 200, done.text
    return made


async def survey(region: Region, study: OpenStudy) -> Survey:
    await region.staff("lea", "lead", UUID(study.study_id))
    made = await published(region, study, draft())
    resident_id = await region.resident("anna")
    await permit(region.admin, resident_id, TOPIC, study_id=UUID(study.study_id))
    sql = """
        WITH e AS (INSERT INTO enrolment (resident_id, study_id) VALUES ($1, $2)
                   RETURNING code, study_id, resident_id)
        INSERT INTO participant_code (code, study_id, resident_id) SELECT * FROM e
    """
    await region.admin.execute(sql, resident_id, UUID(study.study_id))
    return Survey(region, study, resident_id, made)
