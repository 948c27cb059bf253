"""What a team says has happened to a participant is counted from, seen by them, and gone when they leave."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from domain.db import Pool, open_pool
from domain.surveys import assigning
from tests.api.region import OpenStudy, Region
from tests.api.surveying import Survey, survey
from tests.database import Database

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
HOME = ZoneInfo("Europe/Stockholm")
AFTER: dict[str, Any] = {
    "relative_to": "event", "event": "operation", "after_days": 1, "at": "08:00:00", "window": 600,
}  # fmt: skip


class Told:
    """A participant of whom their team tells, with a schedule that counts from an operation."""

    def __init__(self, asked: Survey, code: UUID, worker: Pool) -> None:
        self.asked, self.region, self.worker = asked, asked.region, worker
        self.path = f"{asked.of_study}/participants/{code}/events"

    async def says(self, at: datetime, name: str = "operation", who: str = "lea") -> httpx.Response:
        body = {"occurred_at": at.isoformat()}
        return await self.region.edit("PUT", who, f"{self.path}/{name}", body, None)

    async def walk(self) -> list[str]:
        """What is to be answered, by its day."""
        await self.region.admin.execute("UPDATE schedule SET walked_until = '-infinity'")
        await assigning.walk(self.worker, NOW)
        sql = "SELECT slot::date::text FROM assignment WHERE state = 'due' ORDER BY slot"
        return [row[0] for row in await self.region.admin.fetch(sql)]


@pytest.fixture
async def told(region: Region, study: OpenStudy, database: Database) -> Any:
    asked = await survey(region, study)
    wish = {"questionnaire_id": asked.questionnaire_id, "timetable": AFTER}
    made = await region.post("lea", f"{asked.of_study}/schedules", wish)
    assert made.status_code == 201, made.text
    code = await region.admin.fetchval("SELECT code FROM enrolment")
    async with await open_pool(database.dsn("worker"), 2) as worker:
        yield Told(asked, code, worker)


def day(moment: datetime) -> str:
    """The one after, where residents live: late in the evening it is another than in UTC."""
    return str((moment.astimezone(HOME) + DAY).date())


async def test_a_schedule_counts_from_the_event_and_follows_its_correction(told: Told) -> None:
    assert await told.walk() == []
    assert (await told.says(NOW + DAY)).status_code == 200
    assert await told.walk() == [day(NOW + DAY)]
    await told.says(NOW)
    assert await told.walk() == [day(NOW)]
    await told.says(NOW + DAY)
    assert await told.walk() == [day(NOW + DAY)]


async def test_what_is_taken_back_is_not_asked(told: Told) -> None:
    await told.says(NOW + DAY)
    await told.walk()
    path, lea = f"{told.path}/operation", told.region.bearer("lea")
    for _ in range(2):
        assert (await told.region.client.delete(path, headers=lea)).status_code == 204
    assert await told.walk() == []
    assert (await told.region.get("lea", told.path)).json() == []


async def test_the_participant_sees_it_and_it_goes_when_they_leave(told: Told) -> None:
    await told.says(NOW)
    path = f"/v1/me/studies/{told.asked.study.study_id}/events"
    [seen] = (await told.region.get("anna", path)).json()
    assert (seen["name"], datetime.fromisoformat(seen["occurred_at"])) == ("operation", NOW)
    export = (await told.region.get("anna", "/v1/me/export")).json()
    assert [one["name"] for one in export["study_events"]] == ["operation"]
    wish = {"scope": "study", "study_id": told.asked.study.study_id}
    await told.region.post("anna", "/v1/me/withdrawals", wish)
    assert await told.region.admin.fetchval("SELECT count(*) FROM study_event") == 0
    assert (await told.says(NOW)).status_code in {404, 409}


@pytest.mark.parametrize(
    ("name", "at", "status"),
    [("operation", NOW + 400 * DAY, 422), ("Two Words", NOW, 400), ("a" * 65, NOW, 400)],
)
async def test_what_cannot_be_meant_is_refused(
    told: Told, name: str, at: datetime, status: int
) -> None:
    assert (await told.says(at, name)).status_code == status
    assert await told.region.admin.fetchval("SELECT count(*) FROM study_event") == 0


async def test_only_who_speaks_for_the_study_says_it(told: Told) -> None:
    assert (await told.says(NOW, who="ana")).status_code == 403
    told.path = f"{told.asked.of_study}/participants/{uuid4()}/events"
    assert (await told.says(NOW)).status_code == 404
