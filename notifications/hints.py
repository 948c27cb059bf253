"""What `NOTIFY` says of new knocks: which buckets to look into at once. May be lost; then looking finds them."""

import asyncio

from domain.db import BROKEN, Connection, Pool

CHANNEL = "medverka_outbox"
"""Its messages are numbers of buckets."""
AGAIN_SECONDS = 5.0


class Hints:
    """The buckets that were named since they were last asked for."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._buckets = set[int]()
        self._heard = asyncio.Event()
        self.on = False

    def taken(self) -> set[int]:
        """Them, and forget them."""
        found, self._buckets = self._buckets, set()
        self._heard.clear()
        return found

    async def wait(self) -> None:
        """Until one is there."""
        await self._heard.wait()

    async def listen(self) -> None:
        """Keep a connection that listens, until it is cancelled."""
        while True:
            try:
                async with self._pool.acquire() as conn:
                    await self._on(conn)
            except BROKEN:
                pass
            await asyncio.sleep(AGAIN_SECONDS)

    async def _on(self, conn: Connection) -> None:
        ended = asyncio.Event()
        conn.add_termination_listener(lambda *_: ended.set())
        await conn.add_listener(CHANNEL, self._hear)
        self.on = True
        try:
            await ended.wait()
        finally:
            self.on = False
            if not conn.is_closed():
                await conn.remove_listener(CHANNEL, self._hear)

    def _hear(self, *heard: object) -> None:
        self._buckets.add(int(str(heard[-1])))
        self._heard.set()
