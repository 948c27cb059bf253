"""What all tests share: one server for the session, and for each test a database of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from migrations.databases import Connection, connected
from migrations.embedded import Cluster
from tests import database as databases
from tests.database import Database


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server, with its roles."""
    with databases.shared_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of the migrated database that tests' databases are cloned from."""
    return asyncio.run(databases.template(cluster))


@pytest.fixture
async def database(cluster: Cluster, template: str) -> AsyncIterator[Database]:
    """A migrated, empty database of the test's own."""
    database = await databases.clone(cluster, template)
    yield database
    await databases.drop(database)


@pytest.fixture
async def conn(database: Database) -> AsyncIterator[Connection]:
    """A connection as the API's role."""
    async with connected(database.dsn("api")) as conn:
        yield conn


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Connection]:
    """A connection as the administrator, whom no policy hinders."""
    async with connected(database.dsn("admin")) as conn:
        yield conn
