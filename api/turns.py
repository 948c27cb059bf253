"""Turns: of the requests that do with one statement or two, few are at work in a process at a time.

The processor does no more by being at many of them at once, and then each takes as long as all of
them. Those that wait do so in the order in which they came, which the pool does not keep to: there a
connection that is given back goes to whoever asks first.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from asyncpg import InterfaceError

from domain.db import Connection, Pool, Pooled

SHARE = 8
"""One turn for so many connections, and two at least: while one waits for PostgreSQL another works."""


class Turns:
    """The turns of a process. A turn's connection is kept for the next, as long as all goes well."""

    def __init__(
        self,
        pool: Pool,
        connections: int,
        patience: float,
        check: Callable[[Connection], Awaitable[None]],
    ) -> None:
        """Of so many connections. `patience`: seconds to wait for one. `check`: before its first turn."""
        self._pool = pool
        self._patience = patience
        self._check = check
        self._free = asyncio.Semaphore(max(2, connections // SHARE))
        self._kept: list[Pooled] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Connection]:
        """A turn, with a connection outside of any transaction. Raises TimeoutError."""
        if self._free.locked():
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            conn = await self._connection()
            try:
                yield conn
            except BaseException:
                await self._pool.release(conn)
                raise
            self._kept.append(conn)
        finally:
            self._free.release()

    @property
    def kept(self) -> int:
        """Connections that wait for a turn."""
        return len(self._kept)

    async def close(self) -> None:
        """Give the kept connections back to the pool."""
        while self._kept:
            await self._pool.release(self._kept.pop())

    async def _connection(self) -> Pooled:
        while self._kept:
            conn = self._kept.pop()
            with suppress(InterfaceError):  # lost meanwhile, and with the pool again
                if not conn.is_closed():
                    return conn
        conn = await self._pool.acquire(timeout=self._patience)
        try:
            await self._check(conn)
        except BaseException:
            await self._pool.release(conn)
            raise
        return conn
