"""A key service (a cloud's, or a hardware module behind one) as a `KeyProvider`.

What one is asked for is little: encrypt and decrypt a few bytes under a key that never leaves it,
bound to a context (AWS calls it encryption context, Google additional authenticated data). An
adapter of a few lines per vendor is a `RemoteKeys`; time and number of calls are bounded here.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from domain.donations.keys import KeyForeign, KeyUnavailable, WrappedKey

SECONDS = 2.0
"""The longest that one call may take: whoever waits for it holds a transaction open."""
AT_ONCE = 32


class Refused(Exception):
    """The key service says that it did not make this, or not in this context."""


class RemoteKeys(Protocol):
    """A vendor's client. Raises `Refused`; anything else it raises means that it is away."""

    async def key_id(self) -> str:
        """The id of the key, or of its version, that encrypts now."""

    async def encrypt(self, plain: bytes, context: bytes) -> tuple[str, bytes]:
        """The id of the key that encrypted, and what it made."""

    async def decrypt(self, key_id: str, sealed: bytes, context: bytes) -> bytes:
        """What was encrypted."""


class RemoteKeyProvider:
    """Asks a key service each time and keeps nothing: what is destroyed is out of reach at once."""

    def __init__(self, remote: RemoteKeys, seconds: float = SECONDS) -> None:
        self._remote = remote
        self._seconds = seconds
        self._calls = asyncio.Semaphore(AT_ONCE)

    async def current(self) -> str:
        """The id of the key that wraps now. Raises `KeyUnavailable`."""
        async with self._bounded():
            return await self._remote.key_id()

    async def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """Wrap. Raises `KeyUnavailable`."""
        async with self._bounded():
            return WrappedKey(*await self._remote.encrypt(data_key, context))

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """Unwrap. Raises `KeyUnavailable`, `KeyForeign`."""
        async with self._bounded():
            return await self._remote.decrypt(wrapped.kek_id, wrapped.sealed, context)

    async def unwrap_all(self, several: Sequence[tuple[WrappedKey, bytes]]) -> list[bytes]:
        """All of them side by side."""
        return list(await asyncio.gather(*(self.unwrap(*one) for one in several)))

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """One of so many calls, for so long. What goes wrong at a vendor's has no name of ours."""
        try:
            async with self._calls, asyncio.timeout(self._seconds):
                yield
        except Refused:
            raise KeyForeign from None
        except Exception:  # noqa: BLE001 - a vendor's errors quote what was sent
            raise KeyUnavailable from None
