"""Turns: of the requests that do with one statement or two, few are at work in a process at a time.

The processor does no more by being at many of them at once, and then each takes as long as all of
them. Those that wait do so in the order in which they came, which the pool does not keep to: there a
connection that is given back goes to whoever asks first.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar

SHARE = 8
"""One turn for so many connections, and two at least: while one waits for PostgreSQL another works."""

_turn: ContextVar[ExitStack | None] = ContextVar("turn", default=None)


class Turns:
    """The turns of a process."""

    def __init__(self, connections: int) -> None:
        self._free = asyncio.Semaphore(max(2, connections // SHARE))

    @asynccontextmanager
    async def one(self, patience: float) -> AsyncIterator[None]:
        """A turn, until the block ends or `give_back`. Raises TimeoutError after so many seconds."""
        if self._free.locked():
            async with asyncio.timeout(patience):
                await self._free.acquire()
        else:
            await self._free.acquire()
        with ExitStack() as turn:
            turn.callback(self._free.release)
            _turn.set(turn)
            yield


def give_back() -> None:
    """End this request's turn, if it has one: it may wait for others now, who must not wait for it."""
    turn = _turn.get()
    if turn is not None:
        turn.close()
