"""With the last stream of a category its key is destroyed and journalled, and nothing else is."""

from uuid import UUID

import pytest
from asyncpg import Connection

from domain.caller import Resident
from domain.consents import gate
from domain.db import Pool, begin
from domain.donations import store as donations
from domain.donations import streams
from domain.donations.keys import FileKeyProvider
from domain.donations.model import Source, Upload
from domain.rights.sweeps import sweep
from tests.domain.rights.conftest import LOGIN_AT, STARTS, heart, hold, lift


async def delete(pool: Pool, resident_id: UUID, which: int = 0) -> None:
    async with pool.acquire() as conn, begin(conn, resident=resident_id):
        found = await streams.streams(conn, resident_id)
        await streams.delete(conn, resident_id, found[which].stream_id)


async def give(pool: Pool, keys: FileKeyProvider, resident_id: UUID, source: str) -> None:
    upload = Upload(source=Source(app=source), batches=[heart(STARTS[:10])])
    async with pool.acquire() as conn, begin(conn, resident=resident_id):
        await donations.donate(conn, keys, resident_id, upload, LOGIN_AT)


async def scopes(admin: Connection) -> tuple[list[str], list[str]]:
    """Of the keys that are left, and of the journal, without the ids of streams."""
    keys = await admin.fetch("SELECT scope FROM data_key ORDER BY scope")
    journal = await admin.fetch("SELECT split_part(scope, '/', 1) FROM erasure ORDER BY erased_at")
    return [row[0] for row in keys], [row[0] for row in journal]


async def test_the_last_stream_takes_the_key_with_it(
    pool: Pool, worker: Pool, admin: Connection, anna: Resident
) -> None:
    await delete(pool, anna.resident_id)
    assert await scopes(admin) == (["heart"], ["stream"])
    await sweep(worker)
    assert await scopes(admin) == ([], ["stream", "heart"])


async def test_another_stream_of_the_category_keeps_it(
    pool: Pool, worker: Pool, admin: Connection, keys: FileKeyProvider, anna: Resident
) -> None:
    await give(pool, keys, anna.resident_id, "ring")
    await delete(pool, anna.resident_id)
    await sweep(worker)
    assert await scopes(admin) == (["heart"], ["stream"])


async def test_what_is_given_before_the_worker_comes_is_kept(
    pool: Pool, worker: Pool, admin: Connection, keys: FileKeyProvider, anna: Resident
) -> None:
    await delete(pool, anna.resident_id)
    await give(pool, keys, anna.resident_id, "ring")
    await sweep(worker)
    assert await scopes(admin) == (["heart"], ["stream"])


async def test_an_upload_that_seals_at_that_moment_is_waited_for(
    pool: Pool, worker: Pool, admin: Connection, anna: Resident
) -> None:
    await delete(pool, anna.resident_id)
    async with pool.acquire() as conn, begin(conn, resident=anna.resident_id):
        await gate.lock_own(conn, anna.resident_id)
        await sweep(worker)
        assert (await scopes(admin))[0] == ["heart"]
    await admin.execute("UPDATE job SET due_at = now()")
    await sweep(worker)
    assert (await scopes(admin))[0] == []


async def test_keys_of_what_is_no_category_are_none_of_its_business(
    pool: Pool, worker: Pool, admin: Connection, anna: Resident
) -> None:
    sql = (
        "INSERT INTO data_key SELECT resident_id, 'questionnaire-7', 1, kek, wrapped FROM data_key"
    )
    await admin.execute(sql)
    await delete(pool, anna.resident_id)
    await sweep(worker)
    assert (await scopes(admin))[0] == ["questionnaire-7"]


@pytest.mark.parametrize("lifted", [False, True])
async def test_a_hold_puts_it_off(
    pool: Pool, worker: Pool, admin: Connection, anna: Resident, *, lifted: bool
) -> None:
    await hold(admin, anna.resident_id)
    await delete(pool, anna.resident_id)
    if lifted:
        await lift(admin, anna.resident_id)
    await sweep(worker)
    assert (await scopes(admin))[0] == ([] if lifted else ["heart"])
