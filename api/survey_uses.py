"""Surveys of a study: what its team asks and when, the answers under pairwise codes, and who answers.

Answers go through the consent gate batch by batch, and are written into the access logs before they leave.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from api.auth import staff
from api.dependencies import Conn, DataKeys, Once, Pool, Staff
from api.pages import Cursor, Limit, Page, cursor_of, key_of, page
from api.problems import refusals
from api.questionnaires import check_member
from api.uses import NDJSON, After, Only
from domain.consents.categories import TOPICS
from domain.db import Pool as ConnectionPool
from domain.disclosures import adherence, survey_uses, uses
from domain.disclosures.adherence import Adherence
from domain.disclosures.model import MembershipEnded, Reader, StudyNotInForce
from domain.disclosures.survey_uses import LastResponseLine, ResponseLine
from domain.donations.keys import KeyProvider
from domain.errors import Forbidden, Invalid, NotFound
from domain.surveys import scheduling
from domain.surveys.model import Faulty
from domain.surveys.scheduling import ScheduleDraft, ScheduleEntry

Weeks = Annotated[int, QueryParameter(ge=1, le=104, description="What was asked in so many weeks")]

_LINES: Any = ResponseLine | LastResponseLine
_answer = ResponseSpec(
    data_container=_LINES,
    description="One JSON document a line; the last one says how the stream ended",
    media_type=NDJSON,
    generate_examples=False,
)


@post(
    "/v1/studies/{study_id:uuid}/schedules",
    guards=[staff],
    responses=refusals(Forbidden, NotFound, Faulty, Invalid),
)
async def schedule(
    conn: Conn,
    member: Staff,
    once: Once,
    study_id: FromPath[UUID],
    data: JSONBody[ScheduleDraft],
) -> Response[ScheduleEntry]:
    """Ask a published questionnaire by a timetable.

    The worker makes the assignments of all participants whose consent covers its topic.
    """
    check_member(member, study_id, writes=True)
    return once.keep(await scheduling.create(conn, study_id, data, member.member_id))


@get("/v1/studies/{study_id:uuid}/schedules", guards=[staff], responses=refusals(NotFound))
async def schedules(
    conn: Conn, member: Staff, study_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
) -> Page[ScheduleEntry]:
    """What the study asks and has asked, newest first."""
    check_member(member, study_id)
    before = key_of(cursor, tuple[UUID])
    found = await scheduling.of_study(conn, study_id, before[0] if before else None, limit + 1)
    return page(found, limit, "schedule_id")


@delete(
    "/v1/studies/{study_id:uuid}/schedules/{schedule_id:uuid}",
    guards=[staff],
    status_code=200,
    responses=refusals(Forbidden, NotFound),
)
async def end(
    conn: Conn, member: Staff, study_id: FromPath[UUID], schedule_id: FromPath[UUID]
) -> ScheduleEntry:
    """Ask no more. What is open may still be answered. Once more changes nothing."""
    check_member(member, study_id, writes=True)
    return await scheduling.end(conn, study_id, schedule_id)


@get(
    "/v1/studies/{study_id:uuid}/responses",
    guards=[staff],
    responses={200: _answer, **refusals(NotFound, StudyNotInForce)},
)
async def responses(
    conn: Conn,
    member: Staff,
    pool: Pool,
    data_keys: DataKeys,
    study_id: FromPath[UUID],
    category: Only = None,
    after: After = None,
) -> Stream:
    """The responses to the study that consents open now, participant by participant.

    Each in its newest version, without what in it could name who answers.
    """
    check_member(member, study_id)
    reader = Reader(study_id, member.member_id)
    await uses.check_standing(conn, reader)
    return Stream(
        _written(pool, data_keys, reader, category or sorted(TOPICS), after), media_type=NDJSON
    )


async def _written(
    pool: ConnectionPool, keys: KeyProvider, reader: Reader, wanted: list[str], after: UUID | None
) -> AsyncIterator[bytes]:
    encode = msgspec.json.Encoder().encode
    async for line in survey_uses.responses(pool, keys, reader, wanted, after):
        yield encode(line) + b"\n"


@get(
    "/v1/studies/{study_id:uuid}/adherence",
    guards=[staff],
    responses=refusals(NotFound, StudyNotInForce, MembershipEnded),
)
async def how_answered(
    conn: Conn,
    member: Staff,
    study_id: FromPath[UUID],
    weeks: Weeks = 12,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Adherence]:
    """How the study's participants answer, week by week, in the order of their codes."""
    check_member(member, study_id)
    after, now = key_of(cursor, tuple[UUID]), datetime.now(UTC)
    told, last = await adherence.adherence(
        conn, Reader(study_id, member.member_id), weeks, after[0] if after else None, limit, now
    )
    return Page(items=told, next=None if last is None else cursor_of([last]))


routes: list[Any] = [schedule, schedules, end, responses, how_answered]
