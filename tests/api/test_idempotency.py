"""A write that is sent again, at once or later, has one effect and one answer."""

import asyncio
import gzip
import hashlib
from typing import Any
from uuid import UUID

import httpx
import pytest
from asyncpg import Connection
from litestar import Litestar

from tests.api import probe
from tests.api.conftest import Bearer
from tests.api.region import Region

PATH = "/v1/me/things"


@pytest.fixture
def app(app: Litestar) -> Litestar:
    app.register(probe.make)
    app.register(probe.forget)
    return app


@pytest.fixture
async def residents(region: Region) -> dict[str, UUID]:
    """Two residents who can log in."""
    return {name: await region.resident(name) for name in ("anna", "bo")}


async def effects(admin: "Connection[Any]", resident_id: UUID) -> int:
    """How often the route did its work for a resident."""
    sql = "SELECT revision - 1 FROM resident WHERE resident_id = $1"
    done: int = await admin.fetchval(sql, resident_id)
    return done


def keyed(headers: dict[str, str], key: str = "k-1") -> dict[str, str]:
    return {**headers, "Idempotency-Key": key}


async def test_sent_again_it_answers_the_same_bytes_and_does_nothing(
    client: httpx.AsyncClient, residents: Any, admin: Any, bearer: Bearer
) -> None:
    first, second = [
        await client.post(PATH, json={"name": "a"}, headers=keyed(bearer("anna"))) for _ in range(2)
    ]
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.status_code == 201
    assert first.headers["content-type"] == second.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await effects(admin, residents["anna"]) == 1


@pytest.mark.usefixtures("residents")
async def test_what_is_kept_does_not_tell_a_guess_from_what_was_asked(
    client: httpx.AsyncClient, admin: Any, bearer: Bearer
) -> None:
    made = await client.post(PATH, json={"name": "a"}, headers=keyed(bearer("anna")))
    guess = hashlib.sha256(f"{PATH}\n".encode() + made.request.content).digest()
    assert await admin.fetchval("SELECT fingerprint FROM reply") != guess


async def test_one_key_is_for_one_request_of_one_resident(
    client: httpx.AsyncClient, residents: Any, admin: Any, bearer: Bearer
) -> None:
    await client.post(PATH, json={"name": "a"}, headers=keyed(bearer("anna")))
    other = await client.post(PATH, json={"name": "b"}, headers=keyed(bearer("anna")))
    assert other.status_code == 422
    bo = await client.post(PATH, json={"name": "b"}, headers=keyed(bearer("bo")))
    assert bo.status_code == 201
    assert bo.json()["made_by"] == str(residents["bo"])
    assert await effects(admin, residents["anna"]) == 1


async def test_the_same_body_is_the_same_request_with_and_without_a_coding(
    client: httpx.AsyncClient, residents: Any, admin: Any, bearer: Bearer
) -> None:
    headers = keyed(bearer("anna")) | {"Content-Type": "application/json"}
    body = b'{"name": "a"}'
    coded = headers | {"Content-Encoding": "gzip"}
    first = await client.post(PATH, content=gzip.compress(body), headers=coded)
    second = await client.post(PATH, content=body, headers=headers)
    assert (first.status_code, first.content) == (201, second.content)
    assert second.headers["idempotency-replayed"] == "true"
    other = await client.post(PATH, content=gzip.compress(b'{"name": "b"}'), headers=coded)
    assert other.status_code == 422
    assert await effects(admin, residents["anna"]) == 1


@pytest.mark.parametrize("key", [None, "", "a" * 256, "a b", "ä"])
async def test_without_a_usable_key_nothing_is_done(
    client: httpx.AsyncClient, residents: Any, admin: Any, bearer: Bearer, key: str | None
) -> None:
    headers = [(k.encode(), v.encode()) for k, v in bearer("anna").items()]
    if key is not None:
        headers.append((b"Idempotency-Key", key.encode()))
    answer = await client.post(PATH, json={"name": "a"}, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/idempotency-key-missing")
    assert await effects(admin, residents["anna"]) == 0


async def test_two_keys_are_none(client: httpx.AsyncClient, residents: Any, bearer: Bearer) -> None:
    del residents
    twice = [*bearer("anna").items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (await client.post(PATH, json={"name": "a"}, headers=twice)).status_code == 400


async def test_of_many_at_once_one_has_an_effect(
    client: httpx.AsyncClient, residents: Any, admin: Any, bearer: Bearer
) -> None:
    headers = keyed(bearer("anna"))
    answers = await asyncio.gather(
        *(client.post(PATH, json={"name": "slow"}, headers=headers) for _ in range(64))
    )
    done = [answer for answer in answers if answer.status_code == 201]
    busy = [answer for answer in answers if answer.status_code == 409]
    assert len({answer.content for answer in done}) == 1
    assert len(done) + len(busy) == 64
    assert all(answer.headers["retry-after"] for answer in busy)
    assert await effects(admin, residents["anna"]) == 1


async def test_a_refusal_leaves_the_key_unused(
    client: httpx.AsyncClient, residents: Any, admin: Any, bearer: Bearer
) -> None:
    headers = keyed(bearer("anna"))
    refused = await client.post(PATH, json={"name": "forbidden"}, headers=headers)
    assert refused.status_code == 403
    assert await effects(admin, residents["anna"]) == 0
    assert (await client.post(PATH, json={"name": "a"}, headers=headers)).status_code == 201


async def test_an_answer_that_is_not_kept_is_never_committed(
    client: httpx.AsyncClient, residents: Any, admin: Any, bearer: Bearer
) -> None:
    headers = keyed(bearer("anna"))
    for _ in range(2):
        answer = await client.post("/v1/me/forgotten", json={"name": "a"}, headers=headers)
        assert answer.status_code == 500
    assert await effects(admin, residents["anna"]) == 0
