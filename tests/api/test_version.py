"""An app too old is told so, but for what it may always do."""

import httpx
import msgspec
import pytest
from litestar import Litestar

from api.settings import Settings
from tests.api import probe
from tests.api.conftest import undescribed


@pytest.fixture
def app(offline: Settings) -> Litestar:
    app = undescribed(msgspec.structs.replace(offline, minimum_app_version=(2, 10)))
    app.register(probe.echo)
    app.register(probe.some)
    return app


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (None, 200),
        ("2.10", 200),
        ("2.10.0", 200),
        ("2.10.1", 200),
        ("3", 200),
        ("2.9.99", 426),
        ("2", 426),
        ("1.11", 426),
        ("latest", 400),
        ("2.10-beta", 400),
        ("", 400),
        ("1" * 5000, 400),
    ],
)
async def test_a_version_is_compared_number_by_number(
    client: httpx.AsyncClient, version: str | None, status: int
) -> None:
    answer = await client.get(
        "/v1/things", headers={"App-Version": version} if version is not None else {}
    )
    assert answer.status_code == status
    if status == 426:
        assert answer.json()["minimum"] == "2.10"


@pytest.mark.parametrize("version", ["1.0", "nonsense"])
async def test_withdrawing_takes_any_version(client: httpx.AsyncClient, version: str) -> None:
    answer = await client.post("/v1/echo", json={"name": "a"}, headers={"App-Version": version})
    assert answer.status_code == 201
