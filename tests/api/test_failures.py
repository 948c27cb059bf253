"""What fails behind a route: an answer that tells when to come back, and tells nothing else."""

import httpx
import pytest
import structlog
from litestar import Litestar

from tests.api import probe
from tests.api.test_problems import CANARY, problem


@pytest.fixture
def app(app: Litestar) -> Litestar:
    app.register(probe.fail)
    return app


@pytest.mark.parametrize(
    ("how", "status"), [("data", 400), ("lock", 503), ("cut", 503), ("commit", 503), ("any", 500)]
)
async def test_whatever_fails_inside_stays_inside(
    client: httpx.AsyncClient, how: str, status: int
) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await client.get(f"/v1/fails/{how}")
    problem(answer, status)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert CANARY not in repr(logs)


async def test_after_a_cut_connection_the_next_request_is_served(client: httpx.AsyncClient) -> None:
    await client.get("/v1/fails/cut")
    assert (await client.get("/health/ready")).status_code == 200
