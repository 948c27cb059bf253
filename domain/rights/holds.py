"""Restriction instead of erasure (GDPR art. 18): while a hold stands, nothing is destroyed."""

from uuid import UUID

from domain.db import Connection


async def held(conn: Connection, resident_id: UUID) -> bool:
    """Whether a hold stands for this resident."""
    sql = """
        SELECT EXISTS (SELECT FROM block
                        WHERE resident_id = $1 AND kind = 'hold' AND lifted_at IS NULL) AS held
    """
    found: bool = await conn.fetchval(sql, resident_id)
    return found
