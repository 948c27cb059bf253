"""Restrictions: stop switches of stewards and data protection officers, holds and invalidations.

A stop, a hold and an invalidation deny from the answer on.
"""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from api.auth import staff
from api.consents import UNDER_WAY
from api.dependencies import Conn, Once, Staff
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from domain.caller import Member
from domain.consents import stops
from domain.consents.blocks import Block
from domain.consents.model import ConsentEvent
from domain.consents.stops import NotYoursToLift, Stop, StopDraft
from domain.errors import Forbidden, Invalid, NotFound
from domain.rights import officer
from domain.rights.officer import Concerning, HoldOrder, InvalidationOrder

OFFICER = "data-protection-officer"


@get("/v1/stop-switches", guards=[staff], responses=refusals(Forbidden))
async def switches(
    conn: Conn, member: Staff, cursor: Cursor = None, limit: Limit = 50
) -> Page[Stop]:
    """What is stopped and what was, newest first."""
    _either(member)
    before = key_of(cursor, tuple[UUID])
    found = await stops.switches(conn, before[0] if before else None, limit + 1)
    return page(found, limit, "stop_id")


@post("/v1/stop-switches", guards=[staff], responses=refusals(Forbidden, Invalid))
async def stop(conn: Conn, member: Staff, once: Once, data: JSONBody[StopDraft]) -> Response[Stop]:
    """Stop every use for a study, by a recipient, or of a category."""
    _either(member)
    return once.keep(await stops.place(conn, data, member.member_id))


@post(
    "/v1/stop-switches/{stop_id:uuid}/lift",
    guards=[staff],
    status_code=200,
    responses=refusals(Forbidden, NotYoursToLift, NotFound),
)
async def lift_stop(conn: Conn, member: Staff, stop_id: FromPath[UUID]) -> Stop:
    """Let uses go on."""
    _either(member)
    return await stops.lift(conn, stop_id, member.member_id, officer=OFFICER in member.roles)


@post(
    "/v1/holds",
    guards=[staff],
    responses=refusals(Forbidden, Invalid, NotFound)
    | {202: ResponseSpec(Block, description=UNDER_WAY)},
)
async def hold(conn: Conn, member: Staff, once: Once, data: JSONBody[HoldOrder]) -> Response[Block]:
    """Restrict the use of one resident's data without erasing it (GDPR art. 18)."""
    placed = await officer.hold(conn, member, data)
    return once.keep(placed, 201 if placed.drained_at else 202)


@post(
    "/v1/holds/{hold_id:uuid}/lift",
    guards=[staff],
    status_code=200,
    responses=refusals(Forbidden, Invalid, NotFound),
)
async def lift_hold(
    conn: Conn, member: Staff, hold_id: FromPath[UUID], data: JSONBody[Concerning]
) -> Block:
    """Lift a hold."""
    return await officer.lift_hold(conn, member, hold_id, data)


@post("/v1/invalidations", guards=[staff], responses=refusals(Forbidden, Invalid, NotFound))
async def invalidate(
    conn: Conn, member: Staff, once: Once, data: JSONBody[InvalidationOrder]
) -> Response[ConsentEvent]:
    """Find that a consent was not valid, and close what rested on it."""
    return once.keep(await officer.invalidate(conn, member, data))


def _either(member: Member) -> None:
    if member.roles.isdisjoint({"steward", OFFICER}):
        raise Forbidden


routes: list[Any] = [switches, stop, lift_stop, hold, lift_hold, invalidate]
