"""Uploads meet the database: stored once, counted exactly, sealed, and gone when erased."""

import asyncio
import random
from uuid import UUID

import pytest
from asyncpg import Connection

from domain.consents import gate
from domain.db import begin
from domain.donations import store, streams
from domain.donations.columns import SPAN
from domain.donations.keys import FileKeyProvider
from domain.donations.model import Source, Upload, UploadAnswer
from domain.donations.segments import Unreadable
from migrations.databases import connected
from tests.database import Database
from tests.domain.donations.conftest import HOUR_MS, NOW, NOW_MS, Give, heart, permit, steps
from tests.people import make_resident


def counts(answer: UploadAnswer) -> tuple[int, int, int]:
    return answer.accepted, answer.duplicates, answer.rejected


async def stored(conn: Connection, keys: FileKeyProvider, resident: UUID) -> list[int]:
    """How many ms before now the samples of the first stream were taken."""
    async with begin(conn, resident=resident):
        stream, *_ = await streams.streams(conn, resident)
        page = await streams.read(conn, keys, resident, stream.stream_id, limit=10_000)
    assert page.next_ms is None
    return [NOW_MS - start for batch in page.batches for start in batch.start]


async def test_an_upload_sent_again_stores_nothing(give: Give, admin: Connection) -> None:
    assert counts(await give(heart(3, 2, 1))) == (3, 0, 0)
    assert counts(await give(heart(3, 2, 1))) == (0, 3, 0)
    assert await admin.fetchval("SELECT count(*) FROM segment") == 1
    assert await admin.fetchval("SELECT samples FROM stream") == 3


async def test_of_an_overlap_only_the_new_is_stored(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(9, 7, 5))
    assert counts(await give(heart(8, 7, 6, 5, 4, 4))) == (3, 3, 0)
    assert await stored(conn, keys, resident) == [9, 8, 7, 6, 5, 4]


async def test_any_sequence_of_uploads_ends_in_the_same_set(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    rng, model = random.Random(7), set[int]()  # noqa: S311 - a fixed example
    for _ in range(25):
        times = [rng.randrange(1, 200) for _ in range(rng.randrange(1, 20))]
        new = set(times) - model
        assert counts(await give(heart(*times))) == (len(new), len(times) - len(new), 0)
        model |= new
    assert await stored(conn, keys, resident) == sorted(model, reverse=True)


async def test_two_devices_at_once_store_each_sample_once(
    database: Database, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    async def send(app: str, seed: int) -> int:
        one = Upload(source=Source(app=app), batches=[heart(*range(1, 50 + seed)), steps(HOUR_MS)])
        async with connected(database.dsn("api")) as own, begin(own, resident=resident):
            return (await store.donate(own, keys, resident, one, NOW)).accepted

    for (
        app
    ) in "abcdef":  # each the first upload of its streams, which is where they can miss one another
        assert sum(await asyncio.gather(*(send(app, seed) for seed in range(8)))) == 56 + 1
    assert await admin.fetchval("SELECT sum(samples) FROM segment") == 6 * 57
    assert await admin.fetchval("SELECT count(*) FROM data_key") == 2


async def test_each_source_and_measure_is_a_stream_of_its_own(give: Give) -> None:
    first = await give(heart(1), steps(HOUR_MS))
    second = await give(heart(1), source="ring")
    ids = {batch.stream_id for answer in (first, second) for batch in answer.batches}
    assert len(ids) == 3
    assert None not in ids


async def test_nothing_is_made_for_a_category_that_may_not_be_collected(
    conn: Connection, admin: Connection, keys: FileKeyProvider
) -> None:
    other = await make_resident(admin)
    await permit(admin, other, "activity")
    one = Upload(source=Source(app="a"), batches=[heart(1), steps(HOUR_MS)])
    async with begin(conn, resident=other):
        answer = await store.donate(conn, keys, other, one, NOW)
    assert counts(answer) == (1, 0, 1)
    assert [r.code for r in answer.batches[0].rejected] == ["no-grant"]
    assert await admin.fetchval("SELECT array_agg(category) FROM stream") == ["activity"]
    assert await admin.fetchval("SELECT array_agg(scope) FROM data_key") == ["activity"]


async def test_the_time_of_measurement_decides_not_the_time_of_upload(
    conn: Connection, admin: Connection, keys: FileKeyProvider
) -> None:
    other = await make_resident(admin)
    await permit(admin, other, "heart", "[2026-02-01,2026-02-02)")
    day = 24 * HOUR_MS
    one = Upload(source=Source(app="a"), batches=[heart(28 * day + 1, 28 * day, 27 * day)])
    async with begin(conn, resident=other):
        answer = await store.donate(conn, keys, other, one, NOW)
    (rejected,) = answer.batches[0].rejected
    assert (rejected.code, rejected.action, rejected.indices) == ("outside-consent", "stop", [0, 2])
    assert answer.accepted == 1


async def test_an_upload_waits_for_a_withdrawal_under_way_and_then_stores_nothing(
    give: Give, database: Database, admin: Connection, resident: UUID
) -> None:
    async with connected(database.dsn("api")) as own:
        async with begin(own, resident=resident):
            assert await gate.drain(own, resident)
            upload = asyncio.create_task(give(heart(1)))
            await own.execute("UPDATE consent_grant SET data_period = '{}'")
            await asyncio.sleep(0.2)
            assert not upload.done()
        assert counts(await upload) == (0, 0, 1)
    assert await admin.fetchval("SELECT count(*) FROM segment") == 0


async def test_no_segment_spans_more_than_the_search_looks_back(
    give: Give, admin: Connection
) -> None:
    assert counts(await give(heart(*range(1, 5 * SPAN, SPAN // 3)))) == (15, 0, 0)
    assert await admin.fetchval("SELECT max(last_ms - first_ms) FROM segment") < SPAN
    assert counts(await give(heart(*range(1, 5 * SPAN, SPAN // 6)))) == (15, 15, 0)


async def test_what_is_stored_is_sealed_in_its_place(
    give: Give, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(3, 2, 1))
    await give(heart(6, 5, 4), source="ring")
    await admin.execute(
        """UPDATE segment s SET body = o.body FROM segment o
            WHERE o.stream_id <> s.stream_id"""
    )
    with pytest.raises(Unreadable):
        await stored(conn, keys, resident)


async def test_erasing_a_category_destroys_its_keys_and_rows_and_no_others(
    give: Give, conn: Connection, admin: Connection, resident: UUID
) -> None:
    await give(heart(2, 1), steps(HOUR_MS))
    async with begin(conn, resident=resident):
        await store.erase(conn, resident, ["heart"])
        assert await store.categories(conn, resident) == ["activity"]
    for table in ("stream", "segment"):
        sql = f"SELECT array_agg(DISTINCT category) FROM {table}"  # noqa: S608
        assert await admin.fetchval(sql) == ["activity"]
    assert await admin.fetchval("SELECT array_agg(scope) FROM data_key") == ["activity"]
    assert await admin.fetchval("SELECT (resident_id, scope) FROM erasure") == (resident, "heart")
    assert counts(await give(heart(2, 1))) == (2, 0, 0)


async def test_an_upload_that_fails_leaves_nothing(
    conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    one = Upload(source=Source(app="a"), batches=[heart(2, 1)])

    async def stumble() -> None:
        async with begin(conn, resident=resident):
            await store.donate(conn, keys, resident, one, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stumble()
    for table in ("stream", "segment", "data_key"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608
