"""A wire between server and PostgreSQL that can keep the answers to COMMIT, or break there."""

import asyncio
import random
import re
from contextlib import suppress
from urllib.parse import urlsplit

from tests.drills.http import HOST

COMMIT = b"COMMIT\0"
"""As a simple query ends."""
PARSED = re.compile(rb"P.{4}([^\0]+)\0[^\0]*_at_once\(", re.DOTALL)
"""A statement is named that is a transaction by itself."""


class Wire:
    """Hands on every byte both ways. While it is `held`, commits reach PostgreSQL and no answer comes.

    Of its connections a share breaks with each COMMIT (`breaking`, 0 to 1): half before PostgreSQL
    has seen it, and half after.
    """

    def __init__(self, dsn: str) -> None:
        self._address = urlsplit(dsn)
        self._server: asyncio.Server | None = None
        self.held = False
        self.breaking = 0.0
        self.broken = 0

    async def __aenter__(self) -> str:
        """Open it; returns the database's address through it."""
        self._server = await asyncio.start_server(self._carry, HOST, 0)
        port = self._server.sockets[0].getsockname()[1]
        login = self._address.netloc.rpartition("@")[0]
        return self._address._replace(netloc=f"{login}@{HOST}:{port}").geturl()

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, on = await asyncio.open_connection(self._address.hostname, self._address.port)
        kept, last = asyncio.Event(), asyncio.Event()
        ways = [
            asyncio.create_task(self._ask(near, on, kept, last)),
            asyncio.create_task(self._reply(far, back, kept, last)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        on.transport.abort()
        back.transport.abort()

    async def _ask(
        self,
        near: asyncio.StreamReader,
        on: asyncio.StreamWriter,
        kept: asyncio.Event,
        last: asyncio.Event,
    ) -> None:
        names = set[bytes]()
        with suppress(OSError):
            while data := await near.read(1 << 16):
                names.update(PARSED.findall(data))
                commits = data.endswith(COMMIT) or _runs(data, names)
                if self.held and commits:
                    kept.set()
                if commits and random.random() < self.breaking:  # noqa: S311
                    self.broken += 1
                    if self.broken % 2:
                        return
                    last.set()
                on.write(data)

    async def _reply(
        self,
        far: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        kept: asyncio.Event,
        last: asyncio.Event,
    ) -> None:
        with suppress(OSError):
            while data := await far.read(1 << 16):
                if last.is_set():
                    return
                if not kept.is_set():
                    back.write(data)


def _runs(data: bytes, names: set[bytes]) -> bool:
    """Whether a message of the extended protocol begins with a Bind of one of these statements."""
    return data[:1] == b"B" and any(data.find(name + b"\0", 5) >= 0 for name in names)
