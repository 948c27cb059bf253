"""Responses: what residents answer, kept as drafts from any device, submitted once, amended and deleted.

They are FHIR R4 resources, judged against the version of the questionnaire that they name.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.at_once import AT_ONCE, Answer, Asked
from api.auth import resident, resident_alone
from api.dependencies import Conn, DataKeys, Me, Once, Visitor, whole
from api.etags import IfMatch, PreconditionRequired, etag, revision
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from api.studies import AcceptLanguage
from domain.caller import Resident
from domain.errors import Invalid, NotFound, PreconditionFailed
from domain.languages import accepted
from domain.residents import identity
from domain.surveys import assignments, at_once, concerns, declared_facts, own_responses, responses
from domain.surveys.assignments import Assignment
from domain.surveys.concerns import OwnConcern
from domain.surveys.declared_facts import Declared
from domain.surveys.model import (
    Faulty,
    NotConsented,
    ResponseEntry,
    ResponseNotSubmitted,
    ResponseSent,
    ResponseSubmitted,
    ResponseWhole,
    Submission,
)
from domain.surveys.receiving import NotOpen
from domain.surveys.responses import Writing

JUDGED = (NotFound, NotConsented, Faulty, Invalid, NotOpen)
Revision = Annotated[
    int | None,
    QueryParameter(name="revision", ge=1, le=2**31 - 1, description="This one; else the newest"),
]


@put(
    "/v1/me/responses/{response_id:uuid}",
    guards=[resident],
    responses=refusals(*JUDGED, ResponseSubmitted, PreconditionFailed, PreconditionRequired),
)
async def save(
    conn: Conn,
    me: Me,
    data_keys: DataKeys,
    response_id: FromPath[UUID],
    data: JSONBody[ResponseSent],
    if_match: IfMatch = None,
) -> Response[ResponseEntry]:
    """Keep what I have answered so far, under an id that the app chose. It may lack answers.

    The first time goes without If-Match, every other with the ETag of the draft it writes over.
    """
    writing = _writing(me, response_id)
    if if_match is None and await own_responses.there(conn, me.resident_id, response_id):
        raise PreconditionRequired
    before = None if if_match is None else revision(if_match)
    kept = await responses.save_draft(conn, data_keys, writing, data, before)
    return Response(kept, headers=etag(kept.revision))


async def _submit_at_once(asked: Asked) -> Answer | None:
    sent, knock = await asked.data(), await asked.knock()
    response_id, keys = asked.request.path_params["response_id"], asked.state.data_keys
    given = await at_once.submit(asked.rows, keys, knock, response_id, sent)
    return None if given is None else Answer(given, 201)


@post(
    "/v1/me/responses/{response_id:uuid}/submission",
    guards=[resident_alone],
    opt={AT_ONCE: _submit_at_once},
    responses=refusals(*JUDGED, ResponseSubmitted, PreconditionFailed),
)
async def submit(
    conn: Conn,
    visitor: Visitor,
    once: Once,
    data_keys: DataKeys,
    response_id: FromPath[UUID],
    data: JSONBody[ResponseSent],
    accept_language: AcceptLanguage = None,
) -> Response[Submission]:
    """Give my answers to the study. A draft with this id becomes them; the assignment is completed.

    What is wrong is told all at once, by path. `raised` is to be shown to me at once: my answers
    call for it.
    """
    async with whole(conn, visitor, once):
        me = await identity.enter_at(conn, once.knock(visitor.door))
        writing = _writing(me, response_id)
        spoken = [*accepted(accept_language or ""), me.language]
        return once.keep(await responses.submit(conn, data_keys, writing, data, spoken))


@post(
    "/v1/me/responses/{response_id:uuid}/amendments",
    guards=[resident],
    responses=refusals(*JUDGED, ResponseNotSubmitted, PreconditionFailed, PreconditionRequired),
)
async def amend(
    conn: Conn,
    me: Me,
    once: Once,
    data_keys: DataKeys,
    response_id: FromPath[UUID],
    data: JSONBody[ResponseSent],
    if_match: IfMatch = None,
    accept_language: AcceptLanguage = None,
) -> Response[Submission]:
    """Put another version of my answers after what I submitted, which stays."""
    writing = _writing(me, response_id)
    languages, before = [*accepted(accept_language or ""), me.language], revision(if_match)
    return once.keep(await responses.amend(conn, data_keys, writing, data, languages, before))


@get("/v1/me/responses", guards=[resident])
async def mine(conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 50) -> Page[ResponseEntry]:
    """My responses, the last received first, without what they say."""
    before = key_of(cursor, tuple[datetime, UUID])
    found = await own_responses.of_resident(conn, me.resident_id, before, limit + 1)
    return page(found, limit, "received_at", "response_id")


@get("/v1/me/responses/{response_id:uuid}", guards=[resident], responses=refusals(NotFound))
async def one(
    conn: Conn,
    me: Me,
    data_keys: DataKeys,
    response_id: FromPath[UUID],
    of_revision: Revision = None,
) -> Response[ResponseWhole]:
    """One of my responses with my answers and, once it is submitted, its scores."""
    found = await own_responses.response(conn, data_keys, me.resident_id, response_id, of_revision)
    return Response(found, headers=etag(found.revision))


@delete(
    "/v1/me/responses/{response_id:uuid}",
    guards=[resident],
    status_code=204,
    responses=refusals(NotFound),
)
async def remove(conn: Conn, me: Me, response_id: FromPath[UUID]) -> None:
    """Delete a response, with every version of it. An assignment that it completed stays so."""
    await own_responses.delete(conn, me.resident_id, response_id)


@get("/v1/me/assignments", guards=[resident])
async def asked(conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 50) -> Page[Assignment]:
    """What I have been asked to answer by now, the latest first, and what became of it."""
    before = key_of(cursor, tuple[datetime, UUID])
    found = await assignments.of_resident(conn, me.resident_id, before, limit + 1)
    return page(found, limit, "opens_at", "assignment_id")


@put(
    "/v1/me/assignments/{assignment_id:uuid}/declination",
    guards=[resident],
    responses=refusals(NotFound, NotOpen),
)
async def decline(conn: Conn, me: Me, assignment_id: FromPath[UUID]) -> Assignment:
    """Say no to one assignment: I am not reminded of it. Once more changes nothing."""
    return await assignments.decline(conn, me.resident_id, assignment_id)


@get("/v1/me/facts", guards=[resident])
async def facts(conn: Conn, me: Me) -> list[Declared]:
    """What I can be found by of what I have answered, while I choose to be found."""
    return await declared_facts.of_resident(conn, me.resident_id)


@get("/v1/me/concerns", guards=[resident])
async def looked_at(
    conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 50
) -> Page[OwnConcern]:
    """Which of my answers somebody was to look at, newest first: by when, and whether they have."""
    before = key_of(cursor, tuple[UUID])
    found = await concerns.of_resident(
        conn, me.resident_id, before[0] if before else None, limit + 1
    )
    return page(found, limit, "concern_id")


def _writing(me: Resident, response_id: UUID) -> Writing:
    return Writing(resident_id=me.resident_id, response_id=response_id, now=datetime.now(UTC))


routes: list[Any] = [save, submit, amend, mine, one, remove, asked, decline, facts, looked_at]
