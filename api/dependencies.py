"""What a route can ask for. `conn` is the one generator, and the only dependency that may refuse.

Litestar does not close a generator when a dependency after it raises; so letting the caller in
and claiming the Idempotency-Key happen inside `conn`, and the others hand out what it found.
"""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from api.auth import Login
from api.idempotency import Once as OnceKey
from api.settings import Settings as AppSettings
from domain.caller import Member, Resident
from domain.db import begin
from domain.readiness import check_role

if TYPE_CHECKING:
    from domain.db import Connection
    from domain.db import Pool as ConnectionPool
else:
    # Litestar evaluates annotations, and asyncpg's generics exist for type checkers alone.
    Connection = ConnectionPool = Any

ACQUIRE_SECONDS = 2.0

Conn = NamedDependency[Connection]
Me = NamedDependency[Resident]
Staff = NamedDependency[Member]
Once = NamedDependency[OnceKey]
Visitor = NamedDependency[Login]
Pool = NamedDependency[ConnectionPool]
Settings = NamedDependency[AppSettings]

Req = Request[Any, Any, Any]


async def conn(request: Req, state: State) -> AsyncIterator[Connection]:
    """The request's transaction, in the caller's name: commits before the response is sent."""
    login: Login | None = request.scope.get("auth")
    once = await OnceKey.read(request) if asks_for(request, "once") else None
    subject = login.hmac if login else None
    async with (
        state.pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
        begin(await _checked(connection, state), subject=subject),
    ):
        enter = request.scope["state"].get("enter")
        request.scope["user"] = await enter(connection, login, once) if enter else None
        request.scope["state"]["once"] = once
        yield connection
        if once is not None and not once.kept:
            raise RuntimeError("the route did not keep its answer")


def asks_for(request: Req, name: str) -> bool:
    """Whether the request's route has a parameter of that name."""
    return name in request.route_handler.parsed_fn_signature.parameters


async def _checked(connection: Connection, state: State) -> Connection:
    """The role is looked at once in a process: PostgreSQL may have been down when we started."""
    if not state.get("role_checked"):
        await check_role(connection)
        state.role_checked = True
    return connection


async def me(request: Req, conn: Conn) -> Resident:  # noqa: ARG001 - after `conn`, which lets in
    return cast("Resident", request.scope["user"])


async def member(request: Req, conn: Conn) -> Member:  # noqa: ARG001
    return cast("Member", request.scope["user"])


async def once(request: Req, conn: Conn) -> OnceKey:  # noqa: ARG001
    return cast("OnceKey", request.scope["state"]["once"])


async def visitor(request: Req) -> Login:
    return cast("Login", request.scope["auth"])


async def pool(state: State) -> ConnectionPool:
    return cast("ConnectionPool", state.pool)


async def settings(state: State) -> AppSettings:
    return cast("AppSettings", state.settings)


def provided() -> Mapping[str, Provide]:
    """Every dependency of the app, by the name a route gives its parameter."""
    functions = (conn, me, member, once, visitor, pool, settings)
    return {function.__name__: Provide(function) for function in functions}
