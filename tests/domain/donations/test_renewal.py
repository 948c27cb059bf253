"""New versions of data keys seal what is new, take over what is old, and no sample is lost on the way."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from asyncpg import Connection

from domain.consents import gate
from domain.db import Pool, begin, open_pool
from domain.donations import renewal, streams
from domain.donations.keys import FileKeyProvider
from domain.donations.renewal import Moved
from tests.database import Database
from tests.domain.donations.conftest import Give, heart, steps

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("worker"), 2) as pool:
        yield pool


def quiet(_: int) -> None:
    pass


async def settle(admin: Connection) -> None:
    await admin.execute("UPDATE data_key SET created_at = created_at - interval '11 minutes'")


async def versions(admin: Connection) -> tuple[list[int], list[int]]:
    """Of the keys, and of the segments."""
    keys = await admin.fetch("SELECT version FROM data_key ORDER BY version")
    of_segments = await admin.fetch("SELECT DISTINCT key_version FROM segment ORDER BY 1")
    return [row[0] for row in keys], [row[0] for row in of_segments]


async def starts(conn: Connection, keys: FileKeyProvider, resident: UUID) -> list[int]:
    found: list[int] = []
    async with begin(conn, resident=resident):
        for stream in await streams.streams(conn, resident):
            page = await streams.read(conn, keys, resident, stream.stream_id)
            found += [start for batch in page.batches for start in batch.start]
    return found


async def test_what_is_new_is_sealed_by_the_new_version_and_all_of_it_opens(
    worker: Pool, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID, give: Give
) -> None:  # fmt: skip
    await give(heart(3_000))
    assert await renewal.renew(worker, keys, LATER, quiet) == 1
    await give(heart(2_000))
    assert await versions(admin) == ([1, 2], [1, 2])
    assert len(await starts(conn, keys, resident)) == 2


async def test_only_keys_of_before_the_time_are_renewed(
    worker: Pool, keys: FileKeyProvider, give: Give
) -> None:
    await give(heart(3_000), steps(9_000_000))
    assert await renewal.renew(worker, keys, LATER - timedelta(days=2), quiet) == 0
    assert await renewal.renew(worker, keys, LATER, quiet) == 2


async def test_segments_move_to_the_newest_version_and_the_others_go(
    worker: Pool, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID, give: Give,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(renewal, "BATCH", 2)
    for at in range(1_000, 6_000, 1_000):
        await give(heart(9_000 - at))
    before = await starts(conn, keys, resident)
    await renewal.renew(worker, keys, LATER, quiet)
    await renewal.renew(worker, keys, LATER, quiet)
    await settle(admin)
    assert await renewal.reseal_segments(worker, keys, quiet) == Moved(5, 2, 0)
    assert await versions(admin) == ([3], [3])
    assert await starts(conn, keys, resident) == before
    assert await renewal.reseal_segments(worker, keys, quiet) == Moved(0, 0, 0)


async def test_nothing_moves_to_a_key_that_someone_may_not_know_yet(
    worker: Pool, admin: Connection, keys: FileKeyProvider, give: Give
) -> None:
    await give(heart(1_000))
    await renewal.renew(worker, keys, LATER, quiet)
    assert await renewal.reseal_segments(worker, keys, quiet) == Moved(0, 0, 0)
    assert await versions(admin) == ([1, 2], [1])


async def test_who_is_being_withdrawn_from_is_left_for_the_next_time(
    worker: Pool, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID, give: Give
) -> None:  # fmt: skip
    await give(heart(1_000))
    await renewal.renew(worker, keys, LATER, quiet)
    await settle(admin)
    async with begin(conn, resident=resident):
        assert await gate.drain(conn, resident)
        assert await renewal.reseal_segments(worker, keys, quiet) == Moved(0, 0, 1)
        assert await renewal.renew(worker, keys, LATER, quiet) == 0
    assert await renewal.reseal_segments(worker, keys, quiet) == Moved(1, 1, 0)


async def test_a_version_in_use_is_not_forgotten(
    worker: Pool, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID, give: Give
) -> None:  # fmt: skip
    await give(heart(1_000))
    await renewal.renew(worker, keys, LATER, quiet)
    await settle(admin)
    async with begin(conn, resident=resident):
        await gate.lock_own(conn, resident)  # an upload that seals
        assert await renewal.reseal_segments(worker, keys, quiet) == Moved(1, 0, 0)
    assert await versions(admin) == ([1, 2], [2])
    assert await renewal.reseal_segments(worker, keys, quiet) == Moved(0, 1, 0)


async def test_a_damaged_segment_stays_as_it_is_and_keeps_its_key(
    worker: Pool, admin: Connection, keys: FileKeyProvider, give: Give
) -> None:
    await give(heart(1_000))
    await renewal.renew(worker, keys, LATER, quiet)
    await settle(admin)
    await admin.execute("UPDATE segment SET body = substring(body FROM 2)")
    assert await renewal.reseal_segments(worker, keys, quiet) == Moved(0, 0, 1)
    assert await versions(admin) == ([1, 2], [1])


async def test_keys_of_what_is_not_stored_as_segments_are_not_touched(
    worker: Pool, admin: Connection, keys: FileKeyProvider, give: Give
) -> None:
    await give(heart(1_000))
    await admin.execute("UPDATE data_key SET scope = 'questionnaire-7'")
    await admin.execute("""
        INSERT INTO data_key SELECT resident_id, scope, 2, kek, wrapped, created_at FROM data_key
    """)
    await settle(admin)
    assert await renewal.reseal_segments(worker, keys, quiet) == Moved(0, 0, 0)


async def test_how_many_older_versions_wait_is_told(
    worker: Pool, keys: FileKeyProvider, give: Give
) -> None:
    await give(heart(1_000), steps(9_000_000))
    await renewal.renew(worker, keys, LATER, quiet)
    async with worker.acquire() as conn, begin(conn, job="test"):
        assert await renewal.waiting(conn) == 2
