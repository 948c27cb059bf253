"""A response sealed so that it opens only in its place: AES-256-GCM (NIST SP 800-38D) behind 12 random bytes."""

import os
import struct
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Raw, Struct

from domain.damage import Damaged
from domain.surveys.scoring import Score

NONCE: Final = 12


class Unopened(Damaged):
    """A stored response that was tampered with, moved, or sealed under another key."""


class Place(NamedTuple):
    """Where a response belongs. It cannot be opened anywhere else."""

    resident_id: UUID
    response_id: UUID
    revision: int
    key_version: int

    def bound(self) -> bytes:
        """The associated data of the seal."""
        ids = self.resident_id.bytes + self.response_id.bytes
        return b"medverka response\0" + ids + struct.pack(">II", self.revision, self.key_version)


class Contents(Struct, frozen=True, kw_only=True):
    """What is sealed: the resource as it was sent, and its scores."""

    response: Raw
    scores: list[Score]


_CONTENTS = msgspec.json.Decoder(Contents)


def seal(key: bytes, place: Place, contents: Contents) -> bytes:
    """Encrypt for one place."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, msgspec.json.encode(contents), place.bound())


def unseal(key: bytes, place: Place, sealed: bytes) -> Contents:
    """What was sealed. Raises `Unopened` where it was not sealed for this place with this key."""
    try:
        return _CONTENTS.decode(AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], place.bound()))
    except (InvalidTag, ValueError):
        raise Unopened from None
