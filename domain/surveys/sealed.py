"""A response sealed so that it opens only in its place, as segments are.

It is compressed first: FHIR's JSON becomes a tenth, which stays in its row.
"""

import struct
import sys
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from domain.donations.segments import decrypt, encrypt
from domain.surveys.scoring import Score

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1
"""Of zstd (RFC 8878): the higher ones take longer, and save nothing on a few kilobytes."""


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


_COMPRESSOR = zstd.ZstdCompressor(LEVEL)
"""Used again for each: to make one takes half as long as it does."""
_CONTENTS = msgspec.json.Decoder(Contents)


def seal(key: bytes, place: Place, contents: Contents) -> bytes:
    """Encrypt for one place."""
    whole = _COMPRESSOR.compress(msgspec.json.encode(contents), _COMPRESSOR.FLUSH_FRAME)
    return encrypt(key, place, whole)


def unseal(key: bytes, place: Place, sealed: bytes) -> Contents:
    """What was sealed. Raises `Unreadable` where it was not sealed for this place with this key."""
    return _CONTENTS.decode(zstd.decompress(decrypt(key, place, sealed)))
