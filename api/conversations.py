"""Conversations: a resident and a study team write to each other. The team sees a code, and no name."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody

from api.auth import resident, staff
from api.dependencies import Conn, DataKeys, Me, Once, Staff
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from domain.disclosures import conversations
from domain.disclosures.conversations import (
    Between,
    Communication,
    NotReachable,
    TooManyMessages,
    Writing,
    Written,
)
from domain.disclosures.model import StudyNotInForce
from domain.errors import Forbidden, NotFound


@get("/v1/me/studies/{study_id:uuid}/messages", guards=[resident], responses=refusals(NotFound))
async def mine(
    conn: Conn,
    me: Me,
    data_keys: DataKeys,
    study_id: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Communication]:
    """What a study's team and I wrote to each other, newest first. It stays readable when I have left."""
    before = key_of(cursor, tuple[UUID])
    found = await conversations.mine(
        conn, data_keys, Between(me.resident_id, study_id), before[0] if before else None, limit + 1
    )
    return page(found, limit, "communication_id")


@post(
    "/v1/me/studies/{study_id:uuid}/messages",
    guards=[resident],
    responses=refusals(NotFound, TooManyMessages),
)
async def write(
    conn: Conn,
    me: Me,
    once: Once,
    data_keys: DataKeys,
    study_id: FromPath[UUID],
    data: JSONBody[Writing],
) -> Response[Written]:
    """Write to the team of a study that I take part in."""
    between = Between(me.resident_id, study_id)
    return once.keep(await conversations.write(conn, data_keys, between, data))


@put(
    "/v1/me/studies/{study_id:uuid}/messages/{communication_id:uuid}/read",
    guards=[resident],
    status_code=204,
    responses=refusals(NotFound),
)
async def read(
    conn: Conn, me: Me, study_id: FromPath[UUID], communication_id: FromPath[UUID]
) -> None:
    """Mark a team's message as read. Once more changes nothing."""
    await conversations.mark_read(conn, Between(me.resident_id, study_id), communication_id)


@get(
    "/v1/studies/{study_id:uuid}/participants/{code:uuid}/messages",
    guards=[staff],
    responses=refusals(Forbidden, NotFound, NotReachable, StudyNotInForce),
)
async def with_participant(
    conn: Conn,
    member: Staff,
    data_keys: DataKeys,
    study_id: FromPath[UUID],
    code: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Communication]:
    """What a participant and the team wrote to each other, newest first."""
    between = await conversations.reach(conn, member, study_id, code)
    before = key_of(cursor, tuple[UUID])
    found = await conversations.conversation(
        conn, data_keys, between, before[0] if before else None, limit + 1
    )
    return page(found, limit, "communication_id")


@post(
    "/v1/studies/{study_id:uuid}/participants/{code:uuid}/messages",
    guards=[staff],
    responses=refusals(Forbidden, NotFound, NotReachable, StudyNotInForce, TooManyMessages),
)
async def write_to(
    conn: Conn,
    member: Staff,
    once: Once,
    data_keys: DataKeys,
    study_id: FromPath[UUID],
    code: FromPath[UUID],
    data: JSONBody[Writing],
) -> Response[Written]:
    """Write to a participant. They are told that something is there, and read it after login."""
    made = await conversations.write_to(conn, data_keys, member, study_id, code, data)
    return once.keep(made)


routes: list[Any] = [mine, write, read, with_participant, write_to]
