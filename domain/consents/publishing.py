"""Publishing a version of a notice. What is published is never changed."""

import hashlib
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from domain.db import Connection, new_id
from domain.errors import Busy, Invalid
from domain.fields import Code, Input, Language, Name, Note, Prose

RecipientClass = Literal["named", "academic", "non-profit", "for-profit", "international"]
Codes = Annotated[list[Code], Meta(max_length=64)]
Term = Annotated[
    str,
    Meta(
        max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9:._-]*$", examples=["dpv:AcademicResearch"]
    ),
]


class ItemText(Input, frozen=True, kw_only=True):
    """What one choice is called and what it means, in one language."""

    title: Name
    description: Note


class ItemDraft(Input, frozen=True, kw_only=True):
    """One choice under a notice, with everything it covers. No item is on by default."""

    item_id: UUID | None = None
    purpose: Annotated[Term, Meta(description="a DPV, DUO or v3-ActReason code")]
    categories: Annotated[list[Code], Meta(min_length=1, max_length=64)]
    sources: Codes = []
    recipients: Annotated[list[Name], Meta(max_length=64)] = []
    recipient_classes: list[RecipientClass] = []
    past: bool
    future: bool
    geography: Term = "SE"
    linkage: list[Literal["registers", "journal", "biobank"]] = []
    ai_training: bool = False
    commercial_use: bool = False
    recontact: bool = False
    return_of_results: bool = False
    ehds: bool = False
    duration_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    erase_by: date | None = None
    required: bool = False
    texts: dict[Language, ItemText]


class NoticeText(Input, frozen=True, kw_only=True):
    """A notice in one language. `body` is CommonMark."""

    title: Name
    body: Prose


class NoticeDraft(Input, frozen=True, kw_only=True):
    """A version to publish. `supersedes` is the version it replaces, 0 for the first."""

    supersedes: Annotated[int, Meta(ge=0, le=2**31 - 2)]
    change: Literal["editorial", "minor", "material"]
    texts: dict[Language, NoticeText]
    items: Annotated[list[ItemDraft], Meta(min_length=1, max_length=50)]


async def publish(
    conn: Connection, notice_id: UUID, study_id: UUID | None, draft: NoticeDraft
) -> int:
    """Publish a version; what is published is never changed. Returns its number.

    Raises:
        Invalid: a text of an item is missing in a language of the notice, or an item is shown twice.
        Busy: it supersedes another version than the current one.

    """
    _check(draft)
    version = draft.supersedes + 1
    sql = """
        WITH made AS (INSERT INTO notice (notice_id, study_id) VALUES ($1, $2) ON CONFLICT DO NOTHING)
        SELECT coalesce(max(version), 0) AS current FROM notice_version WHERE notice_id = $1
    """
    if await conn.fetchval(sql, notice_id, study_id) != draft.supersedes:
        raise Busy("Another version has been published. Read it first.")
    await _insert_version(conn, notice_id, version, draft)
    for position, item in enumerate(draft.items):
        await _insert_item(conn, notice_id, study_id, version, position, item)
    return version


def _check(draft: NoticeDraft) -> None:
    if not draft.texts or any(item.texts.keys() != draft.texts.keys() for item in draft.items):
        raise Invalid("Every item needs a text in every language of the notice, and in no other.")
    given = [item.item_id for item in draft.items if item.item_id is not None]
    if len(given) != len(set(given)):
        raise Invalid("An item stands there twice.")


async def _insert_version(
    conn: Connection, notice_id: UUID, version: int, draft: NoticeDraft
) -> None:
    sql = """
        WITH numbered AS (
            INSERT INTO notice_version (notice_id, version, change) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING RETURNING version),
        asked_again AS (
            INSERT INTO round (kind, notice_id, notice_version)
            SELECT 'reviews', $1, version FROM numbered WHERE $3 = 'material' AND version > 1)
        INSERT INTO notice_text (notice_id, version, language, title, body, sha256)
        SELECT $1, numbered.version, t.language, t.title, t.body, t.sha256
          FROM numbered, unnest($4::text[], $5::text[], $6::text[], $7::bytea[])
               AS t (language, title, body, sha256)
        RETURNING version
    """
    texts = [
        (language, text.title, text.body, hashlib.sha256(text.body.encode()).digest())
        for language, text in draft.texts.items()
    ]
    rows = await conn.fetch(sql, notice_id, version, draft.change, *zip(*texts, strict=True))
    if not rows:
        raise Busy("Another version has been published. Read it first.")


async def _insert_item(
    conn: Connection,
    notice_id: UUID,
    study_id: UUID | None,
    version: int,
    position: int,
    item: ItemDraft,
) -> None:
    sql = """
        INSERT INTO consent_item (
               item_id, version, notice_id, study_id, position, use, purpose, categories, sources,
               recipients, recipient_classes, past, future, geography, linkage, ai_training,
               commercial_use, recontact, return_of_results, ehds, duration_days, erase_by,
               required, texts)
        SELECT $1, $2, $3, $4, $5, 'study', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
               $16, $17, $18, $19, $20, $21, $22, $23
         WHERE NOT EXISTS (SELECT FROM consent_item WHERE item_id = $1 AND notice_id <> $3)
        RETURNING item_id
    """
    inserted = await conn.fetchval(
        sql, item.item_id or new_id(), version, notice_id, study_id, position, item.purpose,
        item.categories, item.sources, item.recipients, item.recipient_classes, item.past,
        item.future, item.geography, item.linkage, item.ai_training, item.commercial_use,
        item.recontact, item.return_of_results, item.ehds, item.duration_days, item.erase_by,
        item.required, item.texts,
    )  # fmt: skip
    if inserted is None:
        raise Invalid("An item of another notice cannot be shown here.")
