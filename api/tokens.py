"""Access tokens: JWS compact (RFC 7515), claims after RFC 9068 and RFC 8725.

Everything that a token says about how to check it is ignored, or makes it refused.
"""

import binascii
import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from msgspec import Struct

from api.addresses import is_clean
from api.bodies import SET_APART
from api.jwks import Keys, PublicKey
from domain.errors import Unauthenticated

LONGEST = 8 * 1024
"""Bytes of the longest token that is looked into."""
LEEWAY = 30
"""Seconds that the provider's clock may differ from ours."""
LONGEST_SUBJECT = 255
LATEST = 7_258_118_400
"""No time in a token lies after the year 2200."""

SHAPE = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
NUMBERS = frozenset({int, float})
OF_ID_TOKENS = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
KINDS: Mapping[str, type[PublicKey]] = {"ES256": ECKey, "RS256": RSAKey, "EdDSA": OKPKey}
CURVES = {"ES256": "P-256", "EdDSA": "Ed25519"}
SIGNED_OVER, PADDING = SHA256(), PKCS1v15()
SIGNED_BY_EC = ECDSA(SIGNED_OVER)
HALF = 32
"""Bytes of each of the two numbers of an ES256 signature (RFC 7518, 3.4)."""

Check = Callable[[bytes, bytes], object]
"""Whether what was signed has this signature; raises InvalidSignature or ValueError if not."""


class Claims(Struct, frozen=True, kw_only=True):
    """Who logged in, where and when. `login_at` is `auth_time`, or `iat` where that is not said."""

    issuer: str
    subject: str
    login_at: datetime
    all: dict[str, Any]


class Verifier:
    """Checks tokens of one issuer for one audience. Raises Unauthenticated, never saying why."""

    def __init__(
        self,
        keys: Keys,
        issuer: str,
        audience: str,
        algorithms: tuple[str, ...],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._algorithms = frozenset(algorithms)
        self._clock = clock
        self._checks: dict[tuple[str, str], tuple[PublicKey, Check]] = {}

    async def verify(self, token: bytes) -> Claims:
        """The claims of a token that is ours to take, now."""
        if len(token) > LONGEST or (parts := SHAPE.fullmatch(token)) is None:
            raise Unauthenticated
        algorithm, kid, kind = _header(parts[1])
        if algorithm not in self._algorithms or kind not in TYPES:
            raise Unauthenticated
        key = await self._keys.find(kid)
        if key is None:
            raise Unauthenticated
        try:
            self._check(algorithm, kid, key)(token[: parts.start(3) - 1], _decoded(parts[3]))
        except (InvalidSignature, ValueError):
            raise Unauthenticated from None
        return self._claims(_object(parts[2]))

    def _check(self, algorithm: str, kid: str, key: PublicKey) -> Check:
        """How to check a signature by a key, looked over once: that takes as long as the check itself."""
        held, check = self._checks.get((algorithm, kid), (None, None))
        if held is not key or check is None:
            check = _checking(algorithm, key)
            self._checks[algorithm, kid] = key, check
        return check

    def _claims(self, claims: dict[str, Any]) -> Claims:
        now = self._clock()
        subject, audience = claims.get("sub"), claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        issued, login = _time(claims, "iat"), _time(claims, "auth_time")
        expires, starts = _time(claims, "exp"), _time(claims, "nbf")
        began = login if login is not None else issued
        if (
            claims.get("iss") != self._issuer
            or self._audience not in audiences
            or not OF_ID_TOKENS.isdisjoint(claims)
            or not _is_subject(subject)
            or expires is None
            or expires <= now - LEEWAY
            or began is None
            or any(t is not None and t > now + LEEWAY for t in (issued, login, starts))
        ):
            raise Unauthenticated
        login_at = datetime.fromtimestamp(began, UTC)
        return Claims(issuer=self._issuer, subject=str(subject), login_at=login_at, all=claims)


@lru_cache(64)
def _header(part: bytes) -> tuple[str, str, str]:
    """Algorithm, key id and type. A provider writes few headers, and the same for many tokens."""
    header = _object(part)
    algorithm, kid, kind = (header.get(name) for name in ("alg", "kid", "typ"))
    if header.keys() != {"alg", "kid", "typ"}:
        raise Unauthenticated
    if not (isinstance(algorithm, str) and isinstance(kid, str) and isinstance(kind, str)):
        raise Unauthenticated
    return algorithm, kid, kind.lower()


def _checking(algorithm: str, key: PublicKey) -> Check:
    """By cryptography itself; joserfc says what the key may be used for. Raises Unauthenticated."""
    if not _fits(key, algorithm):
        raise Unauthenticated
    try:
        key.check_use("sig")
        jws.JWSRegistry.algorithms[algorithm].check_key(key)
        public: Any = key.get_op_key("verify")
    except JoseError:
        raise Unauthenticated from None
    match algorithm:
        case "ES256":
            return lambda signed, signature: public.verify(_der(signature), signed, SIGNED_BY_EC)
        case "RS256":
            return lambda signed, signature: public.verify(signature, signed, PADDING, SIGNED_OVER)
        case _:
            return lambda signed, signature: public.verify(signature, signed)


def _der(signature: bytes) -> bytes:
    if len(signature) != 2 * HALF:
        raise InvalidSignature
    numbers = signature[:HALF], signature[HALF:]
    return encode_dss_signature(*(int.from_bytes(number) for number in numbers))


def _decoded(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _object(part: bytes) -> dict[str, Any]:
    """A JSON object in base64url; refuses a name that is given twice."""
    try:
        text = _decoded(part)
        value = msgspec.json.decode(text)
        if not isinstance(value, dict):
            raise Unauthenticated
        if SET_APART.search(text) is None and text.count(b'":') == len(value):
            return value  # `":` ends each name: there are no others, and none stands twice
        DECODER.decode(text.decode())
    except (binascii.Error, ValueError, RecursionError):
        raise Unauthenticated from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unauthenticated
    return found


def _refuse(_: str) -> None:
    raise Unauthenticated


DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if type(value) not in NUMBERS or not 0 <= value < LATEST:
        raise Unauthenticated
    return float(value)


def _is_subject(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_SUBJECT and is_clean(value)


def _fits(key: PublicKey, algorithm: str) -> bool:
    if not isinstance(key, KINDS[algorithm]) or (key.alg or algorithm) != algorithm:
        return False
    return algorithm not in CURVES or getattr(key, "curve_name", None) == CURVES[algorithm]
