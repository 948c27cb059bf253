"""Bodies are bounded, timed and looked over before anything else happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from api.app import create_app
from api.bodies import too_deep
from api.settings import Settings
from tests.api import probe
from tests.api.conftest import serving

JSON = {"Content-Type": "application/json"}
GOOD = b'{"name": "a"}'


@pytest.fixture
def app(offline: Settings) -> Litestar:
    app = create_app(msgspec.structs.replace(offline, body_limit=50_000, body_seconds=0.2))
    for route in probe.routes:
        app.register(route)
    return app


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (GOOD, 201),
        (b"", 400),
        (b"null", 400),
        (b"{", 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": "\\ud800"}', 400),
        (b"\xef\xbb\xbf" + GOOD, 400),
        (GOOD.decode().encode("utf-16"), 400),
        (b'{"name": "a", "size": NaN}', 400),
        (b'{"name": "a", "parts": [{"weight": 1e400}]}', 400),
        (b'{"name": "a", "size": ' + b"9" * 400 + b"}", 400),
        (b"[" * 40_000, 400),
        (b" " * 60_000 + GOOD, 413),
    ],
)
async def test_a_body_is_taken_or_refused(
    client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    answer = await client.post("/v1/echo", content=body, headers=JSON)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json; charset=UTF-8"}, 201),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/jsonp"}, 415),
        ({}, 415),
        ({**JSON, "Content-Encoding": "gzip"}, 415),
        ({**JSON, "Content-Encoding": "identity, identity"}, 415),
        ({**JSON, "Content-Length": "99999999999999999999"}, 413),
        ({**JSON, "Content-Length": "-1"}, 413),
        ({**JSON, "Content-Length": "1_3"}, 413),
    ],
)
async def test_headers_alone_may_refuse(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await client.post("/v1/echo", content=GOOD, headers=headers)
    assert answer.status_code == status, answer.text


async def test_a_body_without_a_length_is_bounded_while_it_streams(
    client: httpx.AsyncClient,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 1000

    answer = await client.post("/v1/echo", content=endless(), headers=JSON)
    assert answer.status_code == 413


async def test_a_slow_body_is_given_up_and_held_no_connection(
    app: Litestar, client: httpx.AsyncClient
) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(1)

    sending = asyncio.create_task(client.post("/v1/echo", content=slow(), headers=JSON))
    await asyncio.sleep(0.1)
    assert app.state.pool.get_size() == app.state.pool.get_idle_size()
    assert (await sending).status_code == 408


async def test_a_stranger_without_token_makes_us_read_nothing(client: httpx.AsyncClient) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield GOOD

    answer = await client.post("/v1/me/things", content=body(), headers=JSON)
    assert answer.status_code == 401
    assert not read


@pytest.mark.parametrize("deep", [33, 1000, 20_000])
async def test_deep_json_is_refused_where_anything_is_taken(
    client: httpx.AsyncClient, deep: int
) -> None:
    body = b"[" * deep + b"]" * deep
    answer = await client.post("/v1/anything", content=body, headers=JSON)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("value", "deep"),
    [
        ([[]] * 100, False),
        (["[[[[" * 20] * 40, False),
        (['\\"[' * 40], False),
        ([{"a": [{}]}] * 40, False),
    ],
)
def test_only_nesting_counts(value: Any, *, deep: bool) -> None:
    assert too_deep(msgspec.json.encode(value)) is deep


@pytest.mark.parametrize(
    "path",
    [
        "/v1/things/00000000-0000-7000-8000-00000000000A/1",
        "/v1/things/0000000000007000800000000000000a/1",
        "/v1/things/{00000000-0000-7000-8000-00000000000a}/1",
        "/v1/things/urn:uuid:00000000-0000-7000-8000-00000000000a/1",
        "/v1/things/00000000-0000-7000-8000-00000000000a/1_0",
        "/v1/things/00000000-0000-7000-8000-00000000000a/01",
        "/v1/things/00000000-0000-7000-8000-00000000000a/+1",
        "/v1/things/00000000-0000-7000-8000-00000000000a/%EF%BC%91",
        "/v1/fails/a%00b",
        "/v1/things?word=%00",
    ],
)
async def test_an_address_has_one_spelling(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_canonical_spelling_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/things/00000000-0000-7000-8000-00000000000a/10")
    assert answer.json() == {"id": "00000000-0000-7000-8000-00000000000a", "number": 10}


async def test_a_route_may_have_a_bound_of_its_own(app: Litestar) -> None:
    async with serving(app) as client:
        answer = await client.post("/v1/me/things", content=b" " * 9001, headers=JSON)
    assert answer.status_code == 413
