"""Events of participants, which surveys may be asked by: an operation, a visit, as the study's team says."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import delete, get, put
from litestar.params import FromPath, JSONBody, PathParameter

from api.auth import resident, staff
from api.dependencies import Conn, Me, Staff
from api.problems import refusals
from domain.disclosures import conversations, study_events
from domain.disclosures.conversations import Between, NotReachable
from domain.disclosures.model import StudyNotInForce
from domain.disclosures.study_events import Happening, StudyEvent
from domain.errors import Forbidden, Invalid, NotFound

PATH = "/v1/studies/{study_id:uuid}/participants/{code:uuid}/events"
Name = Annotated[
    str,
    PathParameter(max_length=64, pattern=r"^[a-z][a-z0-9-]*$", description="As timetables name it"),
]
REACHED = (Forbidden, NotFound, NotReachable, StudyNotInForce)


@get("/v1/me/studies/{study_id:uuid}/events", guards=[resident], responses=refusals(NotFound))
async def mine(conn: Conn, me: Me, study_id: FromPath[UUID]) -> list[StudyEvent]:
    """What a study that I take part in says has happened to me, earliest first."""
    return await study_events.mine(conn, Between(me.resident_id, study_id))


@get(PATH, guards=[staff], responses=refusals(*REACHED))
async def of_participant(
    conn: Conn, member: Staff, study_id: FromPath[UUID], code: FromPath[UUID]
) -> list[StudyEvent]:
    """What the team has said of a participant, earliest first."""
    between = await conversations.reach(conn, member, study_id, code)
    return await study_events.of_participant(conn, between)


@put(PATH + "/{name:str}", guards=[staff], responses=refusals(*REACHED, Invalid))
async def record(
    conn: Conn,
    member: Staff,
    study_id: FromPath[UUID],
    code: FromPath[UUID],
    name: Name,
    data: JSONBody[Happening],
) -> StudyEvent:
    """Say when something happened to a participant, or correct it.

    Schedules relative to an event of this name ask from it, within the hour; what was to be asked by
    the time of before, and has not opened, is not asked. The participant sees it.
    """
    between = await conversations.reach(conn, member, study_id, code)
    return await study_events.record(conn, member, between, name, data, datetime.now(UTC))


@delete(PATH + "/{name:str}", guards=[staff], status_code=204, responses=refusals(*REACHED))
async def take_back(
    conn: Conn, member: Staff, study_id: FromPath[UUID], code: FromPath[UUID], name: Name
) -> None:
    """Say that something did not happen. Once more changes nothing."""
    between = await conversations.reach(conn, member, study_id, code)
    await study_events.take_back(conn, between, name)


routes: list[Any] = [mine, of_participant, record, take_back]
