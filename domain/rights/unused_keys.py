"""Data keys that seal nothing any more, since the last stream or response of their category was deleted."""

from uuid import UUID

from domain.consents import gate
from domain.consents.categories import CATEGORIES, TOPICS
from domain.db import Connection
from domain.errors import Unauthenticated
from domain.rights import given
from domain.rights.holds import held


async def destroy(conn: Connection, resident_id: UUID) -> bool:
    """Destroy them and journal it, when no upload can be sealing with them. False: not yet.

    A resident who deletes all of a category has erased it: so it also stays deleted after a restore.
    """
    sql = """
        SELECT DISTINCT scope
          FROM data_key k
         WHERE resident_id = $1 AND scope = ANY($2)
           AND NOT EXISTS (SELECT FROM stream s WHERE s.resident_id = $1 AND s.category = k.scope)
           AND NOT EXISTS (SELECT FROM response r WHERE r.resident_id = $1 AND r.category = k.scope)
         ORDER BY scope
    """
    try:
        if not await gate.drain(conn, resident_id) or await held(conn, resident_id):
            return False
    except Unauthenticated:
        return True  # the whole account is erased
    categories = sorted({*CATEGORIES, *TOPICS})
    scopes = [row["scope"] for row in await conn.fetch(sql, resident_id, categories)]
    if scopes:
        await given.erase(conn, resident_id, scopes)
    return True
