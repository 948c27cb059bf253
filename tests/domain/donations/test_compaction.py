"""Compaction changes how samples are stored and nothing else, whoever works beside it and wherever it is killed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncpg import Connection

from domain import db
from domain.consents import gate
from domain.db import begin, open_pool
from domain.donations import compaction, streams
from domain.donations.compaction import Done
from domain.donations.exchange import exchange
from domain.donations.keys import FileKeyProvider
from domain.donations.segments import Unreadable
from domain.donations.study_reads import Mark, Most, read_for_study
from migrations.databases import connected
from tests.database import Database
from tests.domain.donations.conftest import HOUR_MS, NOW_MS, permit
from tests.domain.donations.synced import LONG_AGO, Killed, Phone, Sample, compact, mortal, working
from tests.people import make_study

HOURS: list[list[Sample]] = [
    [(60 * hour + minute, 60.0 + minute, f"{hour}:{minute}") for minute in range(4)]
    for hour in range(1, 7)
]
KEPT = {at: value for hour in HOURS for at, value, _ in hour}


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[db.Connection]:
    async with working(database) as conn:
        yield conn


@pytest.fixture
def phone(conn: Connection, keys: FileKeyProvider, resident: Any) -> Phone:
    return Phone(conn, keys, resident, "watch")


async def give_hours(phone: Phone) -> None:
    for hour in HOURS:
        await phone.give(*hour)


async def segments(admin: Connection) -> list[int]:
    return [row[0] for row in await admin.fetch("SELECT samples FROM segment ORDER BY first_ms")]


async def test_segments_of_closed_days_become_one_and_hold_the_same(
    phone: Phone, worker: db.Connection, admin: Connection
) -> None:
    await give_hours(phone)
    assert await compact(worker, phone) == Done(streams=1, merged=6, into=1)
    assert await phone.read() == KEPT
    assert (await segments(admin), (await phone.stream()).samples) == ([24], 24)
    assert await compact(worker, phone) == Done(streams=1)


async def test_what_is_too_young_stays_loose(
    phone: Phone, worker: db.Connection, admin: Connection
) -> None:
    await give_hours(phone)
    await compaction.tend(worker, phone.keys, await phone.due(), NOW_MS - 3 * HOUR_MS)
    assert await segments(admin) == [12, 4, 4, 4]
    assert await admin.fetchval("SELECT loose FROM stream") == 3
    assert await phone.read() == KEPT


def test_closed_time_ends_two_days_before_this_one() -> None:
    noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert compaction.closed(noon) == datetime(2026, 3, 27, tzinfo=UTC).timestamp() * 1000


async def test_what_was_deleted_and_replaced_is_removed_for_good(
    phone: Phone, worker: db.Connection, admin: Connection
) -> None:
    await give_hours(phone)
    await phone.give((62, 99.0, "1:2"), replaces=True, deletes=("2:0", "5:3"))
    left = {at: value for at, value in KEPT.items() if at not in {120, 303}} | {62: 99.0}
    assert await phone.read() == left
    assert (await compact(worker, phone)).removed == 3
    assert await phone.read() == left
    assert (await segments(admin), (await phone.stream()).samples) == ([22], 22)


async def test_what_was_deleted_long_ago_is_looked_for_in_every_segment_and_then_settled(
    phone: Phone, worker: db.Connection, admin: Connection
) -> None:
    await give_hours(phone)
    await compact(worker, phone)
    await phone.give(deletes=("3:1",))
    assert (await compact(worker, phone)).removed == 0
    await admin.execute(LONG_AGO)
    assert (await compact(worker, phone)).removed == 1
    assert await admin.fetchval("SELECT settled_at IS NOT NULL FROM sample_deletion")
    assert 181 not in await phone.read()
    assert (await phone.give((181, 61.0, "3:1"))).duplicates == 1


async def test_nothing_is_settled_that_a_segment_too_young_may_hold(
    phone: Phone, worker: db.Connection, admin: Connection
) -> None:
    await give_hours(phone)
    await phone.give(deletes=("1:0",))
    await admin.execute(LONG_AGO)
    await compaction.tend(worker, phone.keys, await phone.due(), NOW_MS - 3 * HOUR_MS)
    assert 60 not in await phone.read()
    assert await admin.fetchval("SELECT settled_at FROM sample_deletion") is None


async def test_a_settled_deletion_is_forgotten_after_ninety_days(
    phone: Phone, worker: db.Connection, admin: Connection
) -> None:
    await give_hours(phone)
    await phone.give(deletes=("3:1",))
    for days, left in ((8, 1), (80, 1), (3, 0)):
        await admin.execute(LONG_AGO.replace("8", str(days)))
        await compact(worker, phone)
        assert await admin.fetchval("SELECT count(*) FROM sample_deletion") == left


async def test_a_worker_killed_before_any_statement_leaves_the_same_samples(
    phone: Phone, database: Database, admin: Connection
) -> None:
    killed = 0
    while True:
        phone = phone._replace(app=f"watch {killed}")
        await give_hours(phone)
        await phone.give(deletes=("2:1",))
        async with connected(database.dsn("worker")) as conn:
            try:
                await compact(mortal(conn, killed), phone)
            except Killed:
                killed += 1
            else:
                break
        assert len(await phone.read()) == 23
        async with working(database) as conn:
            await compact(conn, phone)
        assert (len(await phone.read()), (await phone.stream()).samples) == (23, 23)
    assert killed > 10
    assert await admin.fetchval("SELECT count(*) FROM segment") == killed + 1


async def test_uploads_and_readings_go_on_between_the_two_steps_and_nothing_is_lost(
    phone: Phone, worker: db.Connection, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give_hours(phone)
    hold = compaction._hold

    async def meanwhile(*args: Any) -> None:
        monkeypatch.setattr(compaction, "_hold", hold)
        await phone.give((30, 70.0, "late"), deletes=("1:0",))
        await phone.give((61, 99.0, "1:1"), replaces=True)
        await hold(*args)

    monkeypatch.setattr(compaction, "_hold", meanwhile)
    await compact(worker, phone)
    left = {at: value for at, value in KEPT.items() if at != 60} | {30: 70.0, 61: 99.0}
    assert await phone.read() == left
    await compact(worker, phone)
    assert await phone.read() == left
    assert (await phone.stream()).samples == len(left)
    assert await segments(admin) == [len(left)]


async def test_a_reading_waits_for_nothing_and_an_upload_for_the_second_step_alone(
    phone: Phone, worker: db.Connection, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give_hours(phone)
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*args: Any) -> int:
        done = await exchange(*args)
        at_work.set()
        await go_on.wait()
        return done

    monkeypatch.setattr("domain.donations.compaction.exchange", slowly)
    compacting = asyncio.create_task(compact(worker, phone))
    await at_work.wait()
    assert await phone.read() == KEPT
    upload = asyncio.create_task(phone.give((30, 70.0, None)))
    other = phone._replace(app="ring")
    async with connected(database.dsn("api")) as conn:
        await other._replace(conn=conn).give((30, 70.0, None))  # another stream waits for nothing
    await asyncio.sleep(0.05)
    assert not upload.done()
    go_on.set()
    await asyncio.gather(compacting, upload)
    assert await phone.read() == KEPT | {30: 70.0}


async def test_what_changed_meanwhile_is_left_to_the_next_walk(
    phone: Phone, worker: db.Connection, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give_hours(phone)
    hold = compaction._hold

    async def meanwhile(*args: Any) -> None:
        stream_id = (await phone.stream()).stream_id
        async with begin(phone.conn, resident=phone.resident_id):
            await streams.delete_samples(
                phone.conn, phone.keys, phone.resident_id, stream_id,
                since_ms=NOW_MS - 2 * HOUR_MS, until_ms=NOW_MS,
            )  # fmt: skip
        await hold(*args)

    monkeypatch.setattr(compaction, "_hold", meanwhile)
    assert (await compact(worker, phone)).left == 1
    assert await phone.read() == {at: v for at, v in KEPT.items() if at > 120}
    assert await admin.fetchval("SELECT compacted_ms FROM stream") == 0


async def test_who_is_being_withdrawn_from_is_left_to_the_next_walk(
    phone: Phone, worker: db.Connection, admin: Connection, database: Database
) -> None:
    await give_hours(phone)
    async with connected(database.dsn("admin")) as withdrawing:
        await withdrawing.execute("BEGIN")
        await withdrawing.fetchval("SELECT resident_drain($1)", phone.resident_id)
        assert (await compact(worker, phone)).left == 1
    assert await segments(admin) == [4] * 6


async def test_a_study_s_pages_lose_and_double_nothing_when_segments_merge_between_them(
    phone: Phone, worker: db.Connection, admin: Connection, database: Database
) -> None:
    await give_hours(phone)
    study = await make_study(admin)
    await permit(admin, phone.resident_id, "heart", "(,)", study)
    found: list[int] = []
    mark: Mark | None = None
    async with connected(database.dsn("api")) as conn:
        for page in range(20):
            async with begin(conn, study=study):
                locked = await gate.lock_many(conn, [phone.resident_id])
                permits = await gate.study_permits(conn, study, locked, None)
                reading = await read_for_study(
                    conn, phone.keys, permits, mark, most=Most(segments=2)
                )
            found += [int(at) for run in reading.runs for at in run.columns.start]
            mark = reading.mark
            if mark is None:
                break
            if page == 1:
                assert (await compact(worker, phone)).merged == 6
    assert found == [NOW_MS - 60_000 * at for at in sorted(KEPT, reverse=True)]


async def test_one_s_own_pages_lose_and_double_nothing_when_segments_merge_between_them(
    phone: Phone, worker: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give_hours(phone)
    read = streams.read

    async def compacted_after(*args: Any, **more: Any) -> streams.Page:
        page = await read(*args, **more)
        monkeypatch.setattr(streams, "read", read)
        await compact(worker, phone)
        return page

    monkeypatch.setattr(streams, "read", compacted_after)
    assert await phone.read(limit=5) == KEPT


async def test_several_workers_share_one_walk_and_the_next_comes_later(
    phone: Phone, database: Database, admin: Connection
) -> None:
    for number in range(6):
        await give_hours(phone._replace(app=f"watch {number}"))
    async with await open_pool(database.dsn("worker"), 4) as pool:
        done = await asyncio.gather(
            *(compaction.compact(pool, phone.keys, NOW_MS) for _ in range(4))
        )
        assert sum((one.streams for one in done if one), 0) == 6
        assert await compaction.compact(pool, phone.keys, NOW_MS) is None
        await admin.execute("UPDATE compaction SET begun_at = '-infinity'")
        again = await compaction.compact(pool, phone.keys, NOW_MS)
    assert again == Done()
    assert await segments(admin) == [24] * 6


async def test_a_stream_that_does_not_open_stops_no_other(
    phone: Phone, database: Database, admin: Connection
) -> None:
    for app in ("broken", "watch"):
        await give_hours(phone._replace(app=app))
    broken = (await phone._replace(app="broken").stream()).stream_id
    await admin.execute("UPDATE segment SET body = '\\x00' WHERE stream_id = $1", broken)
    async with await open_pool(database.dsn("worker"), 2) as pool:
        done = await compaction.compact(pool, phone.keys, NOW_MS)
    assert done == Done(streams=1, merged=6, into=1, left=1)
    assert await phone.read() == KEPT
    with pytest.raises(Unreadable):
        await phone._replace(app="broken").read()
