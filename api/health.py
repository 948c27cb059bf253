"""Whether this process lives, whether it can serve, and its figures."""

from typing import Any, Literal

import structlog
from litestar import Request, Response, get
from litestar.datastructures import State
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.dependencies import ACQUIRE_SECONDS
from api.problems import AWAY, refusals
from domain.errors import Refusal
from domain.readiness import WrongRole, check_role
from migrations.runner import MigrationRefused, pending

log = structlog.get_logger()


class NotServing(Refusal):
    """This process cannot serve right now."""

    status = 503
    retry_after = 2


class Health(Struct, frozen=True):
    """A process that answers."""

    status: Literal["live", "ready"]


@get("/health/live", operation_id="health_live")
async def live() -> Health:
    """Whether this process answers. PostgreSQL may be down all the same."""
    return Health(status="live")


@get("/health/ready", operation_id="health_ready", responses=refusals(NotServing))
async def ready(state: State) -> Health:
    """Whether the database is there, migrated, and entered in the right role."""
    try:
        async with state.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await check_role(connection)
            missing = await pending(connection)
    except AWAY:
        raise NotServing("The database cannot be reached.", check="database") from None
    except WrongRole:
        raise NotServing("The database role has too many rights.", check="role") from None
    except MigrationRefused:
        raise NotServing("The database has other migrations.", check="migrations") from None
    if missing:
        raise NotServing("The database waits for its migrations.", check="migrations")
    return Health(status="ready")


@get("/metrics", include_in_schema=False, sync_to_thread=False)
def metrics(request: Request[Any, Any, Any], state: State) -> Response[bytes]:
    """Prometheus text. The proxy in front keeps it inside."""
    figures = request.app.state.metrics
    figures.pool.labels("open").set(state.pool.get_size())
    figures.pool.labels("idle").set(state.pool.get_idle_size() + state.trips.kept)
    media_type = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")  # Litestar says it again
    return Response(generate_latest(figures.readable()), media_type=media_type)


routes: list[Any] = [live, ready, metrics]
