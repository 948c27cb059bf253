"""A key service fits where the key files stand, is asked side by side, and never holds anyone up for long."""

import asyncio
import os
from uuid import UUID

import pytest
from asyncpg import Connection
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.db import begin
from domain.donations import store, streams
from domain.donations.keys import KeyForeign, KeyUnavailable, WrappedKey, context, new_key
from domain.donations.model import Source, Upload
from domain.donations.remote_keys import Refused, RemoteKeyProvider
from tests.domain.donations.conftest import NOW, heart, steps

BOUND = context(UUID(int=1), "heart", 1)


class Cloud:
    """A service some milliseconds away, with ids as long as theirs are."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.seconds = seconds
        self.asked = self.at_once = self.most_at_once = 0
        self._key = AESGCM(new_key())

    async def _travel(self) -> None:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1

    async def key_id(self) -> str:
        return "projects/region/locations/europe-north1/keyRings/medverka/cryptoKeys/kek/3"

    async def encrypt(self, plain: bytes, context: bytes) -> tuple[str, bytes]:
        await self._travel()
        nonce = os.urandom(12)
        return await self.key_id(), nonce + self._key.encrypt(nonce, plain, context)

    async def decrypt(self, _: str, sealed: bytes, context: bytes) -> bytes:
        await self._travel()
        try:
            return self._key.decrypt(sealed[:12], sealed[12:], context)
        except InvalidTag:
            raise Refused from None


async def test_donations_are_taken_and_read_under_a_key_service(
    conn: Connection, resident: UUID
) -> None:
    cloud = Cloud()
    keys = RemoteKeyProvider(cloud)
    upload = Upload(source=Source(app="watch"), batches=[heart(2_000, 1_000), steps(9_000_000)])
    async with begin(conn, resident=resident):
        answer = await store.donate(conn, keys, resident, upload, NOW)
    assert [batch.accepted for batch in answer.batches] == [2, 1]
    async with begin(conn, resident=resident):
        [one, *_] = await streams.streams(conn, resident, measure="heart-rate")
        page = await streams.read(conn, keys, resident, one.stream_id)
    assert len(page.batches[0].start) == 2


async def test_several_keys_are_unwrapped_side_by_side() -> None:
    cloud = Cloud()
    keys = RemoteKeyProvider(cloud)
    made = [await keys.wrap(new_key(), BOUND) for _ in range(8)]
    assert len(await keys.unwrap_all([(one, BOUND) for one in made])) == 8
    assert cloud.most_at_once == 8


async def test_nothing_unwrapped_is_kept() -> None:
    cloud = Cloud(0)
    keys = RemoteKeyProvider(cloud)
    wrapped = await keys.wrap(new_key(), BOUND)
    for _ in range(3):
        await keys.unwrap(wrapped, BOUND)
    assert cloud.asked == 4


async def test_a_service_that_does_not_answer_is_not_waited_for() -> None:
    keys = RemoteKeyProvider(Cloud(60), seconds=0.05)
    async with asyncio.timeout(2):
        with pytest.raises(KeyUnavailable):
            await keys.wrap(new_key(), BOUND)


async def test_whatever_a_vendor_raises_is_that_it_is_away() -> None:
    class Broken(Cloud):
        async def _travel(self) -> None:
            raise RuntimeError("quotes what was sent")

    with pytest.raises(KeyUnavailable) as away:
        await RemoteKeyProvider(Broken()).unwrap(WrappedKey("k", b"sealed"), BOUND)
    assert "quotes" not in str(away.value)
    assert away.value.__suppress_context__


async def test_a_key_of_another_context_is_refused() -> None:
    keys = RemoteKeyProvider(Cloud(0))
    wrapped = await keys.wrap(new_key(), BOUND)
    with pytest.raises(KeyForeign):
        await keys.unwrap(wrapped, context(UUID(int=2), "heart", 1))
