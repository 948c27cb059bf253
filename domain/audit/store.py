"""The access log as rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.audit.model import Access, Use
from domain.db import Connection
from domain.languages import lookup


async def record(conn: Connection, uses: Sequence[Use]) -> None:
    """Write uses down, in the transaction that makes them."""
    sql = """
        INSERT INTO access (resident_id, study_id, member_id, purpose, categories, data_from,
                            data_until, samples, grant_seqs)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """
    if uses:  # or it asks PostgreSQL for nothing, while a withdrawal waits
        await conn.executemany(sql, uses)


async def access_log(
    conn: Connection,
    resident_id: UUID,
    before: UUID | None,
    limit: int,
    languages: Sequence[str],
) -> list[Access]:
    """Who used my data, newest first, leaving out what the law delays."""
    sql = """
        SELECT a.access_id, a.used_at, a.study_id, s.title AS study_title,
               s.controller ->> 'name' AS controller, a.purpose, a.categories, a.data_from,
               a.data_until, a.samples, a.grant_seqs
          FROM access a
          LEFT JOIN study s ON s.study_id = a.study_id
         WHERE a.resident_id = $1 AND ($2::uuid IS NULL OR a.access_id < $2)
           AND a.visible_from <= statement_timestamp()
         ORDER BY a.access_id DESC
         LIMIT $3
    """
    rows = await conn.fetch(sql, resident_id, before, limit)
    return [_access(dict(row), languages) for row in rows]


def _access(row: dict[str, Any], languages: Sequence[str]) -> Access:
    titles: dict[str, str] | None = row.pop("study_title")
    title = titles[lookup(titles, languages)] if titles else None
    return Access(study_title=title, **row)
