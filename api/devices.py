"""Devices: where I am knocked on. A push only says that something is there."""

from typing import Any
from uuid import UUID

from litestar import delete, get, put
from litestar.params import FromPath, JSONBody

from api.auth import resident
from api.dependencies import Conn, Me
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from domain.errors import NotFound
from notifications import devices
from notifications.devices import Device, Registration


@put("/v1/me/devices/{device_id:uuid}", guards=[resident])
async def register(
    conn: Conn, me: Me, device_id: FromPath[UUID], data: JSONBody[Registration]
) -> Device:
    """Register the device that this app runs on, under an id that the app chose when it was installed.

    Also to say that its address changed, and at every start that it is still there: after 270 days
    without it is not knocked on. My other devices are told of a new one. An address belongs to who
    registered it last.
    """
    return await devices.register(conn, me.resident_id, device_id, data)


@get("/v1/me/devices", guards=[resident])
async def mine(conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 50) -> Page[Device]:
    """My devices. Their addresses are not told."""
    after = key_of(cursor, tuple[UUID])
    found = await devices.of_resident(conn, me.resident_id, after[0] if after else None, limit + 1)
    return page(found, limit, "device_id")


@delete(
    "/v1/me/devices/{device_id:uuid}",
    guards=[resident],
    status_code=204,
    responses=refusals(NotFound),
)
async def remove(conn: Conn, me: Me, device_id: FromPath[UUID]) -> None:
    """Be knocked on there no more."""
    await devices.remove(conn, me.resident_id, device_id)


routes: list[Any] = [register, mine, remove]
