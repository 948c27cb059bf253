"""New versions of data keys, and what older versions sealed moved to them.

Three steps that are far apart in time. A new version is there for what is sealed from now on
(`renew`). When no transaction can be left that did not know of it, segments move to it (`reseal`),
and a version that no segment names goes (`forget`). Compaction moves segments too, on its way.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from msgspec import Struct

from domain.consents import gate
from domain.damage import Damaged
from domain.db import BEGINNING, Connection, Pool, begin, fetch_all
from domain.donations.data_keys import Ring, opened
from domain.donations.keys import KeyProvider, WrappedKey, context, new_key
from domain.donations.measures import MEASURES
from domain.donations.segments import Place, reseal
from domain.errors import Unauthenticated

BATCH = 200
"""Residents, and segments, of one transaction."""
SETTLED = timedelta(minutes=10)
"""Longer than any transaction, a merging of segments included: all who seal or read know a key so old."""

Tell = Callable[[int], None]


class Named(Struct, frozen=True):
    """A scope of a resident and the newest version of its key."""

    resident_id: UUID
    scope: str
    version: int


class Moved(NamedTuple):
    """What a walk came to. `left`: withdrawn from at that moment, or damaged; the next walk may do it."""

    segments: int = 0
    forgotten: int = 0
    left: int = 0


async def renew(pool: Pool, provider: KeyProvider, before: datetime, tell: Tell) -> int:
    """Make a new version of every data key whose newest is of before that time. How many."""
    made, at = 0, (BEGINNING, "")
    while True:
        async with pool.acquire() as conn, begin(conn, job="keys"):
            found = await _aged(conn, before, at)
        if not found:
            return made
        at = (found[-1].resident_id, found[-1].scope)
        wrapped = [
            await provider.wrap(new_key(), context(one.resident_id, one.scope, one.version + 1))
            for one in found
        ]
        async with pool.acquire() as conn, begin(conn, job="keys"):
            made += await _add(conn, found, wrapped)
        tell(made)


async def reseal_segments(pool: Pool, provider: KeyProvider, tell: Tell) -> Moved:
    """Move what older versions sealed to the newest, and forget versions that seal nothing any more."""
    total, at = Moved(), (BEGINNING, "")
    while True:
        async with pool.acquire() as conn:
            async with begin(conn, job="keys"):
                found = await _with_older(conn, at)
            for one in found:
                moved = await _one(conn, provider, one)
                total = Moved(*(a + b for a, b in zip(total, moved, strict=True)))
                tell(total.segments)
        if not found:
            return total
        at = (found[-1].resident_id, found[-1].scope)


async def waiting(conn: Connection) -> int:
    """How many versions of data keys are there beside a newer one."""
    sql = """
        SELECT coalesce(sum(versions - 1), 0)::bigint AS older
          FROM (SELECT count(*) AS versions FROM data_key GROUP BY resident_id, scope) k
    """
    older: int = await conn.fetchval(sql)
    return older


async def _aged(conn: Connection, before: datetime, after: tuple[UUID, str]) -> list[Named]:
    sql = """
        SELECT resident_id, scope, max(version) AS version
          FROM data_key
         WHERE (resident_id, scope) > ($2, $3)
         GROUP BY resident_id, scope
        HAVING max(created_at) < $1
         ORDER BY resident_id, scope
         LIMIT $4
    """
    return await fetch_all(conn, Named, sql, before, *after, BATCH)


async def _add(conn: Connection, found: Sequence[Named], wrapped: Sequence[WrappedKey]) -> int:
    """Behind the residents' locks: a key must not be made while theirs are destroyed."""
    sql = """
        INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
        SELECT k.resident_id, k.scope, k.version + 1, n.kek, n.wrapped
          FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::bytea[])
               AS n (resident_id, scope, version, kek, wrapped)
          JOIN data_key k USING (resident_id, scope, version)
            ON CONFLICT DO NOTHING
        RETURNING version
    """
    locked = set(await gate.lock_many(conn, sorted({one.resident_id for one in found})))
    rows = [
        (one.resident_id, one.scope, one.version, *key)
        for one, key in zip(found, wrapped, strict=True)
        if one.resident_id in locked
    ]
    return len(await conn.fetch(sql, *zip(*rows, strict=True))) if rows else 0


async def _with_older(conn: Connection, after: tuple[UUID, str]) -> list[Named]:
    """Scopes of several versions whose newest has settled. Only what is stored as segments."""
    sql = """
        SELECT resident_id, scope, max(version) AS version
          FROM data_key
         WHERE (resident_id, scope) > ($1, $2) AND scope = ANY($3)
         GROUP BY resident_id, scope
        HAVING count(*) > 1 AND max(created_at) < now() - $4::interval
         ORDER BY resident_id, scope
         LIMIT $5
    """
    scopes = sorted({measure.category for measure in MEASURES.values()})
    return await fetch_all(conn, Named, sql, *after, scopes, SETTLED, BATCH)


async def _one(conn: Connection, provider: KeyProvider, scope: Named) -> Moved:
    moved = 0
    while True:
        try:
            async with begin(conn, job="keys"):
                done = await _move(conn, provider, scope)
        except Damaged:
            done = None
        if done is None:
            return Moved(moved, 0, 1)
        if done == 0:
            break
        moved += done
    async with begin(conn, job="keys"):
        forgotten = await _forget(conn, scope)
    return Moved(moved, forgotten, 0)


async def _move(conn: Connection, provider: KeyProvider, scope: Named) -> int | None:
    """Move some segments; None where the resident is being withdrawn from."""
    sql = """
        SELECT stream_id, segment_id, first_ms, key_version, body
          FROM segment
         WHERE resident_id = $1 AND category = $2 AND key_version < $3
         ORDER BY stream_id, first_ms, segment_id
         LIMIT $4
           FOR UPDATE
    """
    if not await gate.lock_many(conn, [scope.resident_id]):
        return None
    ring = await opened(conn, provider, scope.resident_id, [scope.scope])
    rows = await conn.fetch(sql, scope.resident_id, scope.scope, scope.version, BATCH)
    if rows:
        await _store(conn, scope, rows, [_resealed(ring, scope, row) for row in rows])
    return len(rows)


def _resealed(ring: Ring, scope: Named, row: Record) -> bytes:
    version = row["key_version"]
    place = Place(scope.resident_id, row["stream_id"], row["segment_id"], version)
    newest = ring.keys[scope.scope, scope.version]
    return reseal(ring.keys[scope.scope, version], place, row["body"], newest, scope.version)


async def _store(
    conn: Connection, scope: Named, rows: Sequence[Record], bodies: Sequence[bytes]
) -> None:
    sql = """
        UPDATE segment s
           SET key_version = $2, body = n.body
          FROM unnest($3::uuid[], $4::bigint[], $5::uuid[], $6::bytea[])
               AS n (stream_id, first_ms, segment_id, body)
         WHERE s.resident_id = $1 AND s.stream_id = n.stream_id AND s.first_ms = n.first_ms
           AND s.segment_id = n.segment_id
    """
    streams, starts, ids = zip(
        *((row["stream_id"], row["first_ms"], row["segment_id"]) for row in rows), strict=True
    )
    await conn.execute(sql, scope.resident_id, scope.version, streams, starts, ids, bodies)


async def _forget(conn: Connection, scope: Named) -> int:
    """Destroy versions that seal nothing any more, when nobody can be sealing."""
    sql = """
        DELETE FROM data_key k
         WHERE k.resident_id = $1 AND k.scope = $2 AND k.version < $3
           AND NOT EXISTS (SELECT FROM segment s
                            WHERE s.resident_id = $1 AND s.category = $2 AND s.key_version = k.version)
        RETURNING version
    """
    try:
        if not await gate.drain(conn, scope.resident_id):
            return 0
    except Unauthenticated:
        return 0  # erased meanwhile, with all keys
    return len(await conn.fetch(sql, scope.resident_id, scope.scope, scope.version))
