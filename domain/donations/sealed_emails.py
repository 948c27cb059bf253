"""E-mail addresses as they are stored: sealed by the platform's key, and found by it to be sealed anew."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.db import Connection, fetch_all
from domain.donations.keys import KeyProvider, opened_text
from domain.residents.sealed_numbers import Sealed


def context(resident_id: UUID) -> bytes:
    """What a sealed address is bound to."""
    return b"medverka email\0" + resident_id.bytes


async def seal(keys: KeyProvider, resident_id: UUID, address: str) -> bytes:
    """The address as it is stored: a MessagePack pair of key id and sealed bytes."""
    return msgspec.msgpack.encode(await keys.wrap(address.encode(), context(resident_id)))


async def opened(keys: KeyProvider, resident_id: UUID, sealed: bytes) -> str:
    """An address in clear. Raises `KeyUnavailable`, `Damaged`."""
    return await opened_text(keys, sealed, context(resident_id))


async def sealed_by_others(conn: Connection, kek_id: str, after: UUID, limit: int) -> list[Sealed]:
    """Addresses that another key than this one sealed, in the order of their residents."""
    sql = """
        SELECT resident_id, sealed
          FROM email
         WHERE resident_id > $2 AND sealed IS NOT NULL AND sealed_by(sealed) IS DISTINCT FROM $1
         ORDER BY resident_id
         LIMIT $3
    """
    return await fetch_all(conn, Sealed, sql, kek_id, after, limit)


async def replace(conn: Connection, before: Sequence[Sealed], after: Sequence[bytes]) -> int:
    """Store addresses sealed anew, but for those that changed or went meanwhile. How many."""
    sql = """
        WITH changed AS (
            UPDATE email e
               SET sealed = n.after
              FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (resident_id, before, after)
             WHERE e.resident_id = n.resident_id AND e.sealed = n.before
            RETURNING 1)
        SELECT count(*) AS changed FROM changed
    """
    ids = [one.resident_id for one in before]
    sealed = [one.sealed for one in before]
    changed: int = await conn.fetchval(sql, ids, sealed, after)
    return changed


async def counted(conn: Connection) -> dict[str, int]:
    """How many addresses each key has sealed."""
    sql = """
        SELECT coalesce(sealed_by(sealed), '') AS kek, count(*) AS addresses
          FROM email
         WHERE sealed IS NOT NULL
         GROUP BY 1
    """
    return {row["kek"]: row["addresses"] for row in await conn.fetch(sql)}
