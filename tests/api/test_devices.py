"""A resident's devices: registered under their own login, told of, handed on with the phone, and let go."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from asyncpg import Connection

from domain.db import begin
from migrations.databases import connected
from notifications import devices
from notifications.devices import MOST, Reachable
from tests.api.region import Region
from tests.database import Database

PHONE, TABLET = uuid4(), uuid4()


@pytest.fixture
async def anna(region: Region) -> UUID:
    return await region.resident("anna")


def fid(value: str, **more: str) -> dict[str, str]:
    return {"value_kind": "fid", "value": value, "platform": "ios", "language": "sv", **more}


async def register(
    region: Region, who: str, device_id: UUID, body: dict[str, str]
) -> dict[str, Any]:
    answer = await region.edit("PUT", who, f"/v1/me/devices/{device_id}", body, None)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def mine(region: Region, who: str = "anna") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await region.get(who, "/v1/me/devices")).json()["items"]
    return found


async def reachable(database: Database, *residents: UUID) -> dict[UUID, str]:
    """The addresses that a worker would knock on, by device."""
    async with connected(database.dsn("worker")) as conn, begin(conn, job="drill"):
        return {one.device_id: one.value for one in await devices.reachable(conn, residents)}


async def test_a_device_is_registered_and_refreshed_and_its_address_not_told(
    region: Region, anna: UUID, database: Database
) -> None:
    first = await register(region, "anna", PHONE, fid("secret-1"))
    again = await register(region, "anna", PHONE, fid("secret-2", app_version="2.0"))
    assert again["registered_at"] == first["registered_at"]
    assert again["seen_at"] > first["seen_at"]
    assert await mine(region) == [again]
    assert "secret" not in str(again)
    assert await reachable(database, anna) == {PHONE: "secret-2"}


async def test_the_others_are_told_of_a_new_device_once(region: Region, anna: UUID) -> None:
    for device in (PHONE, PHONE, TABLET, TABLET):
        await register(region, "anna", device, fid(str(device)))
    sql = "SELECT about FROM message WHERE resident_id = $1 AND kind = 'device-added'"
    assert [row["about"] for row in await region.admin.fetch(sql, anna)] == [TABLET]


async def test_an_address_is_of_who_registered_it_last(
    region: Region, anna: UUID, database: Database
) -> None:
    bo = await region.resident("bo")
    await register(region, "anna", PHONE, fid("shared"))
    await register(region, "bo", PHONE, fid("shared"))
    assert await reachable(database, anna) == {}
    assert await reachable(database, bo) == {PHONE: "shared"}
    assert await mine(region) == []
    assert len(await mine(region, "bo")) == 1


async def test_a_device_is_another_s_to_none_but_its_own(
    region: Region, anna: UUID, database: Database
) -> None:
    await region.resident("bo")
    await register(region, "anna", PHONE, fid("a"))
    gone = await region.client.delete(f"/v1/me/devices/{PHONE}", headers=region.bearer("bo"))
    assert gone.status_code == 404
    assert await reachable(database, anna) == {PHONE: "a"}
    gone = await region.client.delete(f"/v1/me/devices/{PHONE}", headers=region.bearer("anna"))
    assert gone.status_code == 204
    assert await reachable(database, anna) == {}


async def test_signing_out_everywhere_leaves_none_to_knock_on(
    region: Region, anna: UUID, database: Database
) -> None:
    await register(region, "anna", PHONE, fid("a"))
    assert (await region.post("anna", "/v1/me/sign-out-everywhere")).status_code == 204
    assert await reachable(database, anna) == {}
    assert await region.admin.fetchval("SELECT value FROM device") is None


async def test_only_an_address_that_is_still_its_own_is_retired(
    region: Region, anna: UUID, database: Database
) -> None:
    await register(region, "anna", PHONE, fid("old"))
    sent = await _seen(database, anna)
    await register(region, "anna", PHONE, fid("new"))
    async with connected(database.dsn("worker")) as conn, begin(conn, job="drill"):
        device, hash_of_old = sent.device_id, sent.value_hash
        assert not await devices.retire(conn, anna, device, hash_of_old, "unregistered")
        assert await devices.retire(
            conn, anna, device, devices.hash_of("fid", "new"), "unregistered"
        )
    assert (await mine(region))[0]["retired_because"] == "unregistered"


async def _seen(database: Database, resident_id: UUID) -> Reachable:
    async with connected(database.dsn("worker")) as conn, begin(conn, job="drill"):
        return (await devices.reachable(conn, [resident_id]))[0]


async def test_a_device_not_seen_for_long_is_not_knocked_on(
    region: Region, anna: UUID, database: Database
) -> None:
    await register(region, "anna", PHONE, fid("a"))
    await _age(region.admin, devices.STALE + timedelta(days=1))
    assert await reachable(database, anna) == {}
    async with connected(database.dsn("worker")) as conn, begin(conn, job="drill"):
        assert await devices.retire_stale(conn, 10) == 1
    assert (await mine(region))[0]["retired_because"] == "stale"
    await register(region, "anna", PHONE, fid("a"))
    assert await reachable(database, anna) == {PHONE: "a"}


async def _age(admin: Connection, by: timedelta) -> None:
    await admin.execute("UPDATE device SET seen_at = seen_at - $1::interval", by)


async def test_with_too_many_the_one_not_seen_for_longest_gives_way(
    region: Region, anna: UUID, database: Database
) -> None:
    ids = [uuid4() for _ in range(MOST + 1)]
    for device in ids:
        await register(region, "anna", device, fid(device.hex))
    assert set(await reachable(database, anna)) == set(ids[1:])


@pytest.mark.parametrize(
    "body",
    [fid(""), fid("x" * 4097), fid("a b"), fid("a\n"), fid("å"), fid("a", platform="symbian")],
)
@pytest.mark.usefixtures("anna")
async def test_what_is_no_address_is_refused_and_not_repeated(
    region: Region, body: dict[str, str]
) -> None:
    answer = await region.edit("PUT", "anna", f"/v1/me/devices/{PHONE}", body, None)
    assert answer.status_code == 400
    assert await mine(region) == []
