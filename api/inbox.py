"""The inbox: what a resident has been told. A push only says that something is there."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from api.auth import resident
from api.dependencies import Conn, Me
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from domain.errors import NotFound
from notifications import deliveries, inbox
from notifications.deliveries import Deliveries, Received
from notifications.inbox import Message
from notifications.targets import Target, target

Archived = Annotated[bool, QueryParameter(description="The archived ones instead")]


class Opened(Message, frozen=True, kw_only=True):
    """A message, and where it leads: null where it is only to be read."""

    target: Target | None


class Unread(Struct, frozen=True, kw_only=True):
    """How many messages in the inbox have not been read."""

    unread: int


@get("/v1/me/messages", guards=[resident])
async def messages(
    conn: Conn, me: Me, *, archived: Archived = False, cursor: Cursor = None, limit: Limit = 50
) -> Page[Message]:
    """My messages, newest first."""
    before = key_of(cursor, tuple[UUID])
    found = await inbox.messages(
        conn, me.resident_id, me.language, before[0] if before else None, limit + 1,
        archived=archived,
    )  # fmt: skip
    return page(found, limit, "message_id")


@get("/v1/me/messages/unread-count", guards=[resident])
async def unread_count(conn: Conn, me: Me) -> Unread:
    """How many of my messages wait to be read."""
    count, _ = await inbox.unread(conn, me.resident_id)
    return Unread(unread=count)


@get("/v1/me/messages/{message_id:uuid}", guards=[resident], responses=refusals(NotFound))
async def message(conn: Conn, me: Me, message_id: FromPath[UUID]) -> Opened:
    """One of my messages, in my language, and whether what it leads to is still open."""
    found = await inbox.message(conn, me.resident_id, me.language, message_id)
    leads = await target(conn, me.resident_id, found)
    return Opened(**msgspec.structs.asdict(found), target=leads)


@put(
    "/v1/me/messages/{message_id:uuid}/read",
    guards=[resident],
    status_code=204,
    responses=refusals(NotFound),
)
async def read(conn: Conn, me: Me, message_id: FromPath[UUID]) -> None:
    """Mark a message as read. Once more changes nothing."""
    await inbox.mark_read(conn, me.resident_id, message_id)


@delete(
    "/v1/me/messages/{message_id:uuid}/read",
    guards=[resident],
    status_code=204,
    responses=refusals(NotFound),
)
async def unread(conn: Conn, me: Me, message_id: FromPath[UUID]) -> None:
    """Mark a message as unread again. Once more changes nothing."""
    await inbox.mark_unread(conn, me.resident_id, message_id)


@put(
    "/v1/me/messages/{message_id:uuid}/archived",
    guards=[resident],
    status_code=204,
    responses=refusals(NotFound),
)
async def archive(conn: Conn, me: Me, message_id: FromPath[UUID]) -> None:
    """Move a message out of the inbox. Once more changes nothing."""
    await inbox.archive(conn, me.resident_id, message_id)


@delete(
    "/v1/me/messages/{message_id:uuid}/archived",
    guards=[resident],
    status_code=204,
    responses=refusals(NotFound),
)
async def bring_back(conn: Conn, me: Me, message_id: FromPath[UUID]) -> None:
    """Move a message back into the inbox. Once more changes nothing."""
    await inbox.bring_back(conn, me.resident_id, message_id)


@post("/v1/me/deliveries", guards=[resident], status_code=200)
async def deliver(conn: Conn, me: Me, data: JSONBody[Deliveries]) -> Received:
    """Say what became of knocks on a device. Saying it again changes nothing."""
    return await deliveries.record(conn, me.resident_id, data.deliveries)


routes: list[Any] = [
    messages,
    unread_count,
    message,
    read,
    unread,
    archive,
    bring_back,
    deliver,
]
