"""The inbox over the real application: paged, counted, read and archived, and nobody else's."""

from uuid import uuid4

import httpx
import pytest
from asyncpg import Connection

from tests.api.conftest import Bearer
from tests.api.test_residents import Phone

KINDS = ("signed-out", "consent-to-review", "study-joined", "consent-ended", "login-added")


@pytest.fixture
async def anna(client: httpx.AsyncClient, bearer: Bearer, admin: Connection) -> Phone:
    """Has five messages."""
    phone = Phone(client, bearer, "anna")
    me = (await phone.begin()).json()["resident_id"]
    sql = "INSERT INTO message (resident_id, message_id, kind) VALUES ($1, uuidv7(), $2)"
    for kind in KINDS:
        await admin.execute(sql, me, kind)
    return phone


async def kinds(phone: Phone, **query: object) -> list[str]:
    found, query = [], {"limit": 2, **query}
    while True:
        page = (await phone.send("GET", "/messages", params=query)).json()
        found += [message["kind"] for message in page["items"]]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def unread(phone: Phone) -> int:
    return int((await phone.send("GET", "/messages/unread-count")).json()["unread"])


async def first(phone: Phone) -> str:
    page = (await phone.send("GET", "/messages", params={"limit": 1})).json()
    return str(page["items"][0]["message_id"])


async def test_pages_hold_every_message_once_newest_first(anna: Phone) -> None:
    assert await kinds(anna) == list(reversed(KINDS))


async def test_reading_twice_is_reading_once(anna: Phone) -> None:
    path = f"/messages/{await first(anna)}/read"
    assert await unread(anna) == 5
    for _ in range(2):
        assert (await anna.send("PUT", path)).status_code == 204
    assert await unread(anna) == 4


async def test_what_is_archived_leaves_the_inbox_and_can_be_read(anna: Phone) -> None:
    path = f"/messages/{await first(anna)}/archived"
    for _ in range(2):
        assert (await anna.send("PUT", path)).status_code == 204
    assert await kinds(anna) == list(reversed(KINDS[:-1]))
    assert await kinds(anna, archived=True) == ["login-added"]
    assert await unread(anna) == 4


async def test_what_was_read_can_wait_again(anna: Phone) -> None:
    path = f"/messages/{await first(anna)}/read"
    await anna.send("PUT", path)
    for _ in range(2):
        assert (await anna.send("DELETE", path)).status_code == 204
    assert await unread(anna) == 5


async def test_what_was_archived_comes_back_in_its_place(anna: Phone) -> None:
    path = f"/messages/{await first(anna)}/archived"
    await anna.send("PUT", path)
    for _ in range(2):
        assert (await anna.send("DELETE", path)).status_code == 204
    assert await kinds(anna) == list(reversed(KINDS))
    assert await kinds(anna, archived=True) == []


async def test_messages_are_in_the_resident_s_language(anna: Phone) -> None:
    newest = (await anna.send("GET", "/messages")).json()["items"][0]
    assert newest["title"] == "A new way to log in"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("what", ["read", "archived"])
async def test_another_s_message_and_none_are_the_same(
    anna: Phone, client: httpx.AsyncClient, bearer: Bearer, what: str, method: str
) -> None:
    bo = Phone(client, bearer, "bo")
    await bo.begin()
    answers = [
        await bo.send(method, f"/messages/{message}/{what}")
        for message in (await first(anna), uuid4(), "1")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert await unread(anna) == 5
