"""What residents are shown before they choose: versions, texts by language, items."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from domain.consents.model import NoticeNotInLanguage
from domain.db import Connection, fetch_all
from domain.errors import NotFound
from domain.languages import shortened

PLATFORM_NOTICE = UUID("00000000-0000-7000-8000-000000000001")
"""The notice whose acceptance makes a resident, and whose items are the platform's own."""


class Item(Struct, frozen=True, kw_only=True):
    """A published choice: `publishing.ItemDraft` under its id, in the version in which it was shown."""

    item_id: UUID
    version: int
    study_id: UUID | None
    position: int
    use: str
    purpose: str
    categories: list[str]
    sources: list[str]
    recipients: list[str]
    recipient_classes: list[str]
    past: bool
    future: bool
    geography: str
    linkage: list[str]
    ai_training: bool
    commercial_use: bool
    recontact: bool
    return_of_results: bool
    ehds: bool
    duration_days: int | None
    erase_by: date | None
    required: bool
    title: str
    description: str


class Notice(Struct, frozen=True, kw_only=True):
    """A version of a notice in one language, with its items."""

    notice_id: UUID
    study_id: UUID | None
    version: int
    change: str
    published_at: datetime
    language: str
    languages: list[str]
    title: str
    body: str
    sha256: str
    items: list[Item] = []


async def current_version(conn: Connection, notice_id: UUID) -> int:
    """The latest published version.

    Raises:
        NotFound: no such notice.

    """
    sql = "SELECT max(version) AS version FROM notice_version WHERE notice_id = $1"
    version: int | None = await conn.fetchval(sql, notice_id)
    if version is None:
        raise NotFound
    return version


async def of_study(conn: Connection, study_id: UUID) -> UUID | None:
    """The notice of a study, once it has one."""
    sql = "SELECT notice_id FROM notice WHERE study_id = $1"
    notice_id: UUID | None = await conn.fetchval(sql, study_id)
    return notice_id


async def shown(
    conn: Connection,
    notice_id: UUID,
    version: int | None,
    languages: list[str],
    *,
    reviewed: bool = True,
) -> Notice:
    """A version (the current one by default) in the first of the languages that it has.

    Raises:
        NotFound: no such notice or version, or its study is in review, or did not pass it (`reviewed`).
        NoticeNotInLanguage: it has none of them; `languages` in the answer says which it has.

    """
    sql = """
        SELECT n.notice_id, n.study_id, v.version, v.change, v.published_at,
               t.language, t.title, t.body, encode(t.sha256, 'hex') AS sha256,
               ARRAY(SELECT l.language FROM notice_text l
                      WHERE l.notice_id = v.notice_id AND l.version = v.version
                      ORDER BY l.language) AS languages
          FROM notice n
          JOIN notice_version v USING (notice_id)
          LEFT JOIN study s USING (study_id)
          LEFT JOIN LATERAL (
               SELECT x.* FROM notice_text x
                WHERE x.notice_id = v.notice_id AND x.version = v.version
                  AND lower(x.language) = ANY($3)
                ORDER BY array_position($3, lower(x.language)) LIMIT 1) t ON true
         WHERE n.notice_id = $1 AND ($2::integer IS NULL OR v.version = $2)
           AND (NOT $4 OR n.study_id IS NULL OR s.status NOT IN ('in-review', 'disapproved'))
         ORDER BY v.version DESC LIMIT 1
    """
    row = await conn.fetchrow(sql, notice_id, version, list(shortened(languages)), reviewed)
    if row is None:
        raise NotFound
    if row["language"] is None:
        raise NoticeNotInLanguage(languages=row["languages"])
    found = await items(conn, notice_id, row["version"], row["language"])
    return Notice(**dict(row), items=found)


async def items(conn: Connection, notice_id: UUID, version: int, language: str) -> list[Item]:
    """The choices under a version, in the order shown."""
    sql = """
        SELECT item_id, version, study_id, position, use, purpose, categories, sources, recipients,
               recipient_classes, past, future, geography, linkage, ai_training, commercial_use,
               recontact, return_of_results, ehds, duration_days, erase_by, required,
               texts -> $3 ->> 'title' AS title, texts -> $3 ->> 'description' AS description
          FROM consent_item
         WHERE notice_id = $1 AND version = $2
         ORDER BY position
    """
    return await fetch_all(conn, Item, sql, notice_id, version, language)


async def exists(conn: Connection, notice_id: UUID, version: int, language: str) -> bool:
    """Whether that version can be read in that language."""
    sql = """
        SELECT EXISTS (SELECT FROM notice_text
                        WHERE notice_id = $1 AND version = $2 AND language = $3) AS readable
    """
    readable: bool = await conn.fetchval(sql, notice_id, version, language)
    return readable


async def superseded_by(conn: Connection, notice_id: UUID, version: int) -> int | None:
    """The current version, where answers to that one are no longer taken; None where they are."""
    sql = """
        SELECT max(version) AS version
          FROM notice_version
         WHERE notice_id = $1
        HAVING bool_or(version > $2 AND change <> 'editorial')
    """
    newer: int | None = await conn.fetchval(sql, notice_id, version)
    return newer
