"""What a route can ask for. `conn` is the one generator, and the only dependency that may refuse.

Litestar does not close a generator when a dependency after it raises; so letting the caller in
and claiming the Idempotency-Key happen inside `conn`, and the others hand out what it found.

Each asks for the one before, in a single file, those of the hottest routes first: what could be
resolved side by side gets a task each, in a task group, which costs more than all of them.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from api.auth import Login
from api.idempotency import Once as OnceKey
from api.idempotency import one_at_a_time
from api.receipts import ReceiptIssuer
from api.settings import Settings as AppSettings
from domain.caller import Member, Resident
from domain.db import begin
from domain.donations.keys import KeyProvider
from domain.readiness import check_role

if TYPE_CHECKING:
    from domain.db import Connection
    from domain.db import Pool as ConnectionPool
else:
    # Litestar evaluates annotations, and asyncpg's generics exist for type checkers alone.
    Connection = ConnectionPool = Any

ACQUIRE_SECONDS = 2.0

# What we hand out ourselves need not be looked over again.
Conn = NamedDependency[SkipValidation[Connection]]
Me = NamedDependency[SkipValidation[Resident]]
Staff = NamedDependency[SkipValidation[Member]]
Once = NamedDependency[SkipValidation[OnceKey]]
Asked = NamedDependency[SkipValidation[OnceKey | None]]
Visitor = NamedDependency[SkipValidation[Login]]
Pool = NamedDependency[SkipValidation[ConnectionPool]]
Settings = NamedDependency[SkipValidation[AppSettings]]
DataKeys = NamedDependency[SkipValidation[KeyProvider]]
Issuer = NamedDependency[SkipValidation[ReceiptIssuer]]

Req = Request[Any, Any, Any]


async def settings(request: Req) -> AppSettings:
    return cast("AppSettings", request.app.state.settings)


async def pool(request: Req) -> ConnectionPool:
    """For streams, which open transactions of their own: few connections, and none of `conn`'s."""
    return cast("ConnectionPool", request.app.state.streams)


async def conn(request: Req) -> AsyncIterator[Connection]:
    """The request's transaction, in the caller's name: commits before the response is sent."""
    state, login = request.app.state, cast("Login | None", request.scope.get("auth"))
    once = await OnceKey.read(request) if asks_for(request, "once") else None
    enter = request.scope["state"].get("enter")
    request.scope["user"], request.scope["state"]["once"] = None, once
    async with state.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        await checked(connection, state)
        if login and enter is None:
            yield connection
            return
        async with whole(connection, login, once):
            if login and enter:
                request.scope["user"] = await enter(connection, login, once)
            yield connection


@asynccontextmanager
async def whole(conn: Connection, login: Login | None, once: OnceKey | None) -> AsyncIterator[None]:
    """A transaction in the caller's name. The key's answer is kept with its COMMIT.

    For `conn`, and for a route of `resident_alone` that could not be answered at once.
    """
    subject, last = login.hmac if login else None, once.last_words if once else None
    with one_at_a_time():
        async with begin(conn, subject=subject, last=last):
            yield


def asks_for(request: Req, name: str) -> bool:
    """Whether the request's route has a parameter of that name."""
    return name in request.route_handler.parsed_fn_signature.parameters


async def checked(connection: Connection, state: State) -> None:
    """The role is looked at once in a process: PostgreSQL may have been down when we started."""
    if not state.get("role_checked"):
        await check_role(connection)
        state.role_checked = True


async def visitor(request: Req, conn: Conn) -> Login:  # noqa: ARG001 - in its place in the file
    return cast("Login", request.scope["auth"])


async def once(request: Req, visitor: Visitor) -> OnceKey | None:  # noqa: ARG001
    return cast("OnceKey | None", request.scope["state"]["once"])


async def data_keys(request: Req, once: Asked) -> KeyProvider:  # noqa: ARG001
    return cast("KeyProvider", request.app.state.data_keys)


async def issuer(request: Req, data_keys: DataKeys) -> ReceiptIssuer:  # noqa: ARG001
    return cast("ReceiptIssuer", request.app.state.receipts)


async def me(request: Req, issuer: Issuer) -> Resident:  # noqa: ARG001
    return cast("Resident", request.scope["user"])


async def member(request: Req, me: Me) -> Member:  # noqa: ARG001
    return cast("Member", request.scope["user"])


def provided() -> Mapping[str, Provide]:
    """Every dependency of the app, by the name a route gives its parameter."""
    functions = (settings, pool, conn, once, me, member, visitor, data_keys, issuer)
    return {function.__name__: Provide(function) for function in functions}
