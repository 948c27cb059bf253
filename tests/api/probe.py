"""Routes that exist for the shell's tests alone."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from api.auth import login, resident, staff
from api.dependencies import Conn, Me, Once, Staff, Visitor
from api.etags import IfMatch, etag, revision
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from domain.errors import Forbidden
from domain.fields import CLEAN, Count, Input, Instant, Name


class Part(Input, frozen=True, kw_only=True):
    """A part of it."""

    weight: Annotated[float, Meta(ge=0)]


class Thing(Input, frozen=True, kw_only=True):
    """Something with a field of every kind."""

    name: Name
    size: Count = 0
    at: Instant | None = None
    kind: Literal["heart", "steps"] = "heart"
    parts: list[Part] = []
    extra: dict[str, int] = {}


class Made(Thing, frozen=True, kw_only=True):
    """A thing as it was made."""

    made_by: UUID


@post("/v1/me/things", guards=[resident], responses=refusals(Forbidden), opt={"body_limit": 9000})
async def make(conn: Conn, me: Me, once: Once, data: JSONBody[Thing]) -> Response[Made]:
    """Make a thing."""
    await conn.execute("UPDATE resident SET revision = revision + 1")
    if data.name == "slow":
        await asyncio.sleep(0.3)
    if data.name == "forbidden":
        raise Forbidden
    return once.keep(Made(name=data.name, made_by=me.resident_id))


@post("/v1/me/forgotten", guards=[resident])
async def forget(conn: Conn, once: Once, data: JSONBody[Thing]) -> None:  # noqa: ARG001
    """Forgets to keep its answer."""
    await conn.execute("UPDATE resident SET revision = revision + 1")


@get("/v1/me/self", guards=[resident])
async def who(conn: Conn, me: Me) -> dict[str, Any]:
    """Who the database thinks this is."""
    return {"me": me.resident_id, "db": await conn.fetchval("SELECT app_resident()")}


@get("/v1/staff/self", guards=[staff])
async def which(conn: Conn, member: Staff) -> dict[str, Any]:
    """Which member this is."""
    return {
        "roles": sorted(member.roles),
        "studies": {str(k): v for k, v in member.studies.items()},
        "db": await conn.fetchval("SELECT app_member()"),
    }


@put("/v1/me/door", guards=[login])
async def door(conn: Conn, visitor: Visitor) -> dict[str, Any]:
    """A login without a resident."""
    seen = await conn.fetchval("SELECT app_subject()")
    return {"subject": visitor.claims.subject, "same": seen == visitor.hmac}


@post("/v1/echo", opt={"any_version": True})
async def echo(data: JSONBody[Thing]) -> Thing:
    """Says the thing again."""
    return data


@post("/v1/anything")
async def anything(data: JSONBody[Any]) -> dict[str, bool]:
    """Takes any JSON."""
    return {"empty": not data}


@get("/v1/things/{thing_id:uuid}/{number:int}")
async def one(thing_id: FromPath[UUID], number: FromPath[int]) -> dict[str, Any]:
    """One thing."""
    return {"id": thing_id, "number": number}


@get("/v1/things")
async def some(
    cursor: Cursor = None,
    limit: Limit = 2,
    word: Annotated[str | None, QueryParameter(max_length=5, pattern=CLEAN)] = None,  # noqa: ARG001
) -> Page[Part]:
    """Some things, page by page."""
    after = key_of(cursor, tuple[float])
    first = after[0] + 1 if after else 0
    return page(
        [Part(weight=first + n) for n in range(min(limit + 1, 5 - int(first)))], limit, "weight"
    )


@put("/v1/edited")
async def edit(if_match: IfMatch = None) -> Response[None]:
    """Edited from a revision."""
    return Response(None, headers=etag(revision(if_match) + 1), status_code=200)


@get("/v1/fails/{how:str}")
async def fail(conn: Conn, how: FromPath[str]) -> datetime:
    """Fails in one of many ways."""
    if how == "data":
        await conn.execute("SELECT $1::timestamptz", "secret-canary")
    if how == "lock":
        raise asyncpg.LockNotAvailableError("secret-canary")
    if how == "cut":
        await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    if how == "commit":
        await conn.execute("SET CONSTRAINTS ALL DEFERRED; SELECT 1")
        raise ExceptionGroup("secret-canary", [ConnectionResetError("secret-canary")])
    raise KeyError("secret-canary")


routes = [make, forget, who, which, door, echo, anything, one, some, edit, fail]
