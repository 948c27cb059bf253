"""Person numbers as they are stored: found by the key that sealed them, and sealed anew."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from domain.db import Connection, fetch_all


class Sealed(Struct, frozen=True):
    """A resident's text at rest: of numbers see `person_number.seal`."""

    resident_id: UUID
    sealed: bytes


async def sealed_by_others(conn: Connection, kek_id: str, after: UUID, limit: int) -> list[Sealed]:
    """Numbers that another key than this one sealed, in the order of their residents."""
    sql = """
        SELECT resident_id, person_number_sealed AS sealed
          FROM resident
         WHERE resident_id > $2 AND person_number_sealed IS NOT NULL
           AND sealed_by(person_number_sealed) IS DISTINCT FROM $1
         ORDER BY resident_id
         LIMIT $3
    """
    return await fetch_all(conn, Sealed, sql, kek_id, after, limit)


async def replace(conn: Connection, before: Sequence[Sealed], after: Sequence[bytes]) -> int:
    """Store numbers sealed anew, but for those that changed or went meanwhile. How many."""
    sql = """
        WITH changed AS (
            UPDATE resident r
               SET person_number_sealed = n.after
              FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (resident_id, before, after)
             WHERE r.resident_id = n.resident_id AND r.person_number_sealed = n.before
            RETURNING 1)
        SELECT count(*) AS changed FROM changed
    """
    ids = [one.resident_id for one in before]
    sealed = [one.sealed for one in before]
    changed: int = await conn.fetchval(sql, ids, sealed, after)
    return changed


async def counted(conn: Connection) -> dict[str, int]:
    """How many numbers each key has sealed."""
    sql = """
        SELECT coalesce(sealed_by(person_number_sealed), '') AS kek, count(*) AS numbers
          FROM resident
         WHERE person_number_sealed IS NOT NULL
         GROUP BY 1
    """
    return {row["kek"]: row["numbers"] for row in await conn.fetch(sql)}
