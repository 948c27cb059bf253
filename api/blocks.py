"""Blocks: what a resident denies, whatever they have consented to, until they lift it."""

from typing import Any
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from api.auth import resident
from api.consents import UNDER_WAY
from api.dependencies import Conn, Me, Once
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from domain.consents import blocks
from domain.consents.blocks import Block, BlockDraft
from domain.errors import Invalid, NotFound


@get("/v1/me/blocks", guards=[resident])
async def mine(conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 50) -> Page[Block]:
    """What denies or has denied uses of my data, newest first. Holds of others are among them."""
    before = key_of(cursor, tuple[UUID])
    found = await blocks.of_resident(conn, me.resident_id, before[0] if before else None, limit + 1)
    return page(found, limit, "block_id")


@post(
    "/v1/me/blocks",
    guards=[resident],
    responses=refusals(Invalid) | {202: ResponseSpec(Block, description=UNDER_WAY)},
    opt={"any_version": True},
)
async def block(conn: Conn, me: Me, once: Once, data: JSONBody[BlockDraft]) -> Response[Block]:
    """Deny uses of my data from now on: of a category, to a study or organisation, or all.

    202 as for a withdrawal: uses under way did not end within two seconds, and `drained_at` is to come.
    """
    placed = await blocks.place(conn, me.resident_id, data, me.resident_id)
    return once.keep(placed, 201 if placed.drained_at else 202)


@delete(
    "/v1/me/blocks/{block_id:uuid}",
    guards=[resident],
    status_code=200,
    responses=refusals(NotFound),
)
async def lift(conn: Conn, me: Me, block_id: FromPath[UUID]) -> Block:
    """Lift a block of mine. What I have consented to opens again."""
    return await blocks.lift(conn, me.resident_id, block_id, me.resident_id)


routes: list[Any] = [mine, block, lift]
