"""What a data protection officer does about one resident: hold their data, or find a consent invalid."""

from datetime import datetime
from uuid import UUID

from domain.caller import Member
from domain.consents import blocks, gate
from domain.consents import store as consents
from domain.consents.blocks import Block, HoldDraft
from domain.consents.model import ConsentEvent, Decision, Scope
from domain.db import Connection, act_for
from domain.errors import Forbidden, Invalid, NotFound
from domain.fields import Input
from domain.rights import unused, withdraw
from domain.studies import enrolments
from notifications import outbox
from notifications.kinds import Kind


class Concerning(Input, frozen=True, kw_only=True):
    """Whom it is about: a resident's id, or the code under which a study knows them."""

    resident_id: UUID | None = None
    study_id: UUID | None = None
    code: UUID | None = None


class HoldOrder(HoldDraft, frozen=True, kw_only=True):
    """A hold, and on whom."""

    concerning: Concerning


class InvalidationOrder(Input, frozen=True, kw_only=True):
    """A consent that never was one, and whose."""

    concerning: Concerning
    item_id: UUID


async def hold(conn: Connection, officer: Member, order: HoldOrder) -> Block:
    """Restrict without erasing (GDPR art. 18). The resident is told."""
    resident_id = await _enter(conn, officer, order.concerning)
    placed = await blocks.place(conn, resident_id, order, officer.member_id)
    await outbox.promise(conn, resident_id, Kind.HOLD_PLACED, placed.block_id)
    return placed


async def lift_hold(
    conn: Connection, officer: Member, hold_id: UUID, concerning: Concerning
) -> Block:
    """Let what is consented to open again. The resident is told.

    Raises:
        NotFound: there is no such hold on them.

    """
    resident_id = await _enter(conn, officer, concerning)
    lifted = await blocks.lift(conn, resident_id, hold_id, officer.member_id, blocks.HOLDS)
    await outbox.promise(conn, resident_id, Kind.HOLD_LIFTED, hold_id)
    return lifted


async def invalidate(conn: Connection, officer: Member, order: InvalidationOrder) -> ConsentEvent:
    """Close a grant that no valid consent carries. It opens again only by giving anew.

    Raises:
        NotFound: they never answered to that item.

    """
    resident_id = await _enter(conn, officer, order.concerning)
    drained = await gate.drain(conn, resident_id)
    grants = await consents.grants(conn, resident_id)
    if order.item_id not in {grant.item_id for grant in grants}:
        raise NotFound
    scope = Scope(scope="item", item_id=order.item_id)
    event = await close(conn, resident_id, "invalidate", scope, officer.member_id)
    if not drained:
        await withdraw.owe(conn, event)
    return event


async def close(
    conn: Connection,
    resident_id: UUID,
    decision: Decision,
    scope: Scope,
    officer_id: UUID,
    claimed_at: datetime | None = None,
) -> ConsentEvent:
    """Close what the scope covers in the officer's name, and what rests on it. Behind the exclusive lock."""
    event = await consents.close(
        conn, resident_id, decision, scope, officer_id,
        actor_role="data-protection-officer", method="system", claimed_at=claimed_at,
    )  # fmt: skip
    await enrolments.end(conn, resident_id, scope, "controller")
    await unused.mark(conn, resident_id)
    return event


async def _enter(conn: Connection, officer: Member, whom: Concerning) -> UUID:
    """The resident, as whom row-level security lets the rest of this transaction act."""
    if "data-protection-officer" not in officer.roles:
        raise Forbidden
    if (whom.resident_id is None) is (whom.study_id is None) or (
        (whom.study_id is None) is not (whom.code is None)
    ):
        raise Invalid("Name either resident_id, or study_id and code.")
    resident_id = whom.resident_id
    if whom.study_id is not None and whom.code is not None:
        resident_id = await enrolments.resident_of(conn, whom.study_id, whom.code)
    sql = "SELECT resident_id FROM resident_lock WHERE resident_id = $1"
    found: UUID | None = await conn.fetchval(sql, resident_id)
    if found is None:
        raise NotFound
    await act_for(conn, found)
    return found
