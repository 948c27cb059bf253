"""The inbox: what a resident has been told, newest first, in their language."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.db import Connection
from domain.errors import NotFound
from domain.languages import lookup
from notifications.kinds import Kind
from notifications.refs import ref
from notifications.texts import FALLBACK, written


class Message(Struct, frozen=True, kw_only=True):
    """One message. `about` is the id of what it tells of, where there is one; `ref` names it in a push."""

    message_id: UUID
    ref: str
    kind: Kind
    title: str
    body: str
    about: UUID | None
    study_id: UUID | None
    created_at: datetime
    read_at: datetime | None
    archived_at: datetime | None


async def messages(
    conn: Connection,
    resident_id: UUID,
    language: str,
    before: UUID | None,
    limit: int,
    *,
    archived: bool | None = False,
) -> list[Message]:
    """A resident's messages, newest first: those in the inbox, the archived ones, or (None) all."""
    sql = """
        SELECT m.message_id, m.kind, m.about, m.study_id, m.created_at, m.read_at, m.archived_at,
               s.title AS study, a.texts AS announced
          FROM message m
          LEFT JOIN study s USING (study_id)
          LEFT JOIN announcement a ON a.announcement_id = m.about
         WHERE m.resident_id = $1 AND ($2::uuid IS NULL OR m.message_id < $2)
           AND ($3::boolean IS NULL OR (m.archived_at IS NOT NULL) = $3)
         ORDER BY m.message_id DESC
         LIMIT $4
    """
    rows = await conn.fetch(sql, resident_id, before, archived, limit)
    return [_message(dict(row), language) for row in rows]


def _message(row: dict[str, Any], language: str) -> Message:
    titles: dict[str, str] = row.pop("study") or {}
    study = titles[lookup(titles, [language])] if titles else None
    kind = Kind(row.pop("kind"))
    title, body = written(kind, language, study)
    if texts := row.pop("announced"):
        said = texts[lookup(texts, [language, FALLBACK])]
        title, body = said["title"], said["body"]
    return Message(kind=kind, title=title, body=body, ref=ref(row["message_id"]), **row)


async def changed(
    conn: Connection, resident_id: UUID, language: str, since: datetime | None, limit: int
) -> list[Message]:
    """Messages made, read, archived or returned since a time (None: all in the inbox), newest first."""
    sql = """
        SELECT m.message_id, m.kind, m.about, m.study_id, m.created_at, m.read_at, m.archived_at,
               s.title AS study, a.texts AS announced
          FROM message m
          LEFT JOIN study s USING (study_id)
          LEFT JOIN announcement a ON a.announcement_id = m.about
         WHERE m.resident_id = $1
           AND CASE WHEN $2::timestamptz IS NULL THEN m.archived_at IS NULL
                    ELSE greatest(m.created_at, m.read_at, m.archived_at, m.returned_at) >= $2
               END
         ORDER BY m.message_id DESC
         LIMIT $3
    """
    rows = await conn.fetch(sql, resident_id, since, limit)
    return [_message(dict(row), language) for row in rows]


async def message(conn: Connection, resident_id: UUID, language: str, message_id: UUID) -> Message:
    """One message, wherever it lies.

    Raises:
        NotFound: the resident has no such message.

    """
    sql = """
        SELECT m.message_id, m.kind, m.about, m.study_id, m.created_at, m.read_at, m.archived_at,
               s.title AS study, a.texts AS announced
          FROM message m
          LEFT JOIN study s USING (study_id)
          LEFT JOIN announcement a ON a.announcement_id = m.about
         WHERE m.resident_id = $1 AND m.message_id = $2
    """
    row = await conn.fetchrow(sql, resident_id, message_id)
    if row is None:
        raise NotFound
    return _message(dict(row), language)


async def unread(conn: Connection, resident_id: UUID) -> tuple[int, datetime]:
    """How many messages in the inbox have not been read, and when the transaction that says so began."""
    sql = """
        SELECT count(*) AS unread, now() AS began
          FROM message
         WHERE resident_id = $1 AND read_at IS NULL AND archived_at IS NULL
    """
    (row,) = await conn.fetch(sql, resident_id)
    return row["unread"], row["began"]


async def mark_read(conn: Connection, resident_id: UUID, message_id: UUID) -> None:
    """Mark a message as read; the first time counts.

    Raises:
        NotFound: the resident has no such message.

    """
    sql = """
        UPDATE message SET read_at = coalesce(read_at, clock_timestamp())
         WHERE resident_id = $1 AND message_id = $2
        RETURNING message_id
    """
    if await conn.fetchval(sql, resident_id, message_id) is None:
        raise NotFound


async def mark_unread(conn: Connection, resident_id: UUID, message_id: UUID) -> None:
    """Have a message wait to be read again. Its knock does not sound again.

    Raises:
        NotFound: the resident has no such message.

    """
    sql = """
        UPDATE message SET read_at = NULL, returned_at = clock_timestamp()
         WHERE resident_id = $1 AND message_id = $2
        RETURNING message_id
    """
    if await conn.fetchval(sql, resident_id, message_id) is None:
        raise NotFound


async def archive(conn: Connection, resident_id: UUID, message_id: UUID) -> None:
    """Move a message out of the inbox; it can still be read.

    Raises:
        NotFound: the resident has no such message.

    """
    sql = """
        UPDATE message SET archived_at = coalesce(archived_at, clock_timestamp())
         WHERE resident_id = $1 AND message_id = $2
        RETURNING message_id
    """
    if await conn.fetchval(sql, resident_id, message_id) is None:
        raise NotFound


async def bring_back(conn: Connection, resident_id: UUID, message_id: UUID) -> None:
    """Move a message back into the inbox.

    Raises:
        NotFound: the resident has no such message.

    """
    sql = """
        UPDATE message SET archived_at = NULL, returned_at = clock_timestamp()
         WHERE resident_id = $1 AND message_id = $2
        RETURNING message_id
    """
    if await conn.fetchval(sql, resident_id, message_id) is None:
        raise NotFound
