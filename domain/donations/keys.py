"""Data keys: one per resident and scope, wrapped by a key-encryption key that a provider holds.

Destroying the wrapped key makes every copy of what it sealed unreadable, backups included.
"""

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.damage import Damaged
from domain.errors import Unavailable

KEY = 32
NONCE = 12
AGAIN_SECONDS = 1.0
"""A folder is not read more often for a key that it does not have."""


class KeyUnavailable(Unavailable):
    """The key to this data cannot be had right now."""


class KeyForeign(Damaged):
    """A stored data key that was tampered with, or wrapped for another resident, scope or version."""


class WrappedKey(NamedTuple):
    """A data key as it is stored: only the provider that holds the named key can unwrap it."""

    kek_id: str
    sealed: bytes


@runtime_checkable  # Litestar looks at what it hands to a route
class KeyProvider(Protocol):
    """Holds key-encryption keys: files on one machine, or a key service. `context` binds a key to its use.

    Every call is bounded in time and may raise `KeyUnavailable`; what a caller has locked waits with it.
    Nothing unwrapped is kept between two calls: a key that is destroyed is of no more use anywhere.
    """

    async def current(self) -> str:
        """The id of the key-encryption key that wraps now."""

    async def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """Wrap under the current key-encryption key."""

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """The data key. Raises `KeyForeign`."""

    async def unwrap_all(self, several: Sequence[tuple[WrappedKey, bytes]]) -> list[bytes]:
        """Each as `unwrap`; a key service is asked for them side by side."""


class FileKeyProvider:
    """Key-encryption keys in files of 64 hex digits: `kek` wraps, `kek.*` only unwrap.

    A running process notices what changes in the folder: another `kek` when it next wraps, a new
    `kek.*` when it first meets its id.
    """

    def __init__(self, current: bytes, older: tuple[bytes, ...] = ()) -> None:
        """Take the keys themselves; see `from_folder`."""
        self._hold(current, older)
        self._folder: Path | None = None
        self._seen: tuple[int, int] | None = None
        self._read_at = 0.0

    @classmethod
    def from_folder(cls, folder: Path) -> "FileKeyProvider":
        """The keys of a folder. Raises `KeyUnavailable` where `kek` is missing or a file is odd."""
        try:
            seen = _version(folder)
            provider = cls(*_keys(folder))
        except (OSError, ValueError):
            raise KeyUnavailable from None
        provider._folder, provider._seen = folder, seen
        return provider

    async def current(self) -> str:
        """The fingerprint of `kek`."""
        self._look()
        return self._current

    async def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """Wrap under `kek`."""
        self._look()
        nonce = os.urandom(NONCE)
        sealed = nonce + self._keys[self._current].encrypt(nonce, data_key, context)
        return WrappedKey(self._current, sealed)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """Unwrap under the key that wrapped."""
        kek = self._keys.get(wrapped.kek_id) or self._newly(wrapped.kek_id)
        try:
            return kek.decrypt(wrapped.sealed[:NONCE], wrapped.sealed[NONCE:], context)
        except (InvalidTag, ValueError):
            raise KeyForeign from None

    async def unwrap_all(self, several: Sequence[tuple[WrappedKey, bytes]]) -> list[bytes]:
        """One after the other: it takes microseconds."""
        return [await self.unwrap(wrapped, context) for wrapped, context in several]

    def _hold(self, current: bytes, older: tuple[bytes, ...]) -> None:
        if any(len(key) != KEY for key in (current, *older)):
            raise KeyUnavailable
        self._current = fingerprint(current)
        self._keys = {fingerprint(key): AESGCM(key) for key in (*older, current)}

    def _look(self) -> None:
        """Read the folder again where `kek` is another file than it was."""
        if self._folder is not None:
            try:
                changed = _version(self._folder) != self._seen
            except OSError:
                return  # what is in memory serves on
            if changed:
                self._read(self._folder)

    def _newly(self, kek_id: str) -> AESGCM:
        """A key that came into the folder since it was read."""
        if self._folder is not None and time.monotonic() - self._read_at > AGAIN_SECONDS:
            self._read_at = time.monotonic()
            self._read(self._folder)
        if kek_id not in self._keys:
            raise KeyUnavailable
        return self._keys[kek_id]

    def _read(self, folder: Path) -> None:
        try:
            seen = _version(folder)
            self._hold(*_keys(folder))
        except (OSError, ValueError, KeyUnavailable):
            return  # half copied, perhaps: looked at again with the next
        self._seen = seen


def new_key() -> bytes:
    """A fresh AES-256 key."""
    return AESGCM.generate_key(bit_length=8 * KEY)


def fingerprint(key: bytes) -> str:
    """The id of a key-encryption key: tells which one wrapped, and nothing about it."""
    return hashlib.sha256(b"medverka kek\0" + key).hexdigest()[:16]


def context(resident_id: UUID, scope: str, version: int) -> bytes:
    """What a data key is bound to. A scope is a data category, or one questionnaire's answers."""
    return b"medverka data key\0" + resident_id.bytes + version.to_bytes(4, "big") + scope.encode()


def _keys(folder: Path) -> tuple[bytes, tuple[bytes, ...]]:
    """`kek`, and the others. Raises OSError, ValueError."""
    older = tuple(_key(path) for path in sorted(folder.glob("kek.*")))
    return _key(folder / "kek"), older


def _key(path: Path) -> bytes:
    return bytes.fromhex(path.read_text())


def _version(folder: Path) -> tuple[int, int]:
    """What changes when another file is put in the place of `kek`."""
    found = (folder / "kek").stat()
    return found.st_ino, found.st_mtime_ns


async def opened_text(keys: KeyProvider, sealed: bytes, bound: bytes) -> str:
    """A text that is stored as a MessagePack pair of key id and sealed bytes.

    Raises:
        KeyUnavailable: the key cannot be had.
        Damaged: it does not open in its place.

    """
    try:
        wrapped = msgspec.msgpack.decode(sealed, type=WrappedKey)
    except msgspec.DecodeError:
        raise Damaged from None
    return (await keys.unwrap(wrapped, bound)).decode()
