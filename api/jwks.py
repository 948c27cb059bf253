"""The identity provider's public keys, fetched without ever making a request wait in line.

A stranger chooses the `kid` of a token, so the number of fetches does not follow from the
number of unknown kids: there is at most one in thirty seconds.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from domain.errors import Unavailable

PublicKey = ECKey | OKPKey | RSAKey
Fetch = Callable[[], Awaitable[Mapping[str, PublicKey]]]

PAUSE = 30.0
"""Seconds between two fetches, whoever asks."""
FRESH = 200.0
"""Seconds after which keys are fetched anew while the old ones serve."""
STALE = 270.0
"""Seconds after which a fetch is waited for, so that a removed key is gone within 300."""
LARGEST = 256 * 1024
MOST_KEYS = 100
SMALLEST_MODULUS = 342
"""Base64url digits of 2048 bits, the least that RSA may have."""

log = structlog.get_logger()


class Unfetchable(Exception):
    """The provider's answer is no set of keys. The text holds nothing of the answer."""


class Keys:
    """A provider's keys by `kid`. While the provider is down, the last ones known serve."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, PublicKey] | None = None
        self._fetched = self._tried = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> PublicKey | None:
        """The key of that id. Raises Unavailable while none was ever fetched."""
        age = self._clock() - self._fetched
        if age > FRESH:
            self._start()
        unknown = self._keys is None or kid not in self._keys
        if unknown:
            self._start()
        if self._fetching is not None and (unknown or age > STALE):
            # Shielded: a caller who gives up does not take the fetch from the others.
            await asyncio.shield(self._fetching)
        if self._keys is None:
            raise Unavailable("The identity provider cannot be reached.")
        return self._keys.get(kid)

    def _start(self) -> None:
        if self._fetching is None and self._clock() - self._tried >= PAUSE:
            self._tried = self._clock()
            self._fetching = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        try:
            self._keys = await self._fetch()
            self._fetched = self._clock()
        except (httpx.HTTPError, httpx.InvalidURL, Unfetchable, TimeoutError) as error:
            log.warning("keys_not_fetched", error=type(error).__name__)
        finally:
            self._fetching = None


def fixed(*keys: PublicKey) -> Keys:
    """Keys that never change: those of the development issuer."""

    async def fetch() -> Mapping[str, PublicKey]:
        return {str(key.kid): key for key in keys}

    return Keys(fetch)


def provider(issuer: str, jwks_url: str = "") -> Fetch:
    """Fetch from an identity provider, its JWKS found by OpenID Connect Discovery 1.0."""

    async def fetch() -> Mapping[str, PublicKey]:
        async with asyncio.timeout(5), httpx.AsyncClient(timeout=3, trust_env=False) as client:
            address = jwks_url or await _discover(client, issuer)
            return usable(await _read(client, address))

    return fetch


async def _discover(client: httpx.AsyncClient, issuer: str) -> str:
    found = await _read(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer or not isinstance(address := found.get("jwks_uri"), str):
        raise Unfetchable
    return address


async def _read(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    async with client.stream("GET", address) as answer:
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise Unfetchable
    if answer.status_code != httpx.codes.OK:
        raise Unfetchable
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unfetchable from None


def usable(jwks: Mapping[str, Any]) -> Mapping[str, PublicKey]:
    """The public signing keys of a JWK set (RFC 7517); what we cannot use is passed over."""
    listed = jwks.get("keys")
    if not isinstance(listed, list):
        raise Unfetchable
    keys = (_key(entry) for entry in listed[:MOST_KEYS])
    return {str(key.kid): key for key in keys if key is not None}


def _key(entry: Any) -> PublicKey | None:  # noqa: ANN401 - whatever the provider sent
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if entry.get("use", "sig") != "sig" or entry.get("kty") not in {"EC", "RSA", "OKP"}:
        return None
    if entry["kty"] == "RSA" and len(str(entry.get("n"))) < SMALLEST_MODULUS:
        return None
    try:
        key = JWKRegistry.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, ECKey | OKPKey | RSAKey) else None
