"""Bodies are bounded, timed, inflated and looked over before anything else happens."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, post
from litestar.params import JSONBody
from litestar.routes import HTTPRoute

from api import bodies
from api.nesting import bounded, too_deep
from api.settings import Settings
from tests.api import probe
from tests.api.conftest import serving, undescribed
from tests.coded import COMPRESS

JSON = {"Content-Type": "application/json"}
GOOD = b'{"name": "a"}'


@post("/v1/packed", opt={"media_types": (bodies.JSON, bodies.MSGPACK)})
async def packed(data: JSONBody[probe.Thing]) -> probe.Thing:
    """Says the thing again."""
    return data


@post("/v1/large", opt={"body_limit": 40_000_000})
async def large(data: JSONBody[probe.Thing]) -> None:
    """Takes a large body."""


@pytest.fixture
def app(offline: Settings) -> Litestar:
    app = undescribed(msgspec.structs.replace(offline, body_limit=50_000, body_seconds=0.2))
    for route in [*probe.routes, packed, large]:
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
        (b'{"name": "a", "name": "a"}', 400),
        (b'{"name": "a", "parts": [{"weight": 1, "\\u0077eight": 2}]}', 400),
        (b'{"name": "a", "extra": {"name": 1, "size": 2}}', 201),
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
        ({**JSON, "Content-Encoding": "identity"}, 201),
        ({**JSON, "Content-Encoding": "gzip"}, 400),
        ({**JSON, "Content-Encoding": "br"}, 415),
        ({**JSON, "Content-Encoding": "gzip, gzip"}, 415),
        ({**JSON, "Content-Encoding": "gzip, identity"}, 415),
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


CODED = [
    ("gzip", gzip.compress),
    ("GZip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("zstd", COMPRESS["zstd"]),
]


@pytest.mark.parametrize(("coding", "compress"), CODED)
async def test_a_body_may_come_with_a_coding(
    client: httpx.AsyncClient, coding: str, compress: Any
) -> None:
    headers = {**JSON, "Content-Encoding": coding}
    answer = await client.post("/v1/echo", content=compress(GOOD), headers=headers)
    assert answer.json()["name"] == "a"


@pytest.mark.parametrize(("coding", "compress"), CODED)
@pytest.mark.parametrize(("size", "status"), [(50_000, 201), (50_001, 413), (50_000_000, 413)])
async def test_the_bound_is_on_what_comes_out(
    client: httpx.AsyncClient, coding: str, compress: Any, size: int, status: int
) -> None:
    headers = {**JSON, "Content-Encoding": coding}
    body = compress(GOOD + b" " * (size - len(GOOD)))
    answer = await client.post("/v1/echo", content=body, headers=headers)
    assert answer.status_code == status, answer.text


async def test_a_refusal_names_the_codings_and_types_that_are_taken(
    client: httpx.AsyncClient,
) -> None:
    headers = {**JSON, "Content-Encoding": "br"}
    answer = await client.post("/v1/echo", content=GOOD, headers=headers)
    assert answer.headers["accept-encoding"] == "gzip, x-gzip, zstd"
    answer = await client.post("/v1/echo", content=GOOD, headers={"Content-Type": "text/plain"})
    assert answer.headers["accept"] == "application/json"


async def test_an_empty_body_has_no_coding(client: httpx.AsyncClient) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    headers = {**JSON, "Content-Encoding": "gzip"}
    answer = await client.post("/v1/echo", content=nothing(), headers=headers)
    assert answer.status_code == 400


MSGPACK = {"Content-Type": "application/msgpack"}
TRUE_THING = msgspec.msgpack.encode({"name": "a", "parts": [{"weight": 1.5}], "extra": {"b": 2}})


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
async def test_a_route_may_take_messagepack(client: httpx.AsyncClient, compress: Any) -> None:
    coding = {} if compress is bytes else {"Content-Encoding": "gzip"}
    answer = await client.post("/v1/packed", content=compress(TRUE_THING), headers=MSGPACK | coding)
    assert answer.json()["parts"] == [{"weight": 1.5}]
    again = await client.post("/v1/packed", content=answer.content, headers=JSON)
    assert again.json() == answer.json()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        TRUE_THING[:-1],
        TRUE_THING + b"\xc0",
        GOOD,
        b"\xc1",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\x91" * 40_000,
        b"\x81\xa1x" + b"\x91" * 40_000,
        b"\x81\xa4name\xa1\xff",
        msgspec.msgpack.encode({"name": b"a"}),
        msgspec.msgpack.encode({"name": "a\0"}),
        msgspec.msgpack.encode({"name": "a", "size": "1"}),
        msgspec.msgpack.encode({"name": "a", "size": 2**63}),
        msgspec.msgpack.encode({"name": "a", "more": 1}),
        msgspec.msgpack.encode({"name": "a", "parts": [[[[]]]]}),
        msgspec.msgpack.encode({"name": "a", "parts": [{"weight": True}]}),
    ],
)
async def test_odd_messagepack_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/packed", content=body, headers=MSGPACK)
    assert answer.status_code == 400, answer.text


async def test_messagepack_is_for_those_who_say_so(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/echo", content=TRUE_THING, headers=MSGPACK)
    assert answer.status_code == 415


def test_a_route_that_takes_messagepack_says_how_deep_it_nests(app: Litestar) -> None:
    handlers = [h for r in app.routes if isinstance(r, HTTPRoute) for h in r.route_handlers]
    packed = [h for h in handlers if bodies.MSGPACK in h.opt.get("media_types", ())]
    assert "donate" in {handler.fn.__name__ for handler in packed}
    for handler in packed:
        assert bounded(handler.parsed_fn_signature.parameters["data"].raw), handler


async def test_while_a_large_body_is_inflated_others_are_served(app: Litestar) -> None:
    body = gzip.compress(b" " * 30_000_000)
    headers = {**JSON, "Content-Encoding": "gzip"}
    async with serving(app) as client:
        sending = asyncio.create_task(client.post("/v1/large", content=body, headers=headers))
        turns = 0
        while not sending.done():
            await asyncio.sleep(0)
            turns += 1
    assert sending.result().status_code == 400
    assert turns > 100


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
