"""After a restore of an old backup, what was erased is erased again, and nobody is let in before."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from asyncpg import Connection

from domain.caller import Resident
from domain.db import Pool, begin, open_pool
from domain.donations import store as donations
from domain.donations import streams
from domain.donations.keys import FileKeyProvider
from domain.donations.model import Source, Upload
from domain.rights import erase, journal, replay
from domain.rights.replay import ErasuresMissing, Replayed
from domain.rights.sweeps import sweep
from migrations.databases import connected
from tests import database as databases
from tests.database import Database
from tests.domain.rights.conftest import LOGIN_AT, backed_up, heart


@pytest.fixture
async def path(tmp_path: Path, worker: Pool) -> Path:
    """A journal that is up to date."""
    path = tmp_path / "erasures"
    journal.begin(path)
    await replay.copy_out(worker, path)
    return path


@pytest.fixture
async def backup(
    database: Database,
    pool: Pool,
    worker: Pool,
    anna: Resident,  # noqa: ARG001 - who is in it
) -> AsyncIterator[Database]:
    """The database as it was when Anna had donated."""
    copy = await backed_up(database, pool, worker)
    yield copy
    await databases.drop(copy)


@pytest.fixture
async def restored(backup: Database) -> AsyncIterator[Pool]:
    """The worker on the restored database."""
    async with await open_pool(backup.dsn("worker"), 2) as pool:
        yield pool


async def run(restored: Pool, path: Path) -> Replayed:
    return await replay.replay(restored, path, lambda _: None)


async def check(database: Database, path: Path) -> None:
    """As the API's role does when it connects."""
    async with connected(database.dsn("api")) as conn:
        await replay.check(conn, path)


async def rows(database: Database) -> tuple[int, int, int]:
    """Of residents, keys and segments."""
    async with connected(database.dsn("admin")) as admin:
        tables = ("resident", "data_key", "segment")
        found = [await admin.fetchval(f"SELECT count(*) FROM {name}") for name in tables]  # noqa: S608
    return found[0], found[1], int(found[2] > 0)


async def erase_heart(pool: Pool, resident_id: UUID) -> None:
    async with pool.acquire() as conn, begin(conn, resident=resident_id):
        await donations.erase(conn, resident_id, ["heart"])


async def close(pool: Pool, resident: Resident) -> None:
    async with pool.acquire() as conn, begin(conn, resident=resident.resident_id):
        await erase.erase(conn, resident)


async def test_an_erased_category_is_destroyed_again(
    pool: Pool, worker: Pool, backup: Database, restored: Pool, anna: Resident, path: Path
) -> None:  # fmt: skip
    await erase_heart(pool, anna.resident_id)
    assert await replay.copy_out(worker, path) == 1
    assert await rows(backup) == (1, 1, 1)
    with pytest.raises(ErasuresMissing):
        await check(backup, path)
    assert await run(restored, path) == Replayed(1, 1, 0)
    assert await rows(backup) == (1, 0, 0)
    await check(backup, path)


async def test_a_closed_account_is_closed_again_and_its_login_refused(
    pool: Pool, worker: Pool, backup: Database, restored: Pool, anna: Resident, path: Path
) -> None:  # fmt: skip
    await close(pool, anna)
    await replay.copy_out(worker, path)
    assert (await run(restored, path)).failed == 0
    assert await rows(backup) == (0, 0, 0)
    async with connected(backup.dsn("admin")) as admin:
        sql = "SELECT count(*) FROM identity WHERE resident_id IS NULL AND erased_at IS NOT NULL"
        assert await admin.fetchval(sql) == 1
        assert await admin.fetchval("SELECT count(*) FROM person") == 0


async def test_a_deleted_stream_stays_deleted(
    pool: Pool, worker: Pool, backup: Database, restored: Pool, anna: Resident, path: Path
) -> None:  # fmt: skip
    async with pool.acquire() as conn, begin(conn, resident=anna.resident_id):
        [stream] = await streams.streams(conn, anna.resident_id)
        await streams.delete(conn, anna.resident_id, stream.stream_id)
    await replay.copy_out(worker, path)
    assert (await run(restored, path)).failed == 0
    assert (await rows(backup))[2] == 0


async def test_run_twice_it_destroys_nothing_that_came_after(
    pool: Pool, worker: Pool, backup: Database, restored: Pool, anna: Resident, path: Path,
    keys: FileKeyProvider,
) -> None:  # fmt: skip
    await erase_heart(pool, anna.resident_id)
    await replay.copy_out(worker, path)
    await run(restored, path)
    upload = Upload(source=Source(app="watch"), batches=[heart([1_767_268_800_000])])
    async with connected(backup.dsn("api")) as conn, begin(conn, resident=anna.resident_id):
        await donations.donate(conn, keys, anna.resident_id, upload, LOGIN_AT)
    assert await run(restored, path) == Replayed(1, 0, 0)
    assert await rows(backup) == (1, 1, 1)


async def test_a_replay_that_was_killed_is_gone_on_with(
    pool: Pool, worker: Pool, backup: Database, restored: Pool, anna: Resident, path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await erase_heart(pool, anna.resident_id)
    await close(pool, anna)
    lines = await replay.copy_out(worker, path)

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(donations, "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            await run(restored, path)
    with pytest.raises(ErasuresMissing):
        await check(backup, path)
    assert await run(restored, path) == Replayed(lines, lines, 0)
    await check(backup, path)


async def test_one_that_fails_is_counted_and_keeps_everyone_out(
    pool: Pool, worker: Pool, backup: Database, restored: Pool, anna: Resident, path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await erase_heart(pool, anna.resident_id)
    await replay.copy_out(worker, path)

    async def fails(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(donations, "erase", fails)
    assert await run(restored, path) == Replayed(1, 1, 1)
    with pytest.raises(ErasuresMissing):
        await check(backup, path)


async def test_a_resident_of_after_the_backup_is_nobody_there(
    worker: Pool, backup: Database, restored: Pool, database: Database, path: Path
) -> None:
    async with connected(database.dsn("admin")) as admin:
        sql = "INSERT INTO erasure (resident_id, scope) VALUES ($1, 'account')"
        await admin.execute(sql, uuid4())
    await replay.copy_out(worker, path)
    assert await run(restored, path) == Replayed(1, 1, 0)
    assert (await rows(backup))[0] == 1
    await check(backup, path)


async def test_each_erasure_is_written_once_while_nothing_breaks(
    pool: Pool, worker: Pool, anna: Resident, path: Path
) -> None:
    await erase_heart(pool, anna.resident_id)
    assert [await replay.copy_out(worker, path) for _ in range(3)] == [1, 0, 0]
    await close(pool, anna)
    await sweep(worker)
    await replay.copy_out(worker, path)
    scopes = [entry.scope for entry in journal.entries(path)]
    assert scopes == ["heart", "consent", "account"]


async def test_one_that_commits_after_a_later_one_is_written_too(
    pool: Pool, worker: Pool, anna: Resident, path: Path
) -> None:
    async with pool.acquire() as slow, begin(slow, resident=anna.resident_id):
        await donations.erase(slow, anna.resident_id, ["sleep"])
        await erase_heart(pool, anna.resident_id)
        assert await replay.copy_out(worker, path) == 1
    assert await replay.copy_out(worker, path) == 1
    assert {entry.scope for entry in journal.entries(path)} == {"heart", "sleep"}


async def test_the_api_s_role_sees_no_erasure_that_it_cannot_name(
    admin: Connection, database: Database
) -> None:
    for _ in range(3):
        await admin.execute(
            "INSERT INTO erasure (resident_id, scope) VALUES ($1, 'heart')", uuid4()
        )
    async with connected(database.dsn("api")) as conn, begin(conn):
        assert await conn.fetchval("SELECT count(*) FROM erasure") == 0
        await conn.execute("SELECT set_config('app.erasures', $1, true)", f"{uuid4()},{uuid4()}")
        assert await conn.fetchval("SELECT count(*) FROM erasure") == 0
