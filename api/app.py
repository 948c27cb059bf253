"""The application: routes, the pool, and what stands around every request."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import structlog
from litestar import Litestar
from litestar.datastructures import State

from api import (
    access_log,
    announcements,
    blocks,
    changes,
    concerns,
    consents,
    conversations,
    data_keys,
    devices,
    donations,
    email,
    fhir,
    health,
    inbox,
    measures,
    open_mhealth,
    openapi,
    own_data,
    problem_types,
    problems,
    questionnaires,
    receipts,
    residents,
    responses,
    restrictions,
    sources,
    stewards,
    studies,
    study_events,
    summaries,
    survey_uses,
    uses,
)
from api.auth import Doorkeeper
from api.bodies import JSONRequest
from api.dependencies import ACQUIRE_SECONDS, checked, provided
from api.development import subject_secret
from api.entrance import Entrance
from api.jwks import Keys
from api.observability import Metrics, Observed, configure_logging
from api.restored import connecting
from api.settings import Settings
from domain.db import open_pool
from domain.errors import Unavailable
from domain.patience import Patience
from domain.readiness import check_role
from domain.trips import Trips

CLOSE_SECONDS = 10.0
STREAMS_SHARE = 8
"""One connection of streams for so many others, and two at least."""
TRIPS_SHARE = 8
"""One trip at a time for so many connections, and two at least: while one is with PostgreSQL another is told."""
STATEMENT_SECONDS = 15.0
"""Longer than PostgreSQL's own time-out: for when PostgreSQL, or the way to it, is silent."""

CAPABILITIES: tuple[Any, ...] = (
    access_log,
    announcements,
    blocks,
    changes,
    concerns,
    consents,
    conversations,
    devices,
    donations,
    email,
    fhir,
    health,
    inbox,
    measures,
    open_mhealth,
    own_data,
    problem_types,
    questionnaires,
    receipts,
    residents,
    responses,
    restrictions,
    sources,
    stewards,
    studies,
    study_events,
    summaries,
    survey_uses,
    uses,
)
"""The modules whose `routes` are served."""

log = structlog.get_logger()


def create_app(settings: Settings, keys: Keys | None = None) -> Litestar:
    """The application. `keys` replace the provider's (tests). Raises BadSettings."""
    metrics, secret = Metrics(settings), subject_secret(settings)
    app = Litestar(
        route_handlers=[route for module in CAPABILITIES for route in module.routes],
        dependencies=provided(),
        exception_handlers=problems.handlers(),
        middleware=[Entrance()],
        request_class=JSONRequest,
        request_max_body_size=None,  # a route's own bound is in api/bodies.py
        openapi_config=openapi.config(),
        lifespan=[_pools],
        state=State(
            {
                "settings": settings,
                "secret": secret,
                "doorkeeper": Doorkeeper(settings, secret, keys),
                "data_keys": data_keys.provider(settings),
                "receipts": receipts.ReceiptIssuer(receipts.load(settings), settings.public_url),
                "metrics": metrics,
                "patience": Patience(settings.body_seconds),
            }
        ),
        logging_config=None,
        debug=False,
    )
    openapi.complete(app)
    app.asgi_handler = Observed(app.asgi_handler, metrics)
    return app


def app_from_environ() -> Litestar:
    """What granian calls in each of its processes."""
    settings = Settings.from_environ(os.environ)
    configure_logging(settings)
    app = create_app(settings)
    # What stays for the life of the process need not be looked through for garbage again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    return app


@asynccontextmanager
async def _pools(app: Litestar) -> AsyncIterator[None]:
    """The pools, for as long as the application serves. They connect when they are first needed.

    Streams have few connections of their own: however many study teams read, a withdrawal does
    not wait behind them for one.
    """
    settings: Settings = app.state.settings
    of_streams = max(2, settings.pool_size // STREAMS_SHARE)
    app.state.pool = await _pool(settings, settings.pool_size)
    app.state.streams = await _pool(settings, of_streams)
    check = partial(checked, state=app.state)
    app.state.trips = Trips(
        app.state.pool, max(2, settings.pool_size // TRIPS_SHARE), ACQUIRE_SECONDS, check
    )
    await _refuse_wrong_role(app.state.pool)
    try:
        yield
    finally:
        await app.state.trips.close()
        await asyncio.gather(_close(app.state.pool), _close(app.state.streams))


async def _pool(settings: Settings, size: int) -> "asyncpg.Pool[asyncpg.Record]":
    return await open_pool(
        settings.dsn("api"), size, command_timeout=STATEMENT_SECONDS, **connecting(settings)
    )


async def _refuse_wrong_role(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    try:
        async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await check_role(connection)
    except (*problems.AWAY, Unavailable) as error:
        # Not a reason to die: it is looked at again with the first request (`conn`).
        log.warning("started_without_database", error=type(error).__name__)


async def _close(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Granian has let the requests end; what still hangs then is cut off."""
    try:
        await asyncio.wait_for(pool.close(), CLOSE_SECONDS)
    except TimeoutError:
        pool.terminate()
