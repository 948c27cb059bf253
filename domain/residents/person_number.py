"""Swedish personal identity numbers and coordination numbers, twelve digits (SKV 704, SKV 707).

Nothing here raises: a number is never part of a message.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol
from uuid import UUID

import msgspec

SWEDISH_PROFILE = "https://id.oidc.se/claim/"
CURRENT = (
    SWEDISH_PROFILE + "personalIdentityNumber",
    SWEDISH_PROFILE + "coordinationNumber",
    "nin",
    "ssn",
)
EARLIER = (SWEDISH_PROFILE + "previousCoordinationNumber",)
COORDINATION = 60
"""What a coordination number adds to the day of birth."""
_DIGITS = re.compile(r"[0-9]{12}")


class Sealer(Protocol):
    """What seals a number at rest: the provider of the key-encryption key."""

    async def wrap(self, data_key: bytes, context: bytes, /) -> tuple[str, bytes]:
        """The id of the key that sealed, and the sealed bytes."""


def from_claims(claims: Mapping[str, Any], on: date) -> list[str]:
    """The valid numbers of a login, the one in use first, then those it replaced."""
    found = [claims.get(name) for name in (*CURRENT, *EARLIER)]
    valid = [text for text in found if isinstance(text, str) and is_valid(text, on)]
    return list(dict.fromkeys(valid))


def is_valid(text: str, on: date) -> bool:
    """Whether the text is a number of someone born by that day, with its check digit right."""
    if not _DIGITS.fullmatch(text):
        return False
    day = int(text[6:8])
    try:
        born = date(int(text[:4]), int(text[4:6]), day - COORDINATION * (day > COORDINATION))
    except ValueError:
        return False
    return born <= on and _luhn(text[2:]) % 10 == 0


def _luhn(digits: str) -> int:
    """The sum of the Luhn algorithm (ISO/IEC 7812-1, annex B) over ten digits."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return sum(value // 10 + value % 10 for value in doubled)


def digest(secret: bytes, number: str) -> bytes:
    """Under what a person is found again. Unkeyed, all 44 million numbers could be tried."""
    return hmac.digest(secret, b"person number\0" + number.encode(), hashlib.sha256)


def context(resident_id: UUID) -> bytes:
    """What a sealed number is bound to."""
    return b"medverka person number\0" + resident_id.bytes


async def seal(sealer: Sealer, resident_id: UUID, number: str) -> bytes:
    """The number as it is stored: a MessagePack pair of key id and sealed bytes."""
    return msgspec.msgpack.encode(await sealer.wrap(number.encode(), context(resident_id)))
