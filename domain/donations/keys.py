"""Data keys: one per resident and scope, wrapped by a key-encryption key that a provider holds.

Destroying the wrapped key makes every copy of what it sealed unreadable, backups included.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import Unavailable

KEY = 32
NONCE = 12


class KeyUnavailable(Unavailable):
    """The key to this data cannot be had right now."""


class KeyForeign(Exception):
    """A stored data key that was tampered with, or wrapped for another resident, scope or version."""


class WrappedKey(NamedTuple):
    """A data key as it is stored: only the provider that holds the named key can unwrap it."""

    kek_id: str
    sealed: bytes


@runtime_checkable  # Litestar looks at what it hands to a route
class KeyProvider(Protocol):
    """Holds key-encryption keys: a file on one machine, or a key service. `context` binds a key to its use."""

    async def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """Wrap under the current key-encryption key."""

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """The data key. Raises `KeyUnavailable`, `KeyForeign`."""


class FileKeyProvider:
    """Key-encryption keys in files of 64 hex digits: `kek` wraps, `kek.*` are older and only unwrap."""

    def __init__(self, current: bytes, older: tuple[bytes, ...] = ()) -> None:
        """Take the keys themselves; see `from_folder`."""
        if any(len(key) != KEY for key in (current, *older)):
            raise KeyUnavailable
        self._current = fingerprint(current)
        self._keys = {fingerprint(key): AESGCM(key) for key in (*older, current)}

    @classmethod
    def from_folder(cls, folder: Path) -> "FileKeyProvider":
        """Read the keys of a folder once. Raises `KeyUnavailable` where `kek` is missing or a file is odd."""
        try:
            older = tuple(_read(path) for path in sorted(folder.glob("kek.*")))
            return cls(_read(folder / "kek"), older)
        except (OSError, ValueError):
            raise KeyUnavailable from None

    async def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """Wrap under `kek`."""
        nonce = os.urandom(NONCE)
        sealed = nonce + self._keys[self._current].encrypt(nonce, data_key, context)
        return WrappedKey(self._current, sealed)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """Unwrap under the key that wrapped."""
        kek = self._keys.get(wrapped.kek_id)
        if kek is None:
            raise KeyUnavailable
        try:
            return kek.decrypt(wrapped.sealed[:NONCE], wrapped.sealed[NONCE:], context)
        except (InvalidTag, ValueError):
            raise KeyForeign from None


def new_key() -> bytes:
    """A fresh AES-256 key."""
    return AESGCM.generate_key(bit_length=8 * KEY)


def fingerprint(key: bytes) -> str:
    """The id of a key-encryption key: tells which one wrapped, and nothing about it."""
    return hashlib.sha256(b"medverka kek\0" + key).hexdigest()[:16]


def context(resident_id: UUID, scope: str, version: int) -> bytes:
    """What a data key is bound to. A scope is a data category, or one questionnaire's answers."""
    return b"medverka data key\0" + resident_id.bytes + version.to_bytes(4, "big") + scope.encode()


def _read(path: Path) -> bytes:
    return bytes.fromhex(path.read_text())
