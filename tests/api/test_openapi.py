"""The API description: valid, whole, and only ever growing."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from litestar import Litestar
from openapi_spec_validator import validate

from api import openapi
from api.additive import additive
from api.app import CAPABILITIES, create_app
from api.settings import Settings
from tests.api import probe
from tests.api.conftest import serving

RELEASED = Path(__file__).with_name("released.yaml")


class Probe:
    """The probe's routes as a capability."""

    routes = probe.routes


@pytest.fixture
def described(offline: Settings, monkeypatch: pytest.MonkeyPatch) -> Litestar:
    """The application with the probe's routes from the start."""
    monkeypatch.setattr("api.app.CAPABILITIES", (*CAPABILITIES, Probe))
    return create_app(offline)


def read(text: str) -> Any:
    """What `yaml.safe_load` finds, in a tenth of the time where libyaml is there."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe


@pytest.fixture
def description(described: Litestar) -> Any:
    """As clients read it."""
    return read(openapi.render(described))


def test_it_is_valid_openapi(description: Any) -> None:
    validate(description)


def test_the_same_code_gives_the_same_text(offline: Settings) -> None:
    assert openapi.render(create_app(offline)) == openapi.render(create_app(offline))


def test_every_operation_has_an_id_a_tag_and_problems(description: Any) -> None:
    found = [o for item in description["paths"].values() for o in item.values()]
    assert len({o["operationId"] for o in found}) == len(found)
    for each in found:
        assert each["tags"]
        assert each["summary"]
        assert {"500", "503"} <= each["responses"].keys()
        for status, answer in each["responses"].items():
            if status >= "400" and "$ref" not in answer:
                is_fhir = each["operationId"].startswith("fhir_")
                kind = "application/fhir+json" if is_fhir else "application/problem+json"
                assert list(answer["content"]) == [kind], each["operationId"]


def test_guards_keys_and_bodies_show(description: Any) -> None:
    paths = description["paths"]
    make = paths["/v1/me/things"]["post"]
    assert make["security"] == [{"oidc": []}]
    assert {"400", "401", "403", "408", "409", "413", "415", "422", "426"} <= make[
        "responses"
    ].keys()
    assert [p["name"] for p in make["parameters"]] == ["Idempotency-Key"]
    assert paths["/health/live"]["get"]["security"] == []
    assert "426" not in paths["/v1/echo"]["post"]["responses"]


def test_what_may_end_later_says_202_with_the_same_body(description: Any) -> None:
    for path in ("withdrawals", "pauses", "enrolments/{enrolment_id}/leave"):
        answers = description["paths"][f"/v1/me/{path}"]["post"]["responses"]
        (done,) = {"200", "201"} & answers.keys()
        assert answers["202"]["content"] == answers[done]["content"]


@pytest.mark.skipif(not RELEASED.exists(), reason="nothing was released yet")
def test_it_only_grows(offline: Settings) -> None:
    assert additive(RELEASED.read_text(), openapi.render(create_app(offline))) == []


OLD = """
paths:
  /things:
    post:
      operationId: make
      parameters: [{in: query, name: word, schema: {type: string, maxLength: 9}}]
      requestBody:
        content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
      responses:
        '201': {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
components:
  schemas:
    Thing:
      type: object
      properties: {name: {type: string}, kind: {enum: [a, b]}, size: {type: integer, maximum: 9}}
      required: [name]
"""


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        ("post:", "put:", "POST /things: is gone"),
        ("operationId: make", "operationId: do", "has another operationId"),
        (
            "operationId: make",
            "operationId: make\n      security: [{oidc: []}]",
            "needs a token now",
        ),
        ("name: word,", "name: word, required: true,", "parameter word is required now"),
        ("name: word", "name: other", "parameter word: is gone"),
        ("maxLength: 9", "maxLength: 8", "maxLength is lower"),
        ("'201'", "'200'", "no longer answers 201"),
        ("requestBody:", "requestBody:\n        required: true", "a body is required now"),
        ("[name]", "[name, size]", "size: is required now"),
        ("[name]", "[]", "name: may be missing now"),
        ("name: {type: string}", "name: {type: integer}", "name: has another type"),
        ("name: {type: string}, ", "", "name: is gone"),
        ("[a, b]", "[a]", "kind: takes fewer values"),
        ("size: {type: integer,", "size: {type: [integer, 'null'],", "size: has another type"),
        ("maximum: 9", "maximum: 8", "maximum is lower"),
    ],
)
def test_what_breaks_a_client_is_found(old: str, new: str, broken: str) -> None:
    assert old in OLD
    found = additive(OLD, OLD.replace(old, new))
    assert any(broken in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[a, b]", "[a, b, c]"),
        ("maximum: 9", "maximum: 10"),
        ("{name: {type: string},", "{name: {type: string}, more: {type: string},"),
        ("/things:", "/others: {get: {responses: {}}}\n  /things:"),
        ("in: query, name: word, schema: {type: string, maxLength: 9}}",
         "in: query, name: word, schema: {type: string}}, {in: query, name: more}"),
    ],
)  # fmt: skip
def test_what_only_adds_is_fine(old: str, new: str) -> None:
    assert old in OLD
    assert additive(OLD, OLD.replace(old, new)) == []


async def test_the_page_needs_nothing_from_elsewhere(offline: Settings) -> None:
    async with serving(create_app(offline)) as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "script-src 'self';" in page.headers["content-security-policy"]
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert address.startswith("/docs/")
            assert (await client.get(address)).status_code == 200
        assert not re.search(r"<script>|onload=", page.text)
        description = await client.get("/docs/openapi.json")
        assert description.json()["openapi"].startswith("3.1")
        await problem_for_a_missing_page(client)


async def problem_for_a_missing_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs/nothing")
    assert answer.headers["content-type"] == "application/problem+json"
