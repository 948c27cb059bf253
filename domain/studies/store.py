"""Studies as rows. A study's revision counts every change to it and to its approvals."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from msgspec import Struct, to_builtins

from domain.db import Connection, fetch_all, find_one
from domain.errors import NotFound, PreconditionFailed
from domain.languages import lookup
from domain.studies.approvals import Kind
from domain.studies.model import (
    Controller,
    LegalBasis,
    Standing,
    Study,
    StudyDraft,
    StudyEntry,
    WithdrawalEffect,
)


async def create(conn: Connection, draft: StudyDraft, created_by: UUID) -> Study:
    """A study in review."""
    sql = """
        INSERT INTO study (kind, title, summary, controller, legal_basis, withdrawal_effects,
                           retention_until, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        RETURNING study_id
    """
    study_id = await conn.fetchval(
        sql, draft.kind, draft.title, draft.summary, to_builtins(draft.controller),
        draft.legal_basis, draft.withdrawal_effects, draft.retention_until, created_by,
    )  # fmt: skip
    return await study(conn, study_id)


async def study(conn: Connection, study_id: UUID) -> Study:
    """A study in whatever status, for those who work on it.

    Raises:
        NotFound: no such study.

    """
    found = await registered(conn, None, 1, study_id=study_id)
    if not found:
        raise NotFound
    return found[0]


async def locked(conn: Connection, study_id: UUID, revision: int | None) -> Study:
    """The study, kept as it is until COMMIT. `revision`: what the caller has read, if they must say.

    Raises:
        NotFound: no such study.
        PreconditionFailed: it has changed since.

    """
    sql = "SELECT revision FROM study WHERE study_id = $1 FOR UPDATE"
    current: int | None = await conn.fetchval(sql, study_id)
    if current is None:
        raise NotFound
    if revision is not None and revision != current:
        raise PreconditionFailed
    return await study(conn, study_id)


async def registered(
    conn: Connection,
    before: UUID | None,
    limit: int,
    status: str | None = None,
    study_id: UUID | None = None,
) -> list[Study]:
    """Studies in whatever status, newest first."""
    sql = """
        SELECT s.study_id, s.kind, s.status, s.suspended_at, s.title, s.summary, s.controller,
               s.legal_basis, s.withdrawal_effects, s.retention_until, s.created_by, s.created_at,
               s.revision,
               coalesce((SELECT jsonb_agg(jsonb_build_object(
                                    'reference', a.reference, 'authority', a.authority,
                                    'valid_from', a.valid_from, 'valid_until', a.valid_until,
                                    'state', a.state) ORDER BY a.valid_from, a.reference)
                           FROM approval a WHERE a.study_id = s.study_id), '[]') AS approvals
          FROM study s
         WHERE ($1::uuid IS NULL OR s.study_id < $1) AND ($3::text IS NULL OR s.status = $3)
           AND ($4::uuid IS NULL OR s.study_id = $4)
         ORDER BY s.study_id DESC
         LIMIT $2
    """
    return await fetch_all(conn, Study, sql, before, limit, status, study_id)


async def revise(conn: Connection, study_id: UUID, draft: StudyDraft) -> Study:
    """Change what is declared. The caller holds the study."""
    sql = """
        UPDATE study
           SET kind = $2, title = $3, summary = $4, controller = $5, legal_basis = $6,
               withdrawal_effects = $7, retention_until = $8, revision = revision + 1
         WHERE study_id = $1
    """
    await conn.execute(
        sql, study_id, draft.kind, draft.title, draft.summary, to_builtins(draft.controller),
        draft.legal_basis, draft.withdrawal_effects, draft.retention_until,
    )  # fmt: skip
    return await study(conn, study_id)


async def stand(conn: Connection, study_id: UUID, standing: Standing) -> Study:
    """Take a step in the study's life, suspend it, or lift that. The gate goes by it from COMMIT on."""
    sql = """
        UPDATE study
           SET status = $2, revision = revision + 1,
               suspended_at = CASE WHEN $3 THEN coalesce(suspended_at, clock_timestamp()) END
         WHERE study_id = $1
    """
    await conn.execute(sql, study_id, standing.status, standing.suspended)
    return await study(conn, study_id)


async def touch(conn: Connection, study_id: UUID) -> Study:
    """Count a change to what belongs to the study."""
    sql = "UPDATE study SET revision = revision + 1 WHERE study_id = $1"
    await conn.execute(sql, study_id)
    return await study(conn, study_id)


class _Listed(Struct, frozen=True, kw_only=True):
    study_id: UUID
    kind: Kind
    title: dict[str, str]
    summary: dict[str, str]
    controller: Controller
    legal_basis: LegalBasis
    withdrawal_effects: list[WithdrawalEffect]
    retention_until: date

    def worded(self, languages: Sequence[str]) -> StudyEntry:
        language = lookup(self.title, languages)
        return StudyEntry(
            study_id=self.study_id,
            kind=self.kind,
            language=language,
            title=self.title[language],
            summary=self.summary.get(language) or self.summary[lookup(self.summary, languages)],
            controller=self.controller,
            legal_basis=self.legal_basis,
            withdrawal_effects=self.withdrawal_effects,
            retention_until=self.retention_until,
        )


async def catalogue(
    conn: Connection, after: UUID | None, limit: int, languages: Sequence[str]
) -> list[StudyEntry]:
    """Studies that can be joined now, newest first."""
    sql = """
        SELECT s.study_id, s.kind, s.title, s.summary, s.controller, s.legal_basis,
               s.withdrawal_effects, s.retention_until
          FROM study s
         WHERE EXISTS (SELECT FROM study_in_force f
                        WHERE f.study_id = s.study_id AND f.status = 'active')
           AND ($1::uuid IS NULL OR s.study_id < $1)
         ORDER BY s.study_id DESC
         LIMIT $2
    """
    found = await fetch_all(conn, _Listed, sql, after, limit)
    return [one.worded(languages) for one in found]


async def entry(conn: Connection, study_id: UUID, languages: Sequence[str]) -> StudyEntry:
    """One study that can be joined now, or could be before.

    Raises:
        NotFound: no such study, or it was never open.

    """
    sql = """
        SELECT study_id, kind, title, summary, controller, legal_basis, withdrawal_effects,
               retention_until
          FROM study
         WHERE study_id = $1 AND status IN ('active', 'temporarily-closed-to-accrual',
                                            'closed-to-accrual', 'completed')
    """
    found = await find_one(conn, _Listed, sql, study_id)
    if found is None:
        raise NotFound
    return found.worded(languages)
