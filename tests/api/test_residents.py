"""A resident over the real application: begins, is met, disputes, signs out, takes along, is erased."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from asyncpg import Connection

from tests.api.conftest import Bearer

TERMS = {"notice_version": 1, "language": "en", "zone": "Europe/Stockholm"}
NUMBER = "198112189876"


class Phone:
    """An app of one login. Each login is a second later than the one before."""

    def __init__(
        self, client: httpx.AsyncClient, bearer: Bearer, subject: str, **claims: Any
    ) -> None:
        self._client = client
        self._bearer = bearer
        self._subject = subject
        self._claims = claims
        self.log_in(-60)

    def log_in(self, seconds: int = 2) -> None:
        at = int(time.time()) + seconds
        self.headers = self._bearer(self._subject, **{"auth_time": at, **self._claims})

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self._client.request(method, f"/v1/me{path}", headers=headers, **more)

    async def begin(self, **terms: Any) -> httpx.Response:
        return await self.send("PUT", "", json={**TERMS, **terms})


@pytest.fixture
async def anna(client: httpx.AsyncClient, bearer: Bearer) -> Phone:
    phone = Phone(client, bearer, "anna", birthdate="1981-12-18", gender="female", nin=NUMBER)
    assert (await phone.begin()).status_code == 201
    return phone


def kind(response: httpx.Response) -> str:
    return str(response.json()["type"]).rpartition("/")[2]


async def test_nothing_is_there_before_the_notice_is_accepted(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    response = await Phone(client, bearer, "nobody").send("GET", "")
    assert (response.status_code, kind(response)) == (409, "resident-unknown")
    assert response.json()["accept_at"] == "/v1/me"


async def test_accepting_again_finds_the_resident_and_keeps_their_preferences(anna: Phone) -> None:
    before = (await anna.send("GET", "")).json()
    again = await anna.begin(language="sv")
    assert (again.status_code, again.json()) == (200, before)


async def test_two_phones_at_once_make_one_resident(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    phone = Phone(client, bearer, "twin")
    answers = await asyncio.gather(*(phone.begin() for _ in range(6)))
    assert sorted(a.status_code for a in answers) == [200] * 5 + [201]
    assert len({a.json()["resident_id"] for a in answers}) == 1


async def test_an_outdated_notice_is_not_accepted(
    client: httpx.AsyncClient, bearer: Bearer, admin: Connection
) -> None:
    notice = await admin.fetchval("SELECT notice_id FROM notice")
    await admin.execute("INSERT INTO notice_version VALUES ($1, 2, 'material')", notice)
    response = await Phone(client, bearer, "late").begin()
    assert (response.status_code, kind(response)) == (409, "notice-superseded")
    assert response.json()["current_version"] == 2


@pytest.mark.parametrize(
    ("terms", "status"),
    [({"language": "xx"}, 409), ({"notice_version": 9}, 404), ({"zone": "Mars/Base"}, 400)],
)
async def test_what_cannot_have_been_read_is_not_accepted(
    client: httpx.AsyncClient, bearer: Bearer, admin: Connection, terms: Any, status: int
) -> None:
    assert (await Phone(client, bearer, "odd").begin(**terms)).status_code == status
    assert await admin.fetchval("SELECT count(*) FROM identity") == 0


async def test_of_two_devices_that_edit_one_is_told(anna: Phone) -> None:
    read = await anna.send("GET", "/preferences")
    assert read.json()["quiet_hours"] == {"start": "21:00", "end": "08:00"}
    wanted: dict[str, Any] = {
        "language": "sv",
        "zone": "Asia/Tokyo",
        "quiet_hours": None,
        "muted": [],
        "muted_studies": [],
    }
    match = {"If-Match": read.headers["ETag"]}
    saved = await anna.send("PUT", "/preferences", json=wanted, headers=match)
    assert (saved.status_code, saved.json()) == (200, wanted)
    late = await anna.send("PUT", "/preferences", json=wanted, headers=match)
    assert late.status_code == 412
    assert (await anna.send("PUT", "/preferences", json=wanted)).status_code == 428
    again = {"If-Match": saved.headers["ETag"]}
    assert (await anna.send("PUT", "/preferences", json=wanted, headers=again)).is_success


async def test_an_attribute_is_disputed_and_never_edited(anna: Phone) -> None:
    text = {"text": "I was born a day later."}
    disputed = await anna.send("PUT", "/attributes/birth-date/dispute", json=text)
    assert disputed.json()["value"] == "1981-12-18"
    assert disputed.json()["dispute"] == text["text"]
    for _ in range(2):
        taken_back = await anna.send("DELETE", "/attributes/birth-date/dispute")
        assert taken_back.json()["dispute"] is None
    names = [a["name"] for a in (await anna.send("GET", "/attributes")).json()]
    assert names == ["birth-date", "sex"]


@pytest.mark.parametrize("name", ["municipality", "shoe-size"])
async def test_what_nobody_says_cannot_be_disputed(anna: Phone, name: str) -> None:
    response = await anna.send("PUT", f"/attributes/{name}/dispute", json={"text": "No."})
    assert response.status_code in {400, 404}


@pytest.mark.parametrize("text", ["", "\x00", "x" * 2_001])
async def test_a_dispute_is_bounded(anna: Phone, text: str) -> None:
    response = await anna.send("PUT", "/attributes/sex/dispute", json={"text": text})
    assert response.status_code == 400


async def test_sign_out_everywhere_refuses_old_tokens_at_once(
    anna: Phone, client: httpx.AsyncClient, bearer: Bearer
) -> None:
    other = Phone(client, bearer, "anna at freja", nin=NUMBER)
    assert (await other.begin()).status_code == 200
    assert (await anna.send("POST", "/sign-out-everywhere")).status_code == 204
    for phone in (anna, other):
        assert (await phone.send("GET", "")).status_code == 401
        assert (await phone.begin()).status_code == 401
        phone.log_in()
        assert (await phone.send("GET", "")).status_code == 200


async def test_the_whole_of_an_account_comes_as_one_document(anna: Phone) -> None:
    await anna.send("POST", "/sign-out-everywhere")
    anna.log_in()
    response = await anna.send("GET", "/export")
    assert response.headers["Content-Type"] == "application/json"
    document = response.json()
    assert document["complete"] is True
    assert document["profile"][0]["person_number"] == NUMBER
    assert [a["name"] for a in document["attributes"]] == ["birth-date", "sex"]
    assert [m["kind"] for m in document["messages"]] == ["signed-out"]


async def test_erasing_has_to_be_said(anna: Phone) -> None:
    assert (await anna.send("DELETE", "")).status_code == 400
    assert (await anna.send("GET", "")).status_code == 200


async def test_an_erased_account_refuses_its_tokens_and_a_new_login_is_someone_new(
    anna: Phone, client: httpx.AsyncClient, bearer: Bearer
) -> None:
    other = Phone(client, bearer, "anna at freja", nin=NUMBER)
    await other.begin()
    before = (await anna.send("GET", "")).json()["resident_id"]
    erased = await anna.send("DELETE", "", params={"confirm": "erase"})
    assert (erased.status_code, erased.json()["destroyed"]) == (200, True)
    for phone in (anna, other):
        assert (await phone.send("GET", "")).status_code == 401
        assert (await phone.begin()).status_code == 401
    anna.log_in()
    assert (await anna.send("GET", "")).status_code == 409
    anew = await anna.begin()
    assert anew.status_code == 201
    assert anew.json()["resident_id"] != before
    assert (await other.begin()).status_code == 401


async def test_two_erasures_at_once_are_one(anna: Phone, admin: Connection) -> None:
    answers = await asyncio.gather(
        *(anna.send("DELETE", "", params={"confirm": "erase"}) for _ in range(4))
    )
    assert {a.status_code for a in answers} == {200, 401}
    sql = "SELECT count(*) FROM erasure WHERE scope = 'account'"
    assert await admin.fetchval(sql) == 1


async def test_nothing_of_a_person_is_in_a_refusal(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    canary = f"canary-{uuid4()}"
    phone = Phone(client, bearer, canary, nin=NUMBER, gender=canary)
    for terms in ({"language": canary}, {"zone": canary}, {canary: 1}):
        response = await phone.begin(**terms)
        assert canary not in response.text + str(response.headers)
        assert NUMBER not in response.text
