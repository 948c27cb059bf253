"""Withdrawal: one transaction that ends every use, in every capability.

The order is the promise: drain the uses under way, write the event, stop what each capability
holds, COMMIT, answer. Where uses do not end within two seconds the same is written without
waiting, the answer says so (`drained_at` is empty), and the worker drains later.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Meta, Struct

from domain.caller import Resident
from domain.consents import gate
from domain.consents import store as consents
from domain.consents.model import ConsentEvent, Effect, Scope
from domain.db import Connection, fetch_all, find_one
from domain.errors import Invalid, NotFound, Unauthenticated
from domain.fields import Instant
from domain.residents.identity import Knock
from domain.rights import given, leaving, unused
from domain.rights.holds import held
from domain.studies import enrolments
from domain.surveys import assignments
from notifications import outbox


class Withdrawing(Scope, frozen=True, kw_only=True):
    """A wish to withdraw. It needs no version, no sight of later events, and no reason."""

    effect: Effect = "no-further-use"
    claimed_at: Annotated[Instant | None, Meta(description="the phone's own clock")] = None


class Pausing(Scope, frozen=True, kw_only=True):
    """A wish to pause until a time. It ends by itself then, or by a resumption."""

    until: Instant
    claimed_at: Instant | None = None


class Resuming(Scope, frozen=True, kw_only=True):
    """A wish to end a pause now."""

    claimed_at: Instant | None = None


class Withdrawal(Struct, frozen=True, kw_only=True):
    """How far a withdrawal has come. `drained_at`: since then no use that began before it is left."""

    seq: int
    effect: str
    recorded_at: datetime
    drained_at: datetime | None
    destroys: list[str]
    destroyed_at: datetime | None


class Preview(Struct, frozen=True, kw_only=True):
    """What a withdrawal would do, told before it is done."""

    ends: list[gate.Covered]
    destroys: list[str]
    leaves_studies: list[UUID]


async def withdraw(
    conn: Connection, resident: Resident, wish: Withdrawing
) -> tuple[ConsentEvent, Withdrawal]:
    """End what the scope covers, as the effect says. Accepted whatever the resident had seen."""
    sql = """
        SELECT event, drained_at, taking_part, donated, knocks
          FROM consent_withdraw($1, $2, $3, $4, $5, $6, $7, $8)
    """
    row = await conn.fetchrow(
        sql, resident.resident_id, resident.actor_id, wish.scope, wish.item_id, wish.study_id,
        wish.category, wish.effect, wish.claimed_at,
    )  # fmt: skip
    if row is None:
        raise Unauthenticated
    return await _ended(conn, resident, wish, row)


async def withdraw_at(
    conn: Connection, knock: Knock, wish: Withdrawing
) -> tuple[ConsentEvent, Withdrawal]:
    """`withdraw` together with letting the resident in. Raises what `admit` does."""
    sql = """
        SELECT e.resident_id, e.language, e.zone, e.refused_until,
               e.turn, e.fingerprint, e.status, e.content_type, e.body,
               w.event, w.drained_at, w.taking_part, w.donated, w.knocks
          FROM enter($1, $2, $3, $4) e
          LEFT JOIN LATERAL consent_withdraw(
               CASE WHEN e.turn AND e.status IS NULL THEN e.resident_id END,
               e.resident_id, $5, $6, $7, $8, $9, $10) w ON true
    """
    door = knock.door
    row = await conn.fetchrow(
        sql, door.issuer, door.subject_hmac, knock.route, knock.key, wish.scope, wish.item_id,
        wish.study_id, wish.category, wish.effect, wish.claimed_at,
    )  # fmt: skip
    if row is None:
        raise Unauthenticated
    resident = knock.admit(row)
    if row["event"] is None:
        raise Unauthenticated
    return await _ended(conn, resident, wish, row)


async def _ended(
    conn: Connection, resident: Resident, wish: Withdrawing, begun: Record
) -> tuple[ConsentEvent, Withdrawal]:
    """A withdrawal that is written, with what it left to end."""
    event = msgspec.convert(dict(begun["event"]), ConsentEvent)
    resident_id, drained_at = resident.resident_id, begun["drained_at"]
    if wish.effect == "no-contact":
        await _block_contact(conn, resident, event.study_id)
    elif begun["taking_part"]:
        await leaving.end(conn, resident_id, wish)
    if begun["knocks"] and (event.study_id is not None or wish.scope == "everything"):
        await outbox.cancel(conn, resident_id, event.study_id)
    so_far = progress(event, wish.effect, drained_at)
    if begun["donated"]:
        destroys = await _destroys(conn, resident_id, wish)
        if destroys:
            so_far = await _destroying(conn, resident_id, so_far, destroys)
        await unused.mark(conn, resident_id)
    return event, so_far


async def pause(
    conn: Connection, resident: Resident, wish: Pausing
) -> tuple[ConsentEvent, Withdrawal]:
    """Stop collecting and using until a time; nothing is lost, and nothing of it is used later.

    Raises:
        Invalid: the end is not ahead.

    """
    sql = "SELECT $1::timestamptz > clock_timestamp() AS ahead"
    if not await conn.fetchval(sql, wish.until):
        raise Invalid("A pause ends in the future.")
    drained = await gate.drain(conn, resident.resident_id)
    event = await consents.close(
        conn, resident.resident_id, "pause", wish, resident.actor_id,
        pause_until=wish.until, claimed_at=wish.claimed_at,
    )  # fmt: skip
    await assignments.stop(conn, resident.resident_id)
    if event.study_id is not None or wish.scope == "everything":
        await outbox.cancel(conn, resident.resident_id, event.study_id)
    return event, await _keep_track(conn, event, drained=drained)


async def resume(conn: Connection, resident: Resident, wish: Resuming) -> ConsentEvent:
    """End a pause now. What was measured in it stays out."""
    return await consents.close(
        conn, resident.resident_id, "resume", wish, resident.actor_id, claimed_at=wish.claimed_at
    )


async def preview(conn: Connection, resident: Resident, wish: Withdrawing) -> Preview:
    """What a withdrawal would end and destroy, were it made now."""
    if wish.effect == "no-contact":
        return Preview(ends=[], destroys=[], leaves_studies=[])
    return Preview(
        ends=await gate.covered(conn, resident.resident_id, wish),
        destroys=await _destroys(conn, resident.resident_id, wish),
        leaves_studies=await enrolments.leaving(conn, resident.resident_id, wish),
    )


async def state(conn: Connection, resident_id: UUID, seq: int) -> Withdrawal:
    """Where a withdrawal stands: the place to poll after a 202.

    Raises:
        NotFound: that event is neither a withdrawal nor a pause of this resident.

    """
    sql = """
        SELECT w.seq, coalesce(e.effect, e.decision) AS effect, e.recorded_at, w.drained_at, w.destroy AS destroys, w.destroyed_at
          FROM withdrawal w
          JOIN consent_event e ON e.resident_id = w.resident_id AND e.seq = w.seq
         WHERE w.resident_id = $1 AND w.seq = $2
    """
    found = await find_one(conn, Withdrawal, sql, resident_id, seq)
    if found is None:
        raise NotFound
    return found


async def _destroys(conn: Connection, resident_id: UUID, wish: Withdrawing) -> list[str]:
    """Chosen by category or everything: that. By item or study: only what no other use covers."""
    if wish.effect != "erase":
        return []
    if wish.category is not None:
        return [wish.category]
    if wish.scope == "everything":
        return await given.categories(conn, resident_id)
    return await gate.uncovered(conn, resident_id, wish)


async def _destroy(conn: Connection, resident_id: UUID, categories: Sequence[str]) -> bool:
    """Destroy now, unless a hold restricts without erasing; then the worker does, once it is lifted."""
    if not categories:
        return True
    if await held(conn, resident_id):
        return False
    await given.erase(conn, resident_id, categories)
    return True


async def _destroying(
    conn: Connection, resident_id: UUID, begun: Withdrawal, destroys: list[str]
) -> Withdrawal:
    """Note what is to be destroyed, and destroy it where nothing is in the way."""
    destroyed = begun.drained_at is not None and await _destroy(conn, resident_id, destroys)
    sql = """
        UPDATE withdrawal
           SET destroy = $3, destroyed_at = CASE WHEN $4 THEN clock_timestamp() END
         WHERE resident_id = $1 AND seq = $2
        RETURNING destroyed_at
    """
    at = await conn.fetchval(sql, resident_id, begun.seq, destroys, destroyed)
    return msgspec.structs.replace(begun, destroys=destroys, destroyed_at=at)


async def _keep_track(conn: Connection, event: ConsentEvent, *, drained: bool) -> Withdrawal:
    """How far a pause has come. It destroys nothing."""
    sql = """
        INSERT INTO withdrawal (resident_id, seq, drained_at, destroy, destroyed_at)
        SELECT $1, $2, at, '{}', at FROM (SELECT CASE WHEN $3 THEN clock_timestamp() END AS at) t
        RETURNING drained_at
    """
    at = await conn.fetchval(sql, event.resident_id, event.seq, drained)
    return progress(event, event.decision, at)


async def owe(conn: Connection, event: ConsentEvent) -> None:
    """Uses under way have not ended: the worker drains later, and `state` tells when it has."""
    sql = "INSERT INTO withdrawal (resident_id, seq) VALUES ($1, $2)"
    await conn.execute(sql, event.resident_id, event.seq)


def progress(event: ConsentEvent, effect: str, drained_at: datetime | None) -> Withdrawal:
    """How far it has come where nothing is to be destroyed."""
    return Withdrawal(
        seq=event.seq, effect=effect, recorded_at=event.recorded_at,
        drained_at=drained_at, destroys=[], destroyed_at=drained_at,
    )  # fmt: skip


async def _block_contact(conn: Connection, resident: Resident, study_id: UUID | None) -> None:
    sql = """
        INSERT INTO block (resident_id, kind, source, scope, study_id, placed_by)
        SELECT $1, 'block', 'resident', 'contact', $2, $1
         WHERE NOT EXISTS (SELECT FROM block
                            WHERE resident_id = $1 AND scope = 'contact' AND lifted_at IS NULL
                              AND study_id IS NOT DISTINCT FROM $2)
    """
    await conn.execute(sql, resident.resident_id, study_id)


async def finish(conn: Connection, resident_id: UUID) -> int:
    """Drain and destroy what withdrawals of this resident still owe, and drain blocks. The worker's step.

    Returns how many withdrawals are done; 0 while uses under way or a hold stand against it.
    """
    if not await gate.drain(conn, resident_id):
        return 0
    sql = """
        UPDATE block SET drained_at = clock_timestamp()
         WHERE resident_id = $1 AND drained_at IS NULL
    """
    await conn.execute(sql, resident_id)
    sql = """
        UPDATE withdrawal
           SET drained_at = coalesce(drained_at, clock_timestamp())
         WHERE resident_id = $1 AND (drained_at IS NULL OR destroyed_at IS NULL)
        RETURNING seq, destroy
    """
    owed = await fetch_all(conn, _Owed, sql, resident_id)
    if not await _destroy(conn, resident_id, sorted({c for one in owed for c in one.destroy})):
        return 0
    sql = """
        UPDATE withdrawal SET destroyed_at = clock_timestamp()
         WHERE resident_id = $1 AND destroyed_at IS NULL
    """
    await conn.execute(sql, resident_id)
    return len(owed)


class _Owed(Struct, frozen=True, kw_only=True):
    seq: int
    destroy: list[str]
