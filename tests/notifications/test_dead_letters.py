"""What an operator sees of the outbox, and the once more that an operator can give."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from asyncpg import Connection
from click.testing import CliRunner, Result

from api.settings import Settings
from domain.db import Pool, open_pool
from notifications.worker import CONNECTIONS
from tests.database import Database
from tests.notifications.doorbell import Doorbell, later
from tests.notifications.street import make_due, make_neighbour, promise, states, worker
from upkeep import knocks


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("worker"), CONNECTIONS) as pool:
        yield pool


@pytest.fixture
async def dead(database: Database, pool: Pool, admin: Connection) -> UUID:
    """A resident whose knock was given up after an hour."""
    anna = await make_neighbour(admin)
    async with await open_pool(database.dsn("api"), 1) as api:
        await promise(api, anna)
    lane = worker(pool, Doorbell(lambda _: later(cause="unavailable")))
    await lane.once()
    await admin.execute("UPDATE outbox SET tried_at = now() - interval '1 hour'")
    await make_due(admin)
    await lane.once()
    return anna


async def do(database: Database, *words: str) -> Result:
    """A command, as an operator types it."""
    settings = Settings(
        mode="development",
        database_url=database.dsn("api"),
        worker_password=database.cluster.role_passwords["worker"],
    )
    return await asyncio.to_thread(CliRunner().invoke, knocks, words, obj=lambda: settings)


@pytest.mark.usefixtures("dead")
async def test_what_is_dead_is_told_by_kind_and_cause(database: Database) -> None:
    said = await do(database, "dead")
    assert said.exit_code == 1
    assert said.output.split()[:3] == ["unavailable", "signed-out", "1"]
    assert (await do(database, "status")).output.split()[:2] == ["dead", "1"]


async def test_where_nothing_is_dead_all_is_well(database: Database) -> None:
    assert (await do(database, "dead")).exit_code == 0


@pytest.mark.usefixtures("dead")
async def test_once_more_it_is_sent(
    database: Database, pool: Pool, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.pace.AWAY", -900)  # at whatever time of day this runs
    assert "0 knocks" in (await do(database, "redrive", "quota-exceeded")).output
    assert "1 knocks wait again" in (await do(database, "redrive")).output
    bell = Doorbell()
    await worker(pool, bell).once()
    assert (len(bell.knocks), await states(admin)) == (1, ["sent"])
