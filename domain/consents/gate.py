"""The gate: whether a use may have a category of a resident, for data of a time, now.

The only reader of grants. A use is always: `lock_many` (or `lock_own`) first, then a second
statement that reads permits and data, then the record of the use, then COMMIT, then bytes.
Those that `lock_many` does not return are being withdrawn from: leave them out, never wait.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.consents.model import Scope
from domain.consents.periods import from_ranges, milliseconds, union
from domain.db import Connection, fetch_all
from domain.errors import Unauthenticated

MOST_RESIDENTS = 500
"""The most residents that one transaction may lock."""

Milliseconds = list[tuple[int | None, int | None]]
"""Sorted, disjoint [from, to) in ms since 1970; None is without end."""


class Permit(Struct, frozen=True, kw_only=True):
    """One grant in force, with nothing against it at this moment."""

    resident_id: UUID
    item_id: UUID
    category: str
    event_seq: int
    periods: Milliseconds


class Collectable(Struct, frozen=True, kw_only=True):
    """What may be collected of one category. Not `live`: nothing measured from now on could be."""

    live: bool
    periods: Milliseconds


async def lock_many(conn: Connection, resident_ids: Sequence[UUID]) -> list[UUID]:
    """Hold off withdrawals of these residents until COMMIT; only the ids returned may be used."""
    # In the select list: in a WHERE the planner may lock rows that it then drops.
    sql = """
        SELECT resident_id,
               pg_try_advisory_xact_lock_shared(uuid_hash_extended(resident_id, 0)) AS locked
          FROM resident_lock
         WHERE resident_id = ANY($1)
    """
    if len(resident_ids) > MOST_RESIDENTS:
        raise ValueError(len(resident_ids))
    return [row["resident_id"] for row in await conn.fetch(sql, resident_ids) if row["locked"]]


async def lock_own(conn: Connection, resident_id: UUID) -> None:
    """Hold off withdrawals while a resident's own request collects. It may wait for one under way.

    Raises:
        Unauthenticated: the account has been erased meanwhile.

    """
    sql = """
        SELECT resident_id, pg_advisory_xact_lock_shared(uuid_hash_extended(resident_id, 0)) AS locked
          FROM resident_lock
         WHERE resident_id = $1
    """
    if await conn.fetchrow(sql, resident_id) is None:
        raise Unauthenticated


async def drain(conn: Connection, resident_id: UUID) -> bool:
    """Keep out every use until COMMIT, when those under way end within two seconds; else False.

    Raises:
        Unauthenticated: the account has been erased meanwhile.

    """
    sql = "SELECT resident_drain($1) AS drained"
    drained: bool | None = await conn.fetchval(sql, resident_id)
    if drained is None:
        raise Unauthenticated
    return drained


async def study_permits(
    conn: Connection, study_id: UUID, resident_ids: Sequence[UUID], categories: Sequence[str] | None
) -> list[Permit]:
    """What a study may use of these residents. Call it after `lock_many`, in a statement of its own."""
    sql = """
        SELECT resident_id, item_id, category, event_seq, data_period
          FROM permit
         WHERE study_id = $1 AND resident_id = ANY($2) AND use = 'study'
           AND ($3::text[] IS NULL OR category = ANY($3))
         ORDER BY resident_id, category, item_id
    """
    return [
        Permit(
            resident_id=row["resident_id"],
            item_id=row["item_id"],
            category=row["category"],
            event_seq=row["event_seq"],
            periods=milliseconds(from_ranges(row["data_period"])),
        )
        for row in await conn.fetch(sql, study_id, resident_ids, categories)
    ]


def opened(periods: Iterable[Iterable[Any]]) -> list[Milliseconds]:
    """When what a study's permits open was measured or written, of each of them.

    `periods` are those of `permit`, as `response_open` reads them behind the lock.
    """
    return [milliseconds(from_ranges(period)) for period in periods]


async def may(conn: Connection, resident_id: UUID, use: str, category: str) -> bool:
    """Whether the platform may use a category of a resident now (keep, find, contact, feedback, quote)."""
    sql = """
        SELECT EXISTS (SELECT FROM permit
                        WHERE resident_id = $1 AND use = $2 AND category = $3
                          AND data_period @> statement_timestamp()) AS may
    """
    allowed: bool = await conn.fetchval(sql, resident_id, use, category)
    return allowed


async def chosen(conn: Connection, resident_id: UUID, use: str, category: str) -> bool:
    """Whether a choice for a use by the platform stands, pauses and blocks apart."""
    sql = """
        SELECT EXISTS (SELECT FROM consent_grant
                        WHERE resident_id = $1 AND use = $2 AND category = $3
                          AND NOT isempty(data_period)
                          AND (valid_until IS NULL OR valid_until > statement_timestamp())) AS stands
    """
    stands: bool = await conn.fetchval(sql, resident_id, use, category)
    return stands


def collectable(rows: Iterable[tuple[str, Iterable[Any], bool]]) -> dict[str, Collectable]:
    """When a sample of each category must have been measured to be taken in. Absent: never.

    `rows` are category, period and whether it goes on, as `donation_open` reads them behind the lock.
    """
    by_category: dict[str, list[tuple[Iterable[Any], bool]]] = {}
    for category, period, live in rows:
        by_category.setdefault(category, []).append((period, live))
    return {
        category: Collectable(
            live=any(live for _, live in grants),
            periods=milliseconds(union(*(from_ranges(period) for period, _ in grants))),
        )
        for category, grants in by_category.items()
    }


async def collecting(conn: Connection, resident_id: UUID) -> dict[str, bool]:
    """The categories with a consent to collect them: whether one does now, or all of them pause."""
    sql = """
        SELECT category, bool_or(data_period @> statement_timestamp()) AS now
          FROM collectable
         WHERE resident_id = $1 AND live
         GROUP BY category
    """
    return {row["category"]: row["now"] for row in await conn.fetch(sql, resident_id)}


async def collected(conn: Connection, resident_id: UUID, category: str) -> Milliseconds:
    """When a sample of a category must have been measured to be taken in, as it stands now."""
    sql = """
        SELECT category, data_period, live
          FROM collectable
         WHERE resident_id = $1 AND category = $2
    """
    rows = await conn.fetch(sql, resident_id, category)
    found = collectable((row["category"], row["data_period"], row["live"]) for row in rows)
    return found[category].periods if category in found else []


async def live_categories(conn: Connection, resident_id: UUID) -> set[str]:
    """The categories whose donations some grant still has a use for, pauses and blocks apart."""
    sql = """
        SELECT DISTINCT category
          FROM consent_grant
         WHERE resident_id = $1 AND use IN ('study', 'keep') AND NOT isempty(data_period)
           AND (valid_until IS NULL OR valid_until > statement_timestamp())
    """
    return {row["category"] for row in await conn.fetch(sql, resident_id)}


class Covered(Struct, frozen=True, kw_only=True):
    """One open use that a scope covers."""

    item_id: UUID
    study_id: UUID | None
    category: str
    use: str


async def covered(conn: Connection, resident_id: UUID, scope: Scope) -> list[Covered]:
    """What a withdrawal of this scope would close."""
    sql = """
        SELECT item_id, study_id, category, use
          FROM consent_grant
         WHERE resident_id = $1 AND NOT isempty(data_period)
           AND CASE $2 WHEN 'item' THEN item_id = $3 WHEN 'study' THEN study_id = $4
                       WHEN 'category' THEN category = $5 ELSE true END
         ORDER BY item_id, category
    """
    return await fetch_all(
        conn, Covered, sql, resident_id, scope.scope, scope.item_id, scope.study_id, scope.category
    )


async def uncovered(conn: Connection, resident_id: UUID, scope: Scope) -> list[str]:
    """The categories that no grant outside an item or study has a use for: erasing it destroys them."""
    sql = """
        SELECT DISTINCT g.category
          FROM consent_grant g
         WHERE g.resident_id = $1
           AND CASE $2 WHEN 'item' THEN g.item_id = $3 ELSE g.study_id = $4 END
           AND NOT EXISTS (
               SELECT FROM consent_grant o
                WHERE o.resident_id = $1 AND o.category = g.category
                  AND o.use IN ('study', 'keep') AND NOT isempty(o.data_period)
                  AND (o.valid_until IS NULL OR o.valid_until > statement_timestamp())
                  AND NOT coalesce(CASE $2 WHEN 'item' THEN o.item_id = $3 ELSE o.study_id = $4 END, false))
         ORDER BY g.category
    """
    rows = await conn.fetch(sql, resident_id, scope.scope, scope.item_id, scope.study_id)
    return [row["category"] for row in rows]


class Ending(Struct, frozen=True, kw_only=True):
    """A choice whose time runs out, or has run out."""

    resident_id: UUID
    item_id: UUID
    study_id: UUID | None
    valid_until: datetime


async def ending(conn: Connection, after: datetime, until: datetime, limit: int) -> list[Ending]:
    """The choices that run out in (after, until], soonest first."""
    sql = """
        SELECT resident_id, item_id, study_id, max(valid_until) AS valid_until
          FROM consent_grant
         WHERE valid_until > $1 AND valid_until <= $2 AND NOT isempty(data_period)
         GROUP BY resident_id, item_id, study_id
         ORDER BY valid_until, resident_id, item_id
         LIMIT $3
    """
    return await fetch_all(conn, Ending, sql, after, until, limit)


async def contactable(
    conn: Connection, pairs: Sequence[tuple[UUID, UUID | None]]
) -> set[tuple[UUID, UUID | None]]:
    """Of residents and studies those where the study may speak to the resident now.

    Without a study it is the platform that speaks. Call it after `lock_many`, in a statement of its own.
    """
    sql = """
        SELECT t.resident_id, t.study_id
          FROM unnest($1::uuid[], $2::uuid[]) AS t (resident_id, study_id)
         WHERE NOT EXISTS (
               SELECT FROM block b
                WHERE b.resident_id = t.resident_id AND b.lifted_at IS NULL
                  AND (b.scope = 'everything'
                       OR b.scope = 'contact' AND (b.study_id IS NULL OR b.study_id = t.study_id)))
           AND (t.study_id IS NULL OR EXISTS (
               SELECT FROM permit p WHERE p.resident_id = t.resident_id AND p.study_id = t.study_id))
    """
    residents, studies = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    rows = await conn.fetch(sql, residents, studies)
    return {(row["resident_id"], row["study_id"]) for row in rows}
