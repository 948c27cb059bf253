"""A provider's keys: rotated, removed, away, and asked for by ids that nobody has."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey

from api.jwks import PAUSE, Keys, PublicKey, Unfetchable, provider, usable
from domain.errors import Unavailable
from tests.oidc import Provider

OLD, NEW = (ECKey.generate_key("P-256", auto_kid=True) for _ in range(2))
OLD_ID, NEW_ID = str(OLD.kid), str(NEW.kid)


class Away:
    """A provider with a clock of its own, that can go away."""

    def __init__(self, *keys: PublicKey) -> None:
        self.now = 1000.0
        self.fetches = 0
        self.keys: tuple[PublicKey, ...] | None = keys
        self.known = Keys(self.fetch, lambda: self.now)

    async def fetch(self) -> Mapping[str, PublicKey]:
        self.fetches += 1
        await asyncio.sleep(0)
        if self.keys is None:
            raise Unfetchable
        return {str(key.kid): key for key in self.keys}

    async def find(self, kid: str, *, after: float = 0) -> PublicKey | None:
        self.now += after
        found = await self.known.find(kid)
        await asyncio.sleep(0.001)  # what was begun in the background is done
        return found


async def test_any_number_of_unknown_ids_fetch_once_in_thirty_seconds() -> None:
    provider = Away(OLD)
    for _ in range(10):
        await asyncio.gather(*(provider.find(f"unknown-{n}", after=0.004) for n in range(1000)))
    assert provider.fetches == 2  # 40 seconds went by


async def test_a_new_key_is_taken_within_thirty_seconds() -> None:
    provider = Away(OLD)
    await provider.find(OLD_ID)
    provider.keys = (OLD, NEW)
    assert await provider.find(NEW_ID, after=29) is None
    assert await provider.find(NEW_ID, after=1) is NEW


@pytest.mark.parametrize("step", [10, 100, 270, 3600])
async def test_a_removed_key_is_gone_within_five_minutes(step: float) -> None:
    provider = Away(OLD, NEW)
    await provider.find(OLD_ID)
    provider.keys = (NEW,)
    removed = provider.now
    while provider.now + step < removed + 300:
        await provider.find(NEW_ID, after=step)
    assert await provider.find(OLD_ID, after=step) is None


async def test_known_keys_serve_while_the_provider_is_away() -> None:
    provider = Away(OLD)
    await provider.find(OLD_ID)
    provider.keys = None
    for _ in range(60):
        assert await provider.find(OLD_ID, after=10) is OLD
    assert provider.fetches <= 1 + 600 / PAUSE


async def test_without_any_key_we_say_come_back_later_and_do() -> None:
    provider = Away()
    provider.keys = None
    with pytest.raises(Unavailable):
        await provider.find(OLD_ID)
    provider.keys = (OLD,)
    assert await provider.find(OLD_ID, after=PAUSE) is OLD


async def test_one_who_gives_up_does_not_take_the_keys_from_the_others() -> None:
    provider = Away(OLD)
    impatient = asyncio.create_task(provider.find(OLD_ID))
    patient = asyncio.create_task(provider.find(OLD_ID))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient is OLD


def test_what_is_no_public_signing_key_is_passed_over() -> None:
    bad: list[Any] = [
        OctKey.generate_key(256, auto_kid=True).as_dict(private=True),
        {"kty": "RSA", "kid": "small", "e": "AQAB", "n": "u" * 171},
        {**OLD.as_dict(private=False), "use": "enc"},
        {"kty": "EC", "kid": "x", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC"},
        "key",
        None,
    ]
    found = usable({"keys": [*bad, {**NEW.as_dict(private=False), "use": "sig"}]})
    assert list(found) == [NEW_ID]


async def test_keys_of_a_real_provider_are_discovered(oidc: Provider) -> None:
    assert await Keys(provider(oidc.issuer)).find(oidc.key_id()) is not None


@pytest.mark.parametrize("path", ["/nowhere", "/"])
async def test_an_issuer_that_is_none_is_found_out(oidc: Provider, path: str) -> None:
    with pytest.raises((Unfetchable, httpx.HTTPError)):
        await provider(oidc.issuer + path)()
