"""The right knock, once, on each device; never for what was withdrawn; nothing is lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from asyncpg import Connection

from domain.consents import gate
from domain.db import Pool, begin, bucket_of, open_pool
from notifications import claims, devices, outbox, pace
from notifications import worker as working
from notifications.kinds import Kind
from notifications.outbox import About
from tests.database import Database
from tests.notifications.doorbell import Doorbell, later
from tests.notifications.street import (
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


async def test_what_is_promised_is_knocked_for_once_on_each_device(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell
) -> None:
    anna = await make_neighbour(admin, phones=2)
    await promise(api, anna)
    lane = worker(pool, bell)
    assert [await lane.once(), await lane.once()] == [1, 0]
    assert len({knock.target.device_id for knock in bell.knocks}) == len(bell.knocks) == 2
    assert await states(admin) == ["sent"]


async def test_several_messages_are_told_by_one_knock_under_the_oldest_name(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    for kind in (Kind.SIGNED_OUT, Kind.LOGIN_ADDED, Kind.SIGNED_OUT):
        await promise(api, anna, kind)
    await worker(pool, bell).once()
    oldest = (await rows(admin))[0]["message_id"]
    assert [knock.message_id for knock in bell.knocks] == [oldest]
    assert await states(admin) == ["sent", "bundled", "bundled"]


async def test_without_a_device_it_waits_in_the_inbox_alone(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell
) -> None:
    await promise(api, await make_neighbour(admin, phones=0))
    await worker(pool, bell).once()
    assert await states(admin) == ["no-device"]
    assert await admin.fetchval("SELECT count(*) FROM message") == 1


async def test_what_was_read_meanwhile_is_not_knocked_for(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    await promise(api, anna)
    await admin.execute("UPDATE message SET read_at = now()")
    await worker(pool, bell).once()
    assert (bell.knocks, await states(admin)) == ([], ["cancelled"])


async def test_what_is_too_late_is_not_sent(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    await promise(api, anna)
    await promise(api, await make_neighbour(admin))
    await admin.execute("UPDATE outbox SET expires_at = now() WHERE resident_id = $1", anna)
    await worker(pool, bell).once()
    assert sorted(await states(admin)) == ["expired", "sent"]
    assert len(bell.knocks) == 1


async def test_at_night_it_waits_for_the_morning_with_many(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    now = datetime.now(UTC)
    hours = f'{{"start": "{now:%H:%M}", "end": "{now - timedelta(minutes=5):%H:%M}"}}'
    sql = "UPDATE resident SET zone = 'UTC', preferences = jsonb_build_object('quiet_hours', $1::jsonb)"
    await admin.execute(sql, hours)
    await promise(api, anna, Kind.DONATIONS_UNUSED)
    await worker(pool, bell).once()
    (row,) = await rows(admin)
    assert (bell.knocks, row["state"], row["bulk"]) == ([], "waiting", True)
    assert row["not_before"] > now + timedelta(hours=23)


async def test_a_kind_that_is_muted_waits_in_the_inbox_alone(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    await admin.execute(
        'UPDATE resident SET preferences = preferences || \'{"muted": ["consent-expiring"]}\''
    )
    await promise(api, anna, Kind.CONSENT_EXPIRING)
    await worker(pool, bell).once()
    (row,) = await rows(admin)
    assert (bell.knocks, row["state"], row["cause"]) == ([], "cancelled", "muted")


async def test_a_study_that_may_not_speak_to_a_resident_knocks_nowhere(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    await promise(api, anna, Kind.CONSENT_TO_REVIEW, uuid4())
    await worker(pool, bell).once()
    (row,) = await rows(admin)
    assert (bell.knocks, row["state"], row["cause"]) == ([], "cancelled", "not-allowed")


async def test_what_a_withdrawal_cancels_after_the_claim_is_not_begun(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    await promise(api, anna, Kind.CONSENT_EXPIRING)
    lane = worker(pool, bell)
    async with pool.acquire() as conn:
        async with begin(conn, job="claim"):
            claimed = await claims.prompt(conn, bucket_of(anna), 10)
        async with api.acquire() as own, begin(own, resident=anna):
            await outbox.cancel(own, anna, None)
        await lane._knock(conn, bucket_of(anna), claimed)
    assert (bell.knocks, await states(admin)) == ([], ["cancelled"])


async def test_a_claim_passes_by_what_a_withdrawal_has_locked(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    await promise(api, anna, Kind.CONSENT_EXPIRING)
    await promise(api, await make_neighbour(admin))
    async with api.acquire() as own, begin(own, resident=anna):
        await outbox.cancel(own, anna, None)
        await asyncio.wait_for(worker(pool, bell).once(), 5)
    assert await states(admin) == ["cancelled", "sent"]


async def test_what_is_cancelled_while_its_answer_comes_is_not_tried_again(
    api: Pool, pool: Pool, admin: Connection, anna: UUID
) -> None:
    bell = Doorbell(lambda _: later())
    bell.delay = 0.5
    await promise(api, anna, Kind.CONSENT_EXPIRING)
    knocking = asyncio.create_task(worker(pool, bell).once())
    await bell.rung.wait()
    async with api.acquire() as own, begin(own, resident=anna):
        await outbox.cancel(own, anna, None)
    await knocking
    assert await states(admin) == ["cancelled"]


async def test_who_is_being_withdrawn_from_is_passed_by(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    await promise(api, anna)
    async with api.acquire() as own, begin(own, resident=anna):
        assert await gate.drain(own, anna)
        await asyncio.wait_for(worker(pool, bell).once(), 5)
    assert (bell.knocks, await states(admin)) == ([], ["waiting"])


async def test_a_service_that_lets_nothing_begin_holds_up_a_withdrawal_for_a_second_at_most(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    bell.deaf = True
    await promise(api, anna)
    knocking = asyncio.create_task(worker(pool, bell).once())
    await asyncio.sleep(0.3)
    async with api.acquire() as own, begin(own, resident=anna):
        assert await gate.drain(own, anna)
    await knocking
    assert await states(admin) == ["waiting"]
    assert (await rows(admin))[0]["attempts"] == 0


async def test_one_that_cannot_be_understood_stops_no_other(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    bo = UUID(int=anna.int ^ (1 << 70))  # of the same bucket
    await admin.execute("UPDATE resident SET zone = 'Atlantis/Poseidonis', preferences = '{}'")
    sql = """
        INSERT INTO resident (resident_id, notice_version, notice_language, language, preferences)
        VALUES ($1, 1, 'en', 'en', '{"quiet_hours": null}')
    """
    await admin.execute(sql, bo)
    await admin.execute("INSERT INTO resident_lock VALUES ($1)", bo)
    await make_phone(admin, bo)
    await promise(api, anna, Kind.DONATIONS_ERASED)
    await promise(api, bo, Kind.DONATIONS_ERASED)
    await worker(pool, bell).once()
    assert await states(admin) == ["dead", "sent"]


async def test_two_workers_share_the_work(api: Pool, pool: Pool, admin: Connection) -> None:
    for _ in range(30):
        await promise(api, await make_neighbour(admin))
    bells = [Doorbell(), Doorbell()]
    await asyncio.gather(*(worker(pool, bell).once() for bell in bells))
    knocked = [knock.message_id for bell in bells for knock in bell.knocks]
    assert len(set(knocked)) == len(knocked) == 30
    assert set(await states(admin)) == {"sent"}


async def test_bulk_goes_by_the_shares_of_studies(
    pool: Pool, admin: Connection, bell: Doorbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "AWAY", -pace.QUARTER)  # at whatever time of day this runs
    people = [await make_neighbour(admin) for _ in range(3)]
    async with pool.acquire() as conn, begin(conn, job="test"):
        those = [About(one, None, None) for one in people]
        await outbox.promise_each(conn, Kind.DONATIONS_ERASED, those)
    assert await worker(pool, bell).once() == 3
    assert await states(admin) == ["sent"] * 3


async def test_a_small_study_is_claimed_beside_a_large_one(pool: Pool, admin: Connection) -> None:
    large, small, bucket = uuid4(), uuid4(), 7
    sql = """
        INSERT INTO outbox (bucket, message_id, resident_id, kind, study_id, expires_at, bulk)
        SELECT $1, gen_random_uuid(), gen_random_uuid(), 'consent-expiring', $2, now() + interval '1 day', true
          FROM generate_series(1, $3)
    """
    await admin.execute(sql, bucket, large, 500)
    await admin.execute(sql, bucket, small, 3)
    async with pool.acquire() as conn, begin(conn, job="claim"):
        waiting = await claims.waiting_in_bulk(conn, bucket, 100)
        assert waiting == {large: 100, small: 3}
        assert len(await claims.bulk(conn, bucket, {large: 97, small: 3})) == 100
        assert await claims.waiting_in_bulk(conn, bucket, 1000) == {large: 403}


async def test_a_hint_brings_a_worker_at_once_and_stopping_finishes_what_was_begun(
    api: Pool, pool: Pool, admin: Connection, bell: Doorbell, anna: UUID
) -> None:
    bell.delay = 0.5
    stopping = asyncio.Event()
    running = asyncio.create_task(worker(pool, bell).run(stopping))
    await asyncio.sleep(1)
    since = asyncio.get_running_loop().time()
    await promise(api, anna)
    await bell.rung.wait()
    assert asyncio.get_running_loop().time() - since < 0.5
    stopping.set()
    await asyncio.wait_for(running, 5)
    assert await states(admin) == ["sent"]


async def test_what_is_too_late_ends_and_what_is_old_is_forgotten(
    api: Pool, pool: Pool, admin: Connection
) -> None:
    for _ in range(2):
        await promise(api, await make_neighbour(admin))
    await admin.execute("UPDATE outbox SET expires_at = now()")
    old = (await rows(admin))[0]["message_id"]
    await admin.execute(
        "UPDATE outbox SET message_id = uuidv7(interval '-15 days') WHERE message_id = $1", old
    )
    await working.tidied(pool)
    assert await states(admin) == ["expired"]
