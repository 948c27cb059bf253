"""A study that asks all of a region's residents: enrolled and consented by COPY, a questionnaire published."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
from asyncpg import Range

from bench import answering
from bench.region import Region
from domain.db import Connection
from domain.surveys import questionnaires, scheduling
from domain.surveys.model import QuestionnaireDraft
from domain.surveys.schedules import Timetable
from domain.surveys.scheduling import ScheduleDraft
from tests import people

HOME = ZoneInfo("Europe/Stockholm")
SLOTS = 10
"""What the timetable asks of each in two days."""
RULE = f"FREQ=DAILY;BYHOUR=8,11,14,17,20;COUNT={SLOTS}"


async def asking(here: Region) -> tuple[UUID, UUID]:
    """The ids of the study, which all residents take part in, and of its questionnaire."""
    async with here.site.pool(1, "admin") as pool, pool.acquire() as conn:
        item, study = await people.make_item(conn, [answering.TOPIC])
        await _take_part(conn, here.residents, item, study)
        given = msgspec.convert(_raw(answering.draft()), QuestionnaireDraft)
        made = await questionnaires.draft(conn, study, given, people.STEWARD)
        await questionnaires.publish(conn, study, made.questionnaire_id)
        await conn.execute("VACUUM ANALYZE")
        await conn.execute("CHECKPOINT")
        return study, made.questionnaire_id


def _raw(draft: answering.Json) -> answering.Json:
    return {**draft, "questionnaire": msgspec.Raw(msgspec.json.encode(draft["questionnaire"]))}


async def _take_part(conn: Connection, residents: list[UUID], item: UUID, study: UUID) -> None:
    always = [Range(datetime(2020, 1, 1, tzinfo=UTC), None)]
    grant = (item, study, "study", answering.TOPIC, 1, ["KI"], False, "ConsentGiven", 1, always)
    codes = {resident: uuid4() for resident in residents}
    tables: dict[tuple[str, ...], list[tuple[object, ...]]] = {
        ("consent_grant", "resident_id", "item_id", "study_id", "use", "category", "notice_version",
         "recipients", "ehds", "status", "event_seq", "data_period"): [
            (r, *grant) for r in residents
        ],
        ("enrolment", "resident_id", "study_id", "code"): [
            (r, study, code) for r, code in codes.items()
        ],
        ("participant_code", "code", "study_id", "resident_id"): [
            (code, study, r) for r, code in codes.items()
        ],
    }  # fmt: skip
    for (table, *columns), records in tables.items():
        await conn.copy_records_to_table(table, columns=columns, records=records)


async def schedule(here: Region, study: UUID, questionnaire_id: UUID) -> UUID:
    """Ask it `SLOTS` times from tomorrow on: a worker's next walk makes all of them."""
    tomorrow = datetime.now(HOME).date() + timedelta(days=1)
    timetable = Timetable(first=tomorrow, at=time(8), rule=RULE, window=120, reminders=[60])
    wish = ScheduleDraft(questionnaire_id=questionnaire_id, timetable=timetable)
    async with here.site.pool(1, "admin") as pool, pool.acquire() as conn:
        return (await scheduling.create(conn, study, wish, people.STEWARD)).schedule_id
