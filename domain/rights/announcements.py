"""Urgent announcements as rows: drafted, approved by another, or withdrawn as drafts."""

from uuid import UUID

from msgspec import to_builtins

from domain.db import Connection, fetch_all
from domain.errors import NotFound
from domain.rights.model import (
    Announcement,
    AnnouncementDraft,
    check_approval,
    check_draft,
    check_withdrawal,
)
from domain.studies import store as studies


async def draft(conn: Connection, given: AnnouncementDraft, member_id: UUID) -> Announcement:
    """Note an announcement. Nobody is told before another member approves it.

    Raises:
        Invalid: a text is missing.
        NotFound: no such study.

    """
    check_draft(given)
    if given.study_id is not None:
        await studies.study(conn, given.study_id)
    sql = """
        INSERT INTO announcement (kind, study_id, texts, drafted_by)
        VALUES ($1, $2, $3, $4)
        RETURNING announcement_id
    """
    announcement_id = await conn.fetchval(
        sql, given.kind, given.study_id, to_builtins(given.texts), member_id
    )
    return await announcement(conn, announcement_id)


async def announcements(
    conn: Connection, before: UUID | None, limit: int, announcement_id: UUID | None = None
) -> list[Announcement]:
    """All of them, drafts too, newest first."""
    sql = """
        SELECT announcement_id, kind, study_id, texts, drafted_by, drafted_at, approved_by,
               approved_at, withdrawn_at, told, finished_at
          FROM announcement
         WHERE ($1::uuid IS NULL OR announcement_id < $1)
           AND ($3::uuid IS NULL OR announcement_id = $3)
         ORDER BY announcement_id DESC
         LIMIT $2
    """
    return await fetch_all(conn, Announcement, sql, before, limit, announcement_id)


async def announcement(conn: Connection, announcement_id: UUID) -> Announcement:
    """One of them, and how far it has been told.

    Raises:
        NotFound: no such announcement.

    """
    found = await announcements(conn, None, 1, announcement_id)
    if not found:
        raise NotFound
    return found[0]


async def approve(conn: Connection, announcement_id: UUID, member_id: UUID) -> Announcement:
    """Have it told from COMMIT on. A second approval by the same member changes nothing.

    Raises:
        NotFound: no such announcement.
        OwnAnnouncement: who drafted it cannot approve it.
        AnnouncementDecided: it was withdrawn, or someone else has approved it.

    """
    if check_approval(await _locked(conn, announcement_id), member_id):
        sql = """
            UPDATE announcement SET approved_by = $2, approved_at = clock_timestamp()
             WHERE announcement_id = $1
        """
        await conn.execute(sql, announcement_id, member_id)
    return await announcement(conn, announcement_id)


async def withdraw(conn: Connection, announcement_id: UUID) -> Announcement:
    """Take a draft back; it stays to be read by staff, and can never be approved.

    Raises:
        NotFound: no such announcement.
        AnnouncementDecided: it is approved.

    """
    check_withdrawal(await _locked(conn, announcement_id))
    sql = """
        UPDATE announcement SET withdrawn_at = coalesce(withdrawn_at, clock_timestamp())
         WHERE announcement_id = $1
    """
    await conn.execute(sql, announcement_id)
    return await announcement(conn, announcement_id)


async def _locked(conn: Connection, announcement_id: UUID) -> Announcement:
    sql = "SELECT announcement_id FROM announcement WHERE announcement_id = $1 FOR UPDATE"
    await conn.fetchval(sql, announcement_id)
    return await announcement(conn, announcement_id)
