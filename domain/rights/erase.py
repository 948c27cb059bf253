"""Account erasure (GDPR art. 17): in one transaction, everything but what SECURITY.md says remains.

What remains is pseudonymous: the chain of consent events, its head, and the journal of erasures,
which is replayed after a restore. A later login starts a new resident.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.caller import Resident
from domain.consents import gate
from domain.consents import store as consents
from domain.consents.model import Scope
from domain.db import Connection, bucket_of
from domain.errors import Unauthenticated
from domain.jobs import store as jobs
from domain.residents import store as residents
from domain.rights import given, leaving
from domain.rights.holds import held
from notifications import outbox

REMAIN = ("consent_event", "consent_head", "erasure")
"""The tables that still hold rows of an erased resident."""

EVERYTHING = Scope(scope="everything")


class Erasure(Struct, frozen=True, kw_only=True):
    """An account that is closed. Where `destroyed` is false, its rows go once uses and holds have ended."""

    recorded_at: datetime
    destroyed: bool


async def erase(conn: Connection, resident: Resident) -> Erasure:
    """Close an account: every grant ends, every login is refused, and the rows are destroyed.

    Uses under way that do not end within two seconds, and holds, put off the destroying alone:
    the worker does it.

    Raises:
        Unauthenticated: the account has been closed meanwhile.

    """
    resident_id = resident.resident_id
    drained = await gate.drain(conn, resident_id)
    if not await residents.hold_on_to(conn, resident_id):
        raise Unauthenticated  # another request of theirs was first
    event = await consents.close(
        conn, resident_id, "withdraw", EVERYTHING, resident.actor_id, effect="erase"
    )
    await leaving.end(conn, resident_id, EVERYTHING)
    await outbox.cancel(conn, resident_id, None)
    await residents.close_account(conn, resident_id)
    now = drained and not await held(conn, resident_id)
    if now:
        await destroy(conn, resident_id)
    else:
        await jobs.put(conn, "erase-account", resident_id)
    return Erasure(recorded_at=event.recorded_at, destroyed=now)


async def finish(conn: Connection, resident_id: UUID) -> bool:
    """Destroy what a closed account has left. False while a use or a hold stands against it."""
    sql = "SELECT EXISTS (SELECT FROM resident_lock WHERE resident_id = $1) AS there"
    if not await conn.fetchval(sql, resident_id):
        return True
    if not await gate.drain(conn, resident_id) or await held(conn, resident_id):
        return False
    await destroy(conn, resident_id)
    return True


async def destroy(conn: Connection, resident_id: UUID) -> None:
    """Destroy the keys and rows of a resident, behind the exclusive lock. Doing it twice does no harm."""
    await given.erase(conn, resident_id, await given.categories(conn, resident_id))
    sql = """
        WITH keys AS (DELETE FROM data_key WHERE resident_id = $1),
             grants AS (DELETE FROM consent_grant WHERE resident_id = $1),
             blocks AS (DELETE FROM block WHERE resident_id = $1),
             withdrawals AS (DELETE FROM withdrawal WHERE resident_id = $1),
             codes AS (DELETE FROM participant_code WHERE resident_id = $1),
             facts AS (DELETE FROM fact WHERE resident_id = $1),
             concerns AS (DELETE FROM concern WHERE resident_id = $1),
             assignments AS (DELETE FROM assignment WHERE resident_id = $1),
             events AS (DELETE FROM study_event WHERE resident_id = $1),
             enrolments AS (DELETE FROM enrolment WHERE resident_id = $1),
             uses AS (DELETE FROM access WHERE resident_id = $1),
             conversations AS (DELETE FROM communication WHERE resident_id = $1),
             messages AS (DELETE FROM message WHERE resident_id = $1),
             deliveries AS (DELETE FROM delivery WHERE resident_id = $1),
             addresses AS (DELETE FROM device_value WHERE resident_id = $1),
             email AS (DELETE FROM email WHERE resident_id = $1),
             devices AS (DELETE FROM device WHERE resident_id = $1),
             knocks AS (DELETE FROM outbox WHERE bucket = $2 AND resident_id = $1),
             work AS (DELETE FROM job WHERE bucket = $2 AND resident_id = $1),
             replies AS (DELETE FROM reply WHERE actor_id = $1),
             attributes AS (DELETE FROM resident_attribute WHERE resident_id = $1),
             people AS (DELETE FROM person WHERE resident_id = $1),
             lock AS (DELETE FROM resident_lock WHERE resident_id = $1),
             gone AS (DELETE FROM resident WHERE resident_id = $1 RETURNING resident_id)
        INSERT INTO erasure (resident_id, scope) SELECT resident_id, 'account' FROM gone
    """
    await conn.execute(sql, resident_id, bucket_of(resident_id))


async def recent(conn: Connection, after: UUID, limit: int) -> list[UUID]:
    """Residents erased within the hour, in the order of their ids.

    A request of theirs that was under way may have committed after: their rows are destroyed again.
    """
    sql = """
        SELECT DISTINCT resident_id
          FROM erasure
         WHERE scope = 'account' AND erased_at > now() - interval '1 hour'
           AND resident_id > $1
         ORDER BY resident_id
         LIMIT $2
    """
    return [row["resident_id"] for row in await conn.fetch(sql, after, limit)]
