"""What a resident has of their own responses: to read, to take along, to delete."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from domain.db import Connection, fetch_all
from domain.donations.data_keys import Ring, opened
from domain.donations.keys import KeyProvider
from domain.errors import NotFound
from domain.jobs import store as jobs
from domain.surveys.model import ResponseEntry, ResponseWhole
from domain.surveys.sealed import Place, unseal

PAGE = 50
"""Responses that are opened at once."""


async def of_resident(
    conn: Connection, resident_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[ResponseEntry]:
    """The newest revision of each response, the last received first."""
    sql = """
        SELECT response_id, revision, state, study_id, assignment_id, questionnaire, category,
               authored_at, received_at
          FROM response r
         WHERE resident_id = $1
           AND ($2::timestamptz IS NULL OR (received_at, response_id) < ($2, $3::uuid))
           AND NOT EXISTS (SELECT FROM response later
                            WHERE later.resident_id = $1 AND later.response_id = r.response_id
                              AND later.revision > r.revision)
         ORDER BY received_at DESC, response_id DESC
         LIMIT $4
    """
    return await fetch_all(conn, ResponseEntry, sql, resident_id, *(before or (None, None)), limit)


async def there(conn: Connection, resident_id: UUID, response_id: UUID) -> bool:
    """Whether the resident has a response with this id."""
    sql = """
        SELECT EXISTS (SELECT FROM response
                        WHERE resident_id = $1 AND response_id = $2) AS there
    """
    found: bool = await conn.fetchval(sql, resident_id, response_id)
    return found


async def response(
    conn: Connection,
    keys: KeyProvider,
    resident_id: UUID,
    response_id: UUID,
    revision: int | None = None,
) -> ResponseWhole:
    """A response with what it says: its newest revision, or that one.

    Raises:
        NotFound: the resident has no such response, or revision of it.

    """
    sql = """
        SELECT response_id, revision, state, study_id, assignment_id, questionnaire, category,
               authored_at, received_at, key_version, body
          FROM response
         WHERE resident_id = $1 AND response_id = $2 AND ($3::int IS NULL OR revision = $3)
         ORDER BY revision DESC
         LIMIT 1
    """
    row = await conn.fetchrow(sql, resident_id, response_id, revision)
    if row is None:
        raise NotFound
    return (await _read(conn, keys, resident_id, [row]))[0]


async def everything(
    conn: Connection, keys: KeyProvider, resident_id: UUID, after: ResponseWhole | None
) -> list[ResponseWhole]:
    """Every revision of every response, by their ids, for the export of what is theirs."""
    sql = """
        SELECT response_id, revision, state, study_id, assignment_id, questionnaire, category,
               authored_at, received_at, key_version, body
          FROM response
         WHERE resident_id = $1
           AND ($2::uuid IS NULL OR (response_id, revision) > ($2, $3::int))
         ORDER BY response_id, revision
         LIMIT $4
    """
    mark = (after.response_id, after.revision) if after else (None, None)
    rows = await conn.fetch(sql, resident_id, *mark, PAGE)
    return await _read(conn, keys, resident_id, rows)


async def _read(
    conn: Connection, keys: KeyProvider, resident_id: UUID, rows: Sequence[Record]
) -> list[ResponseWhole]:
    ring = await opened(conn, keys, resident_id, sorted({row["category"] for row in rows}))
    return [_open(ring, resident_id, dict(row)) for row in rows]


def _open(ring: Ring, resident_id: UUID, row: dict[str, Any]) -> ResponseWhole:
    version, body = row.pop("key_version"), row.pop("body")
    place = Place(resident_id, row["response_id"], row["revision"], version)
    contents = unseal(ring.keys[row["category"], version], place, body)
    listed = msgspec.structs.asdict(msgspec.convert(row, ResponseEntry))
    return ResponseWhole(**listed, response=contents.response, scores=contents.scores)


async def delete(conn: Connection, resident_id: UUID, response_id: UUID) -> None:
    """Delete a response in all its revisions, with the facts and concerns of it. With a category's last the worker destroys its key.

    Raises:
        NotFound: the resident has no such response.

    """
    sql = """
        WITH facts AS (DELETE FROM fact WHERE resident_id = $1 AND response_id = $2),
             concerns AS (DELETE FROM concern WHERE resident_id = $1 AND response_id = $2)
        DELETE FROM response WHERE resident_id = $1 AND response_id = $2
        RETURNING category
    """
    gone = await conn.fetch(sql, resident_id, response_id)
    if not gone:
        raise NotFound
    sql = """
        INSERT INTO erasure (resident_id, scope)
        SELECT $1, 'response/' || $2::uuid
        RETURNING EXISTS (SELECT FROM response WHERE resident_id = $1 AND category = $3) AS others
    """
    if not await conn.fetchval(sql, resident_id, response_id, gone[0]["category"]):
        await jobs.put(conn, "destroy-keys", resident_id)


async def categories(conn: Connection, resident_id: UUID) -> list[str]:
    """The topics that a resident has answered about."""
    sql = "SELECT DISTINCT category FROM response WHERE resident_id = $1 ORDER BY category"
    return [row["category"] for row in await conn.fetch(sql, resident_id)]


async def erase(conn: Connection, resident_id: UUID, categories: Sequence[str]) -> None:
    """Delete the responses of these categories. Their keys go with the donations' (`rights/given.py`)."""
    sql = """
        WITH gone AS (
            DELETE FROM response
             WHERE resident_id = $1 AND category = ANY($2)
            RETURNING response_id),
        facts AS (
            DELETE FROM fact
             WHERE resident_id = $1 AND response_id IN (SELECT response_id FROM gone))
        DELETE FROM concern WHERE resident_id = $1 AND category = ANY($2)
    """
    await conn.execute(sql, resident_id, categories)
