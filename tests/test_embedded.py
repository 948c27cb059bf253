"""The own PostgreSQL: asked for twice, left behind, crashed, and closed to strangers."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import psutil
import pytest

from migrations import embedded
from migrations.databases import connected
from migrations.embedded import SETTINGS, Cluster, ensure_running, running

SMALL = {"shared_buffers": "16MB", "max_connections": "20"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("postgres")
    yield folder
    embedded.stop(folder)


async def is_up(cluster: Cluster) -> bool:
    try:
        async with connected(cluster.dsn("admin")) as conn:
            return bool(await conn.fetchval("SELECT true"))
    except ConnectionRefusedError:
        return False


async def test_all_who_ask_at_once_get_the_same_server(folder: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: ensure_running(folder, SMALL), range(4)))
    assert await is_up(found[0])
    assert found == [found[0]] * 4


@pytest.mark.parametrize("immediate", [False, True])
async def test_a_crashed_server_comes_back_at_the_same_address(
    folder: Path, *, immediate: bool
) -> None:
    before = ensure_running(folder, SMALL)
    embedded.kill(folder, immediate=immediate)
    assert not await is_up(before)
    assert ensure_running(folder, SMALL) == before
    assert await is_up(before)


async def test_a_server_killed_by_a_stranger_comes_back(folder: Path) -> None:
    before = ensure_running(folder, SMALL)
    async with connected(before.dsn("admin")):
        pid, _ = (folder / "data" / "postmaster.pid").read_text().split("\n", 1)
        postmaster = psutil.Process(int(pid))
        postmaster.kill()
        postmaster.wait(5)
        assert ensure_running(folder, SMALL) == before
    assert await is_up(before)


async def test_a_pid_left_by_a_crash_and_reused_by_another_program_is_seen_through(
    folder: Path,
) -> None:
    ensure_running(folder, SMALL)
    pid = folder / "data" / "postmaster.pid"
    left = pid.read_text().split("\n")
    embedded.stop(folder)
    pid.write_text("\n".join([str(os.getppid()), *left[1:]]))
    assert await is_up(ensure_running(folder, SMALL))


async def test_the_last_user_stops_it(folder: Path) -> None:
    embedded.stop(folder)
    with running(folder, SMALL) as cluster:
        with running(folder, SMALL):
            pass
        assert await is_up(cluster)
    assert not await is_up(cluster)


async def test_nobody_enters_without_the_password(folder: Path) -> None:
    cluster = ensure_running(folder, SMALL)
    for password in ("", "postgres"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                host=cluster.host, port=cluster.port, user="postgres", password=password
            )


def test_passwords_are_for_the_owner_alone(folder: Path) -> None:
    ensure_running(folder, SMALL)
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600


async def test_settings_are_in_force(folder: Path) -> None:
    cluster = ensure_running(folder, SMALL)
    async with connected(cluster.dsn("admin")) as conn:
        for name, wanted in {**SETTINGS, **SMALL}.items():
            assert await conn.fetchval("SELECT current_setting($1)", name) == wanted


async def test_a_failing_statement_leaves_nothing_of_its_values_in_the_log(folder: Path) -> None:
    cluster = ensure_running(folder, SMALL)
    async with connected(cluster.dsn("admin")) as conn:
        for statement in ("SELECT 'canary'::int", "SELECT canary FROM nowhere"):
            with pytest.raises(asyncpg.PostgresError):
                await conn.execute(statement)
    assert "canary" not in (folder / "data" / "server.log").read_text()
