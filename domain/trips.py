"""Trips to PostgreSQL: all who wait with the same statement are taken along by one.

Much of what a short statement costs is the way there and back: messages, a transaction, its COMMIT, two
processes that wake each other. Where nobody waits it leaves at once; who comes while one is under way
shares the next, which leaves beside it once there are a few.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import NamedTuple, TypeAlias

from asyncpg import InterfaceError, PostgresError, Record

from domain.db import Connection, Pool, Pooled
from domain.patience import Patience

MOST = 16
"""Who share a trip, at most: what fails for one of them is done again for each alone."""
FEW = 4
"""Who wait, at least, for a trip that leaves while another is under way: the more share one, the less it costs."""
NOT_AT_ONCE = frozenset({"MV001", "23505", "55P03"})
"""SQLSTATEs of a statement that declined: undone by its function; its key, or what it was to make, is
there by now; somebody has locked what it needs."""

Rows: TypeAlias = list[Record]
Asking: TypeAlias = Callable[..., Awaitable[Rows]]
"""Asks a shared statement, of `(sql, *beside, **row)`.

Its first parameter is JSON: an object for each who asks, with what they bring along by name (bytes in
base64) and `n`, from 1 on. What is too large for that stands `beside`, in arrays: `($2::bytea[])[a.n]`.
The first column of the answer is `n`: whose row it is.
"""


class _Asked(NamedTuple):
    """What one brings along."""

    row: Mapping[str, object]
    beside: Sequence[bytes]


class _Traveller(NamedTuple):
    """Who is told when it is `back`."""

    asked: _Asked
    back: "asyncio.Future[Rows]"


class Trips:
    """The trips of a process. Connections are kept from one to the next, as long as all goes well.

    A trip is a transaction by itself, and waits for nobody: who might have to asks `alone`.
    """

    def __init__(
        self,
        pool: Pool,
        at_most: int,
        patience: float,
        check: Callable[[Connection], Awaitable[None]],
    ) -> None:
        """So many at a time. `patience`: seconds to wait for one. `check`: of a connection before its first."""
        self._pool = pool
        self._patience = Patience(patience)
        self._check = check
        self._at_most = at_most
        self._under_way = 0
        self._waiting: dict[str, deque[_Traveller]] = {}
        self._kept: list[Pooled] = []
        self._driving = set[asyncio.Task[None]]()

    async def rows(self, sql: str, *beside: bytes, **row: object) -> Rows:
        """The rows of who asks. Raises TimeoutError, and what the statement does."""
        loop = asyncio.get_running_loop()
        back: asyncio.Future[Rows] = loop.create_future()
        self._patience.begin(back, partial(_late, back))
        self._waiting.setdefault(sql, deque()).append(_Traveller(_Asked(row, beside), back))
        if self._worthwhile(beside=self._under_way):
            self._under_way += 1
            driving = loop.create_task(self._drive())
            self._driving.add(driving)
            driving.add_done_callback(self._driving.discard)
        return await back

    @property
    def kept(self) -> int:
        """Connections that wait for a trip."""
        return len(self._kept)

    async def close(self) -> None:
        """Wait for what is under way, and give the kept connections back to the pool."""
        await asyncio.gather(*self._driving)
        while self._kept:
            await self._pool.release(self._kept.pop())

    async def _drive(self) -> None:
        """Trip after trip, until nobody waits, or too few for more than one at a time."""
        try:
            while self._waiting and self._worthwhile(beside=self._under_way - 1):
                sql, together = self._next()
                with _telling(together):
                    async with self._one() as conn:
                        await _travel(conn, sql, together)
        finally:
            self._under_way -= 1

    def _worthwhile(self, beside: int) -> bool:
        """Whether one should leave for those who wait, beside so many that are under way."""
        return not beside or (
            beside < self._at_most and sum(map(len, self._waiting.values())) >= FEW
        )

    def _next(self) -> tuple[str, list[_Traveller]]:
        """The statement whose turn it is, and those who came first with it: they need no patience any more."""
        first = next(iter(self._waiting))
        queue, together = self._waiting.pop(first), list[_Traveller]()
        while queue and len(together) < MOST:
            one = queue.popleft()
            self._patience.end(one.back)
            if not one.back.done():
                together.append(one)
        if queue:
            self._waiting[first] = queue
        return first, together

    @asynccontextmanager
    async def _one(self) -> AsyncIterator[Connection]:
        conn = await self._connection()
        try:
            yield conn
        except BaseException:
            await self._pool.release(conn)
            raise
        self._kept.append(conn)

    async def _connection(self) -> Pooled:
        while self._kept:
            conn = self._kept.pop()
            with suppress(InterfaceError):  # lost meanwhile, and with the pool again
                if not conn.is_closed():
                    return conn
        conn = await self._pool.acquire(timeout=self._patience.seconds)
        try:
            await self._check(conn)
        except BaseException:
            await self._pool.release(conn)
            raise
        return conn


def _late(back: "asyncio.Future[Rows]") -> None:
    if not back.done():
        back.set_exception(TimeoutError())


async def _travel(conn: Connection, sql: str, together: Sequence[_Traveller]) -> None:
    try:
        rows = await conn.fetch(sql, *_told([one.asked for one in together]))
    except PostgresError:
        if len(together) <= 1:
            raise
        # Nothing is done: each by itself, so that nobody suffers from another's fault.
        for one in together:
            with _telling([one]):
                await _travel(conn, sql, [one])
        return
    found: list[Rows] = [[] for _ in together]
    for row in rows:
        found[row[0] - 1].append(row)
    for one, own in zip(together, found, strict=True):
        if not one.back.done():
            one.back.set_result(own)


def _told(several: Sequence[_Asked]) -> Iterator[object]:
    """A statement's parameters: with a column for each value asyncpg would look at each of them in Python."""
    yield [{**asked.row, "n": n} for n, asked in enumerate(several, 1)]
    yield from zip(*[asked.beside for asked in several], strict=True)


@contextmanager
def _telling(together: Sequence[_Traveller]) -> Iterator[None]:
    """Whatever goes wrong is theirs to raise."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        for one in together:
            if not one.back.done():
                one.back.set_exception(error)
    finally:
        for one in together:
            one.back.cancel()  # where nothing else has been said


def alone(conn: Connection) -> Asking:
    """Asks by a connection of one's own: in a transaction, or for what may have to wait for others."""

    async def rows(sql: str, *beside: bytes, **row: object) -> Rows:
        return await conn.fetch(sql, *_told([_Asked(row, beside)]))

    return rows


async def at_once(ask: Asking, sql: str, *beside: bytes, **row: object) -> Rows:
    """The rows of a statement that may decline: none then, nothing is done, and it is to go the long way."""
    try:
        return await ask(sql, *beside, **row)
    except PostgresError as error:
        if error.sqlstate in NOT_AT_ONCE:
            return []
        raise
