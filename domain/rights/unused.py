"""Donations without a use: the resident is asked, and after 90 days they are erased."""

from uuid import UUID

from domain.consents import gate
from domain.db import Connection
from domain.residents import store as residents
from domain.residents.model import UNUSED_DAYS
from domain.rights import given
from domain.rights.holds import held
from notifications import outbox
from notifications.kinds import Kind


async def mark(conn: Connection, resident_id: UUID) -> None:
    """Start the 90 days when no use is left for what was donated, and ask; end them when one is."""
    if await residents.set_unused(conn, resident_id, unused=await _unused(conn, resident_id)):
        await outbox.promise(conn, resident_id, Kind.DONATIONS_UNUSED)


async def _unused(conn: Connection, resident_id: UUID) -> bool:
    donated = await given.categories(conn, resident_id)
    live = await gate.live_categories(conn, resident_id)
    return bool(donated) and live.isdisjoint(donated)


async def overdue(conn: Connection, after: UUID, limit: int) -> list[UUID]:
    """Residents whose 90 days are over, in the order of their ids."""
    sql = """
        SELECT resident_id
          FROM resident
         WHERE unused_since < now() - make_interval(days => $3)
           AND resident_id > $1
         ORDER BY resident_id
         LIMIT $2
    """
    return [row["resident_id"] for row in await conn.fetch(sql, after, limit, UNUSED_DAYS)]


async def erase(conn: Connection, resident_id: UUID) -> bool:
    """Erase what has had no use for 90 days. False where a use is under way or a hold stands.

    Looks again behind the lock: a use that was given meanwhile ends the 90 days instead.
    """
    if not await gate.drain(conn, resident_id) or await held(conn, resident_id):
        return False
    if await _unused(conn, resident_id):
        categories = await given.categories(conn, resident_id)
        await given.erase(conn, resident_id, categories)
        await outbox.promise(conn, resident_id, Kind.DONATIONS_ERASED)
    await residents.set_unused(conn, resident_id, unused=False)
    return True
