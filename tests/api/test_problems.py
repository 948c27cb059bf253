"""Every no is a problem document that says nothing of what the stranger wrote."""

from typing import Any

import httpx
import pytest
from litestar import Litestar

from api.problems import kebab, title
from api.settings import Settings
from domain.errors import Refusal
from tests.api import probe
from tests.api.conftest import undescribed

CANARY = "secret-canary"


@pytest.fixture
def app(offline: Settings) -> Litestar:
    app = undescribed(offline)
    for route in probe.routes:
        app.register(route)
    return app


def problem(answer: httpx.Response, status: int) -> Any:
    """The document of an answer that is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert document["request_id"] == answer.headers["x-request-id"]
    assert CANARY not in answer.text
    return document


async def test_an_address_that_leads_nowhere(client: httpx.AsyncClient) -> None:
    assert problem(await client.get(f"/v1/{CANARY}"), 404)["type"].endswith("/not-found")


async def test_the_type_of_a_problem_is_an_address_that_tells_of_it(
    client: httpx.AsyncClient,
) -> None:
    document = problem(await client.get("/v1/nowhere"), 404)
    told = (await client.get(httpx.URL(document["type"]).path)).json()
    assert told == {"name": "not-found", "status": 404, "title": document["title"]}
    assert told in (await client.get("/problems")).json()["items"]
    problem(await client.get(f"/problems/{CANARY}"), 404)


async def test_a_method_that_is_not_there_names_those_that_are(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/health/live")
    problem(answer, 405)
    assert "GET" in answer.headers["allow"]


async def test_an_absent_thing_and_an_absent_address_look_alike(client: httpx.AsyncClient) -> None:
    address = problem(await client.get("/v1/nowhere"), 404)
    malformed = problem(await client.get("/v1/things/not-an-id/1"), 404)
    assert {**address, "request_id": ""} == {**malformed, "request_id": ""}


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"name": "a", CANARY: 1}, "#", "has a field that is not known here"),
        ({"name": "a", "size": CANARY}, "#/size", "must be whole number"),
        ({"name": "a", "size": "1"}, "#/size", "must be whole number"),
        ({"name": "a", "size": 2**31}, "#/size", "must be <= 2147483647"),
        ({"name": "a", "size": 2**70}, "#/size", "must be <= 2147483647"),
        ({"name": "a", "kind": CANARY}, "#/kind", "is none of the values allowed"),
        ({"name": f"{CANARY}\0"}, "#/name", "has characters, or a form, that is not allowed"),
        ({"name": CANARY * 50}, "#/name", "must have a length <= 200"),
        ({"name": "a", "at": "2026-01-01T00:00:00"}, "#/at", "needs a time zone, or Z"),
        (
            {"name": "a", "at": "0001-01-01T00:00:00+14:00"},
            "#",
            "holds a time outside 1900 to 2200",
        ),
        ({"name": "a", "at": CANARY}, "#/at", "is not a time after RFC 3339"),
        (
            {"name": "a", "parts": [{"weight": 1}, {"weight": -1}]},
            "#/parts/1/weight",
            "must be >= 0",
        ),
        ({"name": "a", "extra": {CANARY: "x"}}, "#/extra", "must be whole number"),
        ({}, "#/name", "is required"),
        ([], "#", "must be object"),
    ],
)
async def test_a_wrong_field_is_named_in_our_words(
    client: httpx.AsyncClient, body: Any, pointer: str, detail: str
) -> None:
    document = problem(await client.post("/v1/echo", json=body), 400)
    assert document["errors"] == [{"pointer": pointer, "detail": detail}]


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        (f"limit={CANARY}", "limit", "must be whole number"),
        ("limit=501", "limit", "must be <= 500"),
        (f"word={CANARY}", "word", "must have a length <= 5"),
    ],
)
async def test_a_wrong_parameter_is_named_in_our_words(
    client: httpx.AsyncClient, query: str, parameter: str, detail: str
) -> None:
    document = problem(await client.get(f"/v1/things?{query}"), 400)
    assert document["errors"] == [{"parameter": parameter, "detail": detail}]


async def test_pages_follow_each_other_to_the_end(client: httpx.AsyncClient) -> None:
    weights: list[float] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = (
            await client.get(f"/v1/things?cursor={cursor}" if cursor else "/v1/things")
        ).json()
        weights += [item["weight"] for item in answer["items"]]
        cursor = answer["next"]
    assert weights == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("cursor", ["x", "%E2%82%AC", "bnVsbA", "WzFd" * 200, "W1sx"])
async def test_a_forged_cursor_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    problem(await client.get(f"/v1/things?cursor={cursor}"), 400)


@pytest.mark.parametrize(("given", "status"), [(None, 428), ("W/1", 412), ('"7"', 200)])
async def test_an_edit_says_what_it_starts_from(
    client: httpx.AsyncClient, given: str | None, status: int
) -> None:
    answer = await client.put("/v1/edited", headers={"If-Match": given} if given else {})
    assert answer.status_code == status
    assert answer.headers.get("etag") == ('"8"' if status == 200 else None)


def test_names_become_addresses() -> None:
    assert kebab("NoticeSuperseded") == "notice-superseded"
    assert kebab("Method Not Allowed") == "method-not-allowed"


def test_a_problem_type_has_one_meaning() -> None:
    kinds: dict[str, tuple[int, str]] = {}
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        meaning = kind.status, title(kind)
        assert kinds.setdefault(kebab(kind.__name__), meaning) == meaning, kind
