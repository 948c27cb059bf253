"""Urgent announcements of safety and of breaches: one drafts, another approves, all are told at once.

They pass quiet hours and mutes. Stewards and data protection officers make them.
"""

from typing import Any
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from api.auth import staff
from api.dependencies import Conn, Once, Staff
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from domain.caller import Member
from domain.errors import Forbidden, Invalid, NotFound
from domain.rights import announcements
from domain.rights.model import (
    Announcement,
    AnnouncementDecided,
    AnnouncementDraft,
    OwnAnnouncement,
)


@get("/v1/announcements", guards=[staff], responses=refusals(Forbidden))
async def listed(
    conn: Conn, member: Staff, cursor: Cursor = None, limit: Limit = 50
) -> Page[Announcement]:
    """Announcements and drafts, newest first."""
    _either(member)
    before = key_of(cursor, tuple[UUID])
    found = await announcements.announcements(conn, before[0] if before else None, limit + 1)
    return page(found, limit, "announcement_id")


@post("/v1/announcements", guards=[staff], responses=refusals(Forbidden, Invalid, NotFound))
async def draft(
    conn: Conn, member: Staff, once: Once, data: JSONBody[AnnouncementDraft]
) -> Response[Announcement]:
    """Draft an announcement. Its words stand as they are: who wants others drafts another."""
    _either(member)
    return once.keep(await announcements.draft(conn, data, member.member_id))


@get(
    "/v1/announcements/{announcement_id:uuid}",
    guards=[staff],
    responses=refusals(Forbidden, NotFound),
)
async def announcement(conn: Conn, member: Staff, announcement_id: FromPath[UUID]) -> Announcement:
    """An announcement, and how many have been told by now."""
    _either(member)
    return await announcements.announcement(conn, announcement_id)


@put(
    "/v1/announcements/{announcement_id:uuid}/approval",
    guards=[staff],
    responses=refusals(Forbidden, OwnAnnouncement, NotFound, AnnouncementDecided),
)
async def approve(conn: Conn, member: Staff, announcement_id: FromPath[UUID]) -> Announcement:
    """Let an announcement of someone else's go out. It cannot be called back."""
    _either(member)
    return await announcements.approve(conn, announcement_id, member.member_id)


@delete(
    "/v1/announcements/{announcement_id:uuid}",
    guards=[staff],
    status_code=200,
    responses=refusals(Forbidden, NotFound, AnnouncementDecided),
)
async def withdraw(conn: Conn, member: Staff, announcement_id: FromPath[UUID]) -> Announcement:
    """Take back a draft that is not approved."""
    _either(member)
    return await announcements.withdraw(conn, announcement_id)


def _either(member: Member) -> None:
    if member.roles.isdisjoint({"steward", "data-protection-officer"}):
        raise Forbidden


routes: list[Any] = [listed, draft, announcement, approve, withdraw]
