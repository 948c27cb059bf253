"""The access log: who used my data, when, for what and under which consent."""

from typing import Any
from uuid import UUID

from litestar import get

from api.auth import resident
from api.dependencies import Conn, Me
from api.pages import Cursor, Limit, Page, key_of, page
from domain.audit import store as audit
from domain.audit.model import Access


@get("/v1/me/access-log", guards=[resident])
async def access_log(conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 50) -> Page[Access]:
    """Uses of my data, newest first."""
    before = key_of(cursor, tuple[UUID])
    found = await audit.access_log(
        conn, me.resident_id, before[0] if before else None, limit + 1, [me.language]
    )
    return page(found, limit, "access_id")


routes: list[Any] = [access_log]
