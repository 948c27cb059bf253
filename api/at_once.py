"""Routes that one statement or two can answer: asked before Litestar resolves all that a route may ask for.

That costs as much as the statement does. A route names its function under `opt={AT_ONCE: …}`. Where
that gives no answer it has done nothing, and the route itself goes the long way, in a transaction.
Whatever it raises is answered as if the route had raised it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias

from litestar.datastructures import State
from litestar.types import Message, Receive, Scope, Send

from api.bodies import JSON, JSONRequest
from api.dependencies import ACQUIRE_SECONDS, checked
from api.idempotency import Once
from api.problems import REPLAYED
from domain.db import Connection
from domain.residents.identity import Door, Knock
from domain.trips import Asking

AT_ONCE = "at_once"
_REPLAYED = [(name.lower().encode(), value.encode()) for name, value in REPLAYED.items()]


class Answer(NamedTuple):
    """JSON, and its status. `again`: an earlier request with the same key had it."""

    body: bytes
    status: int = 200
    again: bool = False

    def start(self) -> Message:
        headers = [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(self.body))]
        if self.again:
            headers += _REPLAYED
        return {"type": "http.response.start", "status": self.status, "headers": headers}


class Asked(NamedTuple):
    """A resident's request with a token that is verified."""

    request: JSONRequest
    state: State

    @property
    def door(self) -> Door:
        """Whom the function's own statement is to let in."""
        door: Door = self.request.scope["auth"].door
        return door

    async def data(self) -> Any:  # noqa: ANN401 - what the route declares
        """The body, as the route's `data`."""
        return await self.request.json()

    async def knock(self) -> Knock:
        """The same door, for a write with an Idempotency-Key."""
        return (await Once.read(self.request)).knock(self.door)

    @property
    def rows(self) -> Asking:
        """What asks PostgreSQL by a trip that others may share."""
        asking: Asking = self.state.trips.rows
        return asking

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of its own, for a statement that may wait for others."""
        async with self.state.pool.acquire(timeout=ACQUIRE_SECONDS) as conn:
            await checked(conn, self.state)
            yield conn


Answering: TypeAlias = Callable[[Asked], Awaitable[Answer | None]]


async def answered(scope: Scope, receive: Receive, send: Send) -> bool:
    """Whether the request's route could be answered at once, and was."""
    answering: Answering | None = scope["route_handler"].opt.get(AT_ONCE)
    if answering is None:
        return False
    state = scope["litestar_app"].state
    await state.doorkeeper.admit(scope, None)
    answer = await answering(Asked(JSONRequest(scope, receive, send), state))
    if answer is None:
        return False
    await send(answer.start())
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
    return True
