"""Migrations: from nothing, once each, never changed, and never half."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from migrations import runner, schema
from migrations.databases import connected, create_database
from migrations.embedded import Cluster
from migrations.runner import MigrationRefused, migrate, pending
from tests.database import Database, drop


@pytest.fixture
async def empty(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Database]:
    """A database before its first migration."""
    database = Database(cluster, f"medverka_test_{abs(hash(tmp_path)):x}")
    await create_database(cluster.dsn("admin"), database.name)
    yield database
    await drop(database)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (id uuid PRIMARY KEY);")
    (tmp_path / "0002_second.sql").write_text("ALTER TABLE first ADD COLUMN word text;")
    return tmp_path


async def test_from_nothing_to_now_and_then_nothing_is_left_to_do(empty: Database) -> None:
    applied = await migrate(empty.dsn("migrator"))
    assert applied == runner.files()
    assert await migrate(empty.dsn("migrator")) == []
    async with connected(empty.dsn("api")) as conn:
        assert await pending(conn) == []


async def test_two_runners_at_once_apply_each_file_once(empty: Database, folder: Path) -> None:
    dsn = empty.dsn("migrator")
    done = await asyncio.gather(*(migrate(dsn, folder) for _ in range(4)))
    assert sorted(len(applied) for applied in done) == [0, 0, 0, 2]


async def test_an_applied_file_that_changed_is_refused(empty: Database, folder: Path) -> None:
    await migrate(empty.dsn("migrator"), folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE other (id uuid PRIMARY KEY);")
    with pytest.raises(MigrationRefused, match="0001_first was changed"):
        await migrate(empty.dsn("migrator"), folder)


async def test_a_file_that_fails_leaves_nothing(empty: Database, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("CREATE TABLE second (); SELECT 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty.dsn("migrator"), folder)
    async with connected(empty.dsn("admin")) as conn:
        assert await conn.fetchval("SELECT to_regclass('second')") is None
        assert [m.number for m in await pending(conn, folder)] == [2]


async def test_what_refuses_a_transaction_runs_outside_one(empty: Database, folder: Path) -> None:
    (folder / "0003_index.sql").write_text(
        "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS first_word ON first (word);"
    )
    assert len(await migrate(empty.dsn("migrator"), folder)) == 3


async def test_a_table_in_use_is_waited_for(
    empty: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty.dsn("migrator"), folder)
    (folder / "0003_more.sql").write_text("SET lock_timeout = '20ms'; ALTER TABLE first ADD n int;")
    monkeypatch.setattr(runner, "BACKOFF_SECONDS", 0.05)
    async with connected(empty.dsn("admin")) as conn:
        reading = conn.transaction()
        await reading.start()
        await conn.fetch("SELECT * FROM first")
        migrating = asyncio.create_task(migrate(empty.dsn("migrator"), folder))
        await asyncio.sleep(0.2)
        await reading.commit()
    assert [m.number for m in await migrating] == [3]


@pytest.mark.parametrize("name", ["0001_again.sql", "0004_gap.sql"])
def test_numbers_neither_repeat_nor_skip(folder: Path, name: str) -> None:
    (folder / name).touch()
    with pytest.raises(MigrationRefused, match="without gap or double"):
        runner.files(folder)


async def test_a_newer_release_s_migration_is_none_of_ours(empty: Database, folder: Path) -> None:
    await migrate(empty.dsn("migrator"), folder)
    (folder / "0002_second.sql").unlink()
    assert await migrate(empty.dsn("migrator"), folder) == []


async def test_schema_sql_is_current(cluster: Cluster) -> None:
    now = await schema.schema_of_migrations(cluster.dsn("admin"), cluster.dsn("migrator"))
    assert (runner.HERE / "schema.sql").read_text() == now, "run: make schema"


async def test_strangers_do_not_enter_a_new_database(empty: Database) -> None:
    sql = """
        SELECT has_database_privilege('public', current_database(), 'CONNECT')
            OR has_database_privilege('public', current_database(), 'TEMPORARY')
            OR has_schema_privilege('public', 'public', 'USAGE')
            OR has_schema_privilege('public', 'public', 'CREATE')
    """
    async with connected(empty.dsn("admin")) as conn:
        assert await conn.fetchval(sql) is False
