"""Tries that end, devices that are gone, and a service that refuses us: nothing is lost, nobody told twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from asyncpg import Connection

from domain.db import Pool, begin, open_pool
from notifications import devices
from notifications import worker as working
from notifications.kinds import Kind
from notifications.push import Answer
from tests.database import Database
from tests.notifications.doorbell import ACCEPTED, Doorbell, later
from tests.notifications.street import (
    make_due,
    make_neighbour,
    make_phone,
    promise,
    rows,
    states,
    worker,
)

FRESH = devices.Registration(value_kind="fid", value="fresh", platform="android", language="sv")


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("api"), 4) as pool:
        yield pool


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("worker"), working.CONNECTIONS) as pool:
        yield pool


@pytest.fixture
def bell() -> Doorbell:
    return Doorbell()


@pytest.fixture
async def anna(admin: Connection) -> UUID:
    return await make_neighbour(admin)


async def test_a_retry_leaves_out_the_device_that_took_it(
    api: Pool, pool: Pool, admin: Connection
) -> None:
    anna = await make_neighbour(admin, phones=2)
    first = Doorbell(lambda knock: ACCEPTED if knock is first.knocks[0] else later(30))
    await promise(api, anna)
    await worker(pool, first).once()
    (row,) = await rows(admin)
    assert (row["state"], row["attempts"]) == ("waiting", 1)
    assert row["not_before"] > datetime.now(UTC) + timedelta(seconds=25)
    await make_due(admin)
    second = Doorbell()
    await worker(pool, second).once()
    assert [k.target.device_id for k in second.knocks] == [first.knocks[1].target.device_id]
    assert await states(admin) == ["sent"]


async def test_a_new_message_is_told_to_the_device_that_took_an_older_one(
    api: Pool, pool: Pool, admin: Connection
) -> None:
    anna = await make_neighbour(admin, phones=2)
    first = Doorbell(lambda knock: ACCEPTED if knock is first.knocks[0] else later())
    await promise(api, anna)
    await worker(pool, first).once()
    await promise(api, anna, Kind.LOGIN_ADDED)
    await make_due(admin)
    second = Doorbell()
    await worker(pool, second).once()
    old, new = (row["message_id"] for row in await rows(admin))
    told = {knock.target.device_id: knock.message_id for knock in second.knocks}
    took, waited = (knock.target.device_id for knock in first.knocks)
    assert told == {took: new, waited: old}
    assert await states(admin) == ["sent", "sent"]


async def test_after_an_hour_of_trying_it_is_dead_with_a_cause(
    api: Pool, pool: Pool, admin: Connection, anna: UUID
) -> None:
    bell = Doorbell(lambda _: later(cause="unavailable"))
    await promise(api, anna)
    lane = worker(pool, bell)
    await lane.once()
    await admin.execute("UPDATE outbox SET tried_at = now() - interval '59 minutes 55 seconds'")
    await make_due(admin)
    await lane.once()
    (row,) = await rows(admin)
    assert (row["state"], row["cause"]) == ("dead", "unavailable")


async def test_what_can_never_be_taken_is_dead_at_once(
    api: Pool, pool: Pool, admin: Connection, anna: UUID
) -> None:
    await promise(api, anna)
    await worker(pool, Doorbell(lambda _: Answer("invalid-message", None, "bad"))).once()
    assert await states(admin) == ["dead"]


async def test_an_app_that_is_gone_retires_its_device(
    api: Pool, pool: Pool, admin: Connection, anna: UUID
) -> None:
    await promise(api, anna)
    await worker(pool, Doorbell(lambda _: Answer("unregistered", None, "unregistered"))).once()
    assert await admin.fetchval("SELECT count(*) FROM device WHERE retired_at IS NULL") == 0
    assert await states(admin) == ["no-device"]


async def test_an_address_that_changed_in_flight_is_kept_and_knocked_on(
    api: Pool, pool: Pool, admin: Connection, anna: UUID
) -> None:
    bell = Doorbell(lambda _: Answer("unregistered", None, "unregistered"))
    bell.delay = 0.5
    await promise(api, anna)
    knocking = asyncio.create_task(worker(pool, bell).once())
    await bell.rung.wait()
    async with api.acquire() as own, begin(own, resident=anna):
        device_id = bell.knocks[0].target.device_id
        await devices.register(own, anna, device_id, FRESH)
    await knocking
    await make_due(admin)
    second = Doorbell()
    await worker(pool, second).once()
    assert [knock.target.value for knock in second.knocks] == ["fresh"]
    assert await states(admin) == ["sent"]


async def test_a_new_device_is_told_to_the_others_and_not_to_itself(
    api: Pool, pool: Pool, bell: Doorbell, anna: UUID
) -> None:
    new = uuid4()
    async with api.acquire() as own, begin(own, resident=anna):
        await devices.register(own, anna, new, FRESH)
    await worker(pool, bell).once()
    (knock,) = bell.knocks
    assert knock.target.device_id != new


@pytest.mark.parametrize("verdict", ["refused-credentials", "sender-mismatch"])
async def test_when_we_are_refused_the_lane_stops_and_nothing_is_lost(
    api: Pool, pool: Pool, admin: Connection, anna: UUID, verdict: str
) -> None:
    bell = Doorbell(lambda _: Answer(verdict, None, verdict))  # type: ignore[arg-type]
    await promise(api, anna)
    lane = worker(pool, bell)
    await lane.once()
    await promise(api, await make_neighbour(admin))
    assert await lane.once() == 0
    assert (len(bell.knocks), await states(admin)) == (1, ["waiting", "waiting"])
    assert [row["attempts"] for row in await rows(admin)] == [0, 0]
    assert await admin.fetchval("SELECT count(*) FROM device WHERE retired_at IS NULL") == 2


async def test_one_address_of_another_sender_stops_nobody_else_s(
    api: Pool, pool: Pool, admin: Connection, anna: UUID
) -> None:
    stray = await make_phone(admin, await make_neighbour(admin, phones=0))
    mismatch = Answer("sender-mismatch", None, "sender-mismatch")
    bell = Doorbell(lambda knock: mismatch if knock.target.device_id == stray else ACCEPTED)
    lane = worker(pool, bell)
    await promise(api, anna)
    await lane.once()
    owner: UUID = await admin.fetchval("SELECT resident_id FROM device WHERE device_id = $1", stray)
    await promise(api, owner)
    await lane.once()
    await promise(api, anna, Kind.LOGIN_ADDED)
    await lane.once()
    assert await states(admin) == ["sent", "no-device", "sent"]
