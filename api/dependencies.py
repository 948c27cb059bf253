"""What a route can ask for. `conn` is the one generator, and the only dependency that may refuse.

Litestar does not close a generator when a dependency after it raises; so letting the caller in
and claiming the Idempotency-Key happen inside `conn`, and the others hand out what it found.

Each asks for the one before it: those that could be resolved side by side would each get a task,
in a task group, which costs more than all of them.
"""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from joserfc.jwk import OKPKey
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from api.auth import Login
from api.idempotency import Once as OnceKey
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

Conn = NamedDependency[Connection]
Me = NamedDependency[Resident]
Staff = NamedDependency[Member]
Once = NamedDependency[OnceKey]
Asked = NamedDependency[OnceKey | None]
Visitor = NamedDependency[Login]
Pool = NamedDependency[ConnectionPool]
Settings = NamedDependency[AppSettings]
DataKeys = NamedDependency[KeyProvider]
ReceiptKey = NamedDependency[OKPKey]

Req = Request[Any, Any, Any]


async def settings(state: State) -> AppSettings:
    return cast("AppSettings", state.settings)


async def pool(state: State, settings: Settings) -> ConnectionPool:  # noqa: ARG001 - one by one
    """For streams, which open transactions of their own: few connections, and none of `conn`'s."""
    return cast("ConnectionPool", state.streams)


async def data_keys(state: State, pool: Pool) -> KeyProvider:  # noqa: ARG001
    return cast("KeyProvider", state.data_keys)


async def receipt_key(state: State, data_keys: DataKeys) -> OKPKey:  # noqa: ARG001
    return cast("OKPKey", state.receipt_key)


async def conn(
    request: Req,
    state: State,
    receipt_key: ReceiptKey,  # noqa: ARG001
) -> AsyncIterator[Connection]:
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


async def once(request: Req, conn: Conn) -> OnceKey | None:  # noqa: ARG001
    return cast("OnceKey | None", request.scope["state"]["once"])


async def me(request: Req, once: Asked) -> Resident:  # noqa: ARG001
    return cast("Resident", request.scope["user"])


async def member(request: Req, once: Asked) -> Member:  # noqa: ARG001
    return cast("Member", request.scope["user"])


async def visitor(request: Req, conn: Conn) -> Login:  # noqa: ARG001
    return cast("Login", request.scope["auth"])


def provided() -> Mapping[str, Provide]:
    """Every dependency of the app, by the name a route gives its parameter."""
    functions = (settings, pool, data_keys, receipt_key, conn, once, me, member, visitor)
    return {function.__name__: Provide(function) for function in functions}
