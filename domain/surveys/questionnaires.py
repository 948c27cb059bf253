"""Questionnaires as rows: drafted by a study, published once nothing is wrong, retired, never changed."""

import asyncio
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, Struct, to_builtins
from msgspec.structs import asdict

from domain.db import Connection, fetch_all, find_one
from domain.errors import NotFound
from domain.surveys import resources
from domain.surveys.compiled import Compiled, compiled
from domain.surveys.faults import Fault
from domain.surveys.model import (
    Declarations,
    Faulty,
    QuestionnaireDraft,
    QuestionnaireEntry,
    QuestionnaireInUse,
    QuestionnaireRetired,
    QuestionnaireThere,
    QuestionnaireWhole,
    Status,
)
from domain.surveys.publication import check
from domain.trips import Asking

MOST_READY = 200
"""Questionnaires that a process keeps compiled."""


class Ready(Struct, frozen=True, kw_only=True):
    """A published questionnaire, ready to judge responses."""

    questionnaire_id: UUID
    category: str
    compiled: Compiled
    declarations: Declarations
    declared: frozenset[str]
    """The items that its declarations are about."""


_READY: dict[UUID, Ready] = {}
"""A published questionnaire is never changed."""


async def draft(
    conn: Connection, study_id: UUID | None, given: QuestionnaireDraft, drafted_by: UUID
) -> QuestionnaireEntry:
    """Keep a questionnaire of a study, or of the region, that is not asked yet.

    Raises:
        Faulty: with all of its problems at once.
        QuestionnaireThere: another has its url and version.

    """
    sql = """
        INSERT INTO questionnaire_version (study_id, url, version, category, title, resource,
                                           declarations, warnings, drafted_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT DO NOTHING
        RETURNING questionnaire_id, study_id, url, version, status, category, title, warnings,
                  drafted_at, published_at, retired_at
    """
    checked = await asyncio.to_thread(check, given)  # of ten thousand items it takes seconds
    titled = checked.questionnaire.title
    made = await find_one(
        conn, QuestionnaireEntry, sql, study_id, checked.questionnaire.url, checked.questionnaire.version,
        given.category, None if titled is UNSET else titled, given.questionnaire,
        to_builtins(checked.declarations), checked.warnings, drafted_by,
    )  # fmt: skip
    if made is None:
        raise QuestionnaireThere("Give it another version.")
    return made


async def same_of_region(conn: Connection, given: QuestionnaireDraft) -> QuestionnaireEntry | None:
    """The region's questionnaire that is this one to the letter, with all that is declared with it."""
    sql = """
        SELECT questionnaire_id, study_id, url, version, status, category, title, warnings,
               drafted_at, published_at, retired_at
          FROM questionnaire_version
         WHERE study_id IS NULL AND url = $1 AND version = $2 AND category = $3
           AND resource = $4 AND declarations = $5
    """
    checked = check(given)
    return await find_one(
        conn, QuestionnaireEntry, sql, checked.questionnaire.url, checked.questionnaire.version,
        given.category, given.questionnaire, to_builtins(checked.declarations),
    )  # fmt: skip


async def id_of_region(conn: Connection, url: str, version: str) -> UUID:
    """Of the region's questionnaire. Raises NotFound."""
    sql = """
        SELECT questionnaire_id FROM questionnaire_version
         WHERE study_id IS NULL AND url = $1 AND version = $2
    """
    found: UUID | None = await conn.fetchval(sql, url, version)
    if found is None:
        raise NotFound
    return found


async def publish(
    conn: Connection, study_id: UUID | None, questionnaire_id: UUID
) -> QuestionnaireEntry:
    """Let a questionnaire be asked. Once more changes nothing.

    Raises:
        NotFound: the study has none with this id.
        QuestionnaireRetired: its time has passed.
        Faulty: something in it that decides which answers are right is not kept to here.

    """
    one = await _locked(conn, study_id, questionnaire_id)
    if one.status == "retired":
        raise QuestionnaireRetired
    decisive = [warned for warned in one.warnings if warned.decisive]
    if decisive:
        raise Faulty(Fault(warned.path, "unsupported", warned.text) for warned in decisive)
    sql = """
        UPDATE questionnaire_version
           SET status = 'active', published_at = coalesce(published_at, clock_timestamp())
         WHERE questionnaire_id = $1
    """
    await conn.execute(sql, questionnaire_id)
    return await _locked(conn, study_id, questionnaire_id)


async def retire(
    conn: Connection, study_id: UUID | None, questionnaire_id: UUID
) -> QuestionnaireEntry:
    """Ask it no more. What was asked may still be answered. Once more changes nothing.

    Raises:
        NotFound: the study has none with this id.
        QuestionnaireInUse: a schedule asks it still.

    """
    sql = """
        SELECT EXISTS (SELECT FROM schedule
                        WHERE questionnaire = $1 AND ended_at IS NULL) AS asked
    """
    one = await _locked(conn, study_id, questionnaire_id)
    if await conn.fetchval(sql, f"{one.url}|{one.version}"):
        raise QuestionnaireInUse("End its schedules before.")
    sql = """
        UPDATE questionnaire_version
           SET status = 'retired', retired_at = coalesce(retired_at, clock_timestamp())
         WHERE questionnaire_id = $1
    """
    await conn.execute(sql, questionnaire_id)
    return await _locked(conn, study_id, questionnaire_id)


async def _locked(
    conn: Connection, study_id: UUID | None, questionnaire_id: UUID
) -> QuestionnaireEntry:
    """One of a study's own, or of the region's, kept as it is until COMMIT."""
    sql = """
        SELECT questionnaire_id, study_id, url, version, status, category, title, warnings,
               drafted_at, published_at, retired_at
          FROM questionnaire_version
         WHERE study_id IS NOT DISTINCT FROM $1 AND questionnaire_id = $2
           FOR UPDATE
    """
    found = await find_one(conn, QuestionnaireEntry, sql, study_id, questionnaire_id)
    if found is None:
        raise NotFound
    return found


async def of_study(
    conn: Connection, study_id: UUID, before: UUID | None, limit: int
) -> list[QuestionnaireEntry]:
    """What a study may ask: its own and the region's, newest first."""
    sql = """
        SELECT questionnaire_id, study_id, url, version, status, category, title, warnings,
               drafted_at, published_at, retired_at
          FROM questionnaire_version
         WHERE (study_id = $1 OR study_id IS NULL AND status <> 'draft')
           AND ($2::uuid IS NULL OR questionnaire_id < $2)
         ORDER BY questionnaire_id DESC
         LIMIT $3
    """
    return await fetch_all(conn, QuestionnaireEntry, sql, study_id, before, limit)


async def questionnaire(
    conn: Connection, study_id: UUID, questionnaire_id: UUID
) -> QuestionnaireWhole:
    """One that a study may ask, whole.

    Raises:
        NotFound: there is none of it with this id.

    """
    sql = """
        SELECT questionnaire_id, study_id, url, version, status, category, title, warnings,
               drafted_at, published_at, retired_at, resource::text AS resource, declarations
          FROM questionnaire_version
         WHERE questionnaire_id = $2
           AND (study_id = $1 OR study_id IS NULL AND status <> 'draft')
    """
    row = await conn.fetchrow(sql, study_id, questionnaire_id)
    if row is None:
        raise NotFound
    fields = dict(row)
    resource = Raw(fields.pop("resource").encode())
    said = msgspec.convert(fields.pop("declarations"), Declarations)
    listed = msgspec.convert(fields, QuestionnaireEntry)
    return QuestionnaireWhole(**asdict(listed), questionnaire=resource, **asdict(said))


async def published(conn: Connection, name: UUID | str) -> tuple[UUID, Status, bytes]:
    """A resource that was published, as it was given, by its id or its `url|version`; its status now.

    Raises:
        NotFound: there is none of this name.

    """
    sql = """
        SELECT questionnaire_id, status, resource::text AS resource
          FROM questionnaire_version
         WHERE (questionnaire_id = $1 OR url = $2 AND version = $3) AND published_at IS NOT NULL
    """
    if isinstance(name, UUID):
        row = await conn.fetchrow(sql, name, None, None)
    else:
        url, _, version = name.partition("|")
        row = await conn.fetchrow(sql, None, url, version)
    if row is None:
        raise NotFound
    return row["questionnaire_id"], row["status"], row["resource"].encode()


async def ready(ask: Asking, questionnaire_id: UUID) -> Ready:
    """A published questionnaire, ready to judge responses."""
    return _READY.get(questionnaire_id) or await _ready(ask, questionnaire_id)


async def _ready(ask: Asking, questionnaire_id: UUID) -> Ready:
    sql = """
        SELECT a.n, q.category, q.resource::text AS resource, q.declarations
          FROM jsonb_to_recordset($1) AS a (n integer, questionnaire_id uuid)
          JOIN questionnaire_version q USING (questionnaire_id)
    """
    rows = await ask(sql, questionnaire_id=questionnaire_id)
    if not rows:
        raise NotFound
    (row,) = rows
    declarations = msgspec.convert(row["declarations"], Declarations)
    made = Ready(
        questionnaire_id=questionnaire_id,
        category=row["category"],
        compiled=compiled(resources.questionnaire(row["resource"].encode())),
        declarations=declarations,
        declared=declarations.link_ids(),
    )
    if len(_READY) >= MOST_READY:
        _READY.clear()
    _READY[questionnaire_id] = made
    return made
