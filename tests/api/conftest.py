"""The real application on the test's own database, in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from api import development
from api.app import create_app
from api.bodies import reader_of
from api.jwks import Keys
from api.settings import Settings
from migrations.databases import Connection
from tests.api.region import OpenStudy, Region, open_study
from tests.database import Database
from tests.oidc import Provider, provider

Bearer = Callable[..., dict[str, str]]


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Development settings with secrets and a database of the test's own."""
    return Settings(
        mode="development",
        secret_dir=tmp_path / "secrets",
        database_url=database.dsn("api"),
        api_password=database.cluster.role_passwords["api"],
        pool_size=8,
        smtp_sender="medverka@region.example",
    )


@pytest.fixture
def offline(tmp_path: Path) -> Settings:
    """Settings without a database, for what must not need one. Port 1 answers nobody."""
    return Settings(
        mode="development",
        secret_dir=tmp_path / "secrets",
        database_url="postgresql://127.0.0.1:1/nowhere",
    )


@pytest.fixture(scope="session")
def oidc() -> Iterator[Provider]:
    """A real provider, in a process of its own."""
    with provider() as running:
        yield running


@pytest.fixture
def bearer(settings: Settings) -> Bearer:
    """Request headers with a token of the development issuer: `bearer("anna", auth_time=…)`."""

    def headers(subject: str, **claims: object) -> dict[str, str]:
        return {"Authorization": f"Bearer {development.token(settings, subject, **claims)}"}

    return headers


@pytest.fixture
def app(settings: Settings) -> Litestar:
    """The application. Tests of the shell itself register routes of their own."""
    return undescribed(settings)


@pytest.fixture
def region(admin: Connection, settings: Settings, client: httpx.AsyncClient) -> Region:
    """Logins of residents and staff, by name; nobody is there yet."""
    return Region(admin, settings, client)


@pytest.fixture
async def study(region: Region) -> OpenStudy:
    """Open, with an analyst, ana."""
    study = await open_study(region)
    await region.staff("ana", "analyst", UUID(study.study_id))
    return study


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the running application."""
    async with serving(app) as client:
        yield client


def undescribed(settings: Settings, keys: Keys | None = None) -> Litestar:
    """The application without its description, which is half the time that it takes to make."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.app.openapi.complete", lambda _: None)
        return create_app(settings, keys)


@asynccontextmanager
async def serving(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that has started, in this loop.

    The lifespan has a task of its own: it must end in the task it began in, and fixtures do not.
    """
    up, down = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            up.set()
            await down.wait()

    life = asyncio.create_task(live())
    started = asyncio.create_task(up.wait())
    await asyncio.wait([life, started], return_when=asyncio.FIRST_COMPLETED)
    try:
        if life.done():
            started.cancel()
            await life
        async with connected(app) as client:
            yield client
    finally:
        down.set()
        await life
        reader_of.cache_clear()  # it would hold the application, some 9 MB, for as long as we live


def connected(app: Litestar) -> httpx.AsyncClient:
    """A client in this loop. An exception that gets out of the application fails the test."""
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # Litestar's own ASGI types
    return httpx.AsyncClient(transport=transport, base_url="http://medverka.test")
