"""One drafts, another approves, and residents read the announcement's own words in their language."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from asyncpg import Connection

from domain.db import open_pool
from domain.rights import announcing
from tests.api.region import Region
from tests.database import Database

TEXTS = {
    "sv": {"title": "Sluta mäta", "body": "Ta av klockan."},
    "en": {"title": "Stop measuring", "body": "Take off the watch."},
    "fi": {"title": "Lopeta mittaus", "body": "Ota kello pois."},
}
DRAFT: dict[str, Any] = {"kind": "safety-notice", "texts": TEXTS}
PATH = "/v1/announcements"


@pytest.fixture(autouse=True)
async def _staff(region: Region) -> None:
    """Two stewards, and a data protection officer, dag."""
    for who in ("maker", "opener"):
        await region.staff(who, "steward")
    await region.staff("dag", "data-protection-officer")


async def drafted(region: Region, who: str = "maker", **more: Any) -> str:
    made = await region.post(who, PATH, DRAFT | more)
    assert made.status_code == 201, made.text
    return str(made.json()["announcement_id"])


async def approve(region: Region, who: str, announcement_id: str) -> httpx.Response:
    return await region.edit("PUT", who, f"{PATH}/{announcement_id}/approval", None, None)


async def withdraw(region: Region, who: str, announcement_id: str) -> httpx.Response:
    return await region.edit("DELETE", who, f"{PATH}/{announcement_id}", None, None)


async def tell(database: Database) -> None:
    async with await open_pool(database.dsn("worker"), 1) as pool:
        await announcing.walk(pool)


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[1]


async def test_what_another_approves_is_told_and_its_progress_shown(
    region: Region, database: Database
) -> None:
    await region.resident("anna")
    notice = await drafted(region)
    await tell(database)
    assert (await region.get("anna", "/v1/me/messages")).json()["items"] == []
    assert (await approve(region, "dag", notice)).json()["approved_at"] is not None
    await tell(database)
    shown = (await region.get("maker", f"{PATH}/{notice}")).json()
    assert (shown["told"], shown["finished_at"] is not None) == (1, True)
    (message,) = (await region.get("anna", "/v1/me/messages")).json()["items"]
    assert (message["kind"], message["about"]) == ("safety-notice", notice)


@pytest.mark.parametrize(
    ("language", "shown"),
    [("sv", "sv"), ("en-GB", "en"), ("fi", "fi"), ("sv-x-easy", "sv"), ("ar", "sv")],
)
async def test_it_is_read_in_the_resident_s_language_or_what_is_nearest(
    region: Region, database: Database, admin: Connection, language: str, shown: str
) -> None:
    anna = await region.resident("anna")
    await admin.execute("UPDATE resident SET language = $2 WHERE resident_id = $1", anna, language)
    await approve(region, "opener", await drafted(region))
    await tell(database)
    (listed,) = (await region.get("anna", "/v1/me/messages")).json()["items"]
    one = (await region.get("anna", f"/v1/me/messages/{listed['message_id']}")).json()
    for message in (listed, one.get("message", one)):
        assert {"title": message["title"], "body": message["body"]} == TEXTS[shown]


async def test_nobody_approves_their_own(region: Region) -> None:
    notice = await drafted(region)
    assert kind(await approve(region, "maker", notice)) == (403, "own-announcement")
    assert (await region.get("maker", f"{PATH}/{notice}")).json()["approved_at"] is None


async def test_to_approve_again_changes_nothing_and_another_is_told_so(region: Region) -> None:
    notice = await drafted(region)
    first = (await approve(region, "opener", notice)).json()
    assert (await approve(region, "opener", notice)).json() == first
    assert kind(await approve(region, "dag", notice)) == (409, "announcement-decided")


async def test_only_a_draft_is_withdrawn_and_is_never_approved_then(region: Region) -> None:
    notice, other = await drafted(region), await drafted(region)
    withdrawn = (await withdraw(region, "dag", notice)).json()
    assert withdrawn["withdrawn_at"] is not None
    assert (await withdraw(region, "dag", notice)).json() == withdrawn
    assert kind(await approve(region, "opener", notice)) == (409, "announcement-decided")
    await approve(region, "opener", other)
    assert kind(await withdraw(region, "maker", other)) == (409, "announcement-decided")


@pytest.mark.parametrize("role", ["operator", None])
async def test_only_stewards_and_data_protection_officers_may(
    region: Region, role: str | None
) -> None:
    notice = await drafted(region)
    await region.staff("someone", role)
    for answer in (
        await region.post("someone", PATH, DRAFT),
        await region.get("someone", PATH),
        await region.get("someone", f"{PATH}/{notice}"),
        await approve(region, "someone", notice),
        await withdraw(region, "someone", notice),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "more",
    [
        {"texts": {"sv": TEXTS["sv"]}},
        {"texts": TEXTS | {"ar": {"title": " ", "body": "B"}}},
        {"texts": TEXTS | {"sv": {"title": "T", "body": "\n"}}},
    ],
)
async def test_a_draft_that_some_could_not_read_is_refused(
    region: Region, more: dict[str, Any]
) -> None:
    assert kind(await region.post("maker", PATH, DRAFT | more)) == (422, "invalid")


@pytest.mark.parametrize(
    "words",
    [
        {"title": "x" * 61, "body": "B"},
        {"title": "two\nlines", "body": "B"},
        {"title": "T", "body": "x" * 4_001},
        {"title": "T", "body": "\x00"},
    ],
)
async def test_words_of_another_form_are_refused_and_not_repeated(
    region: Region, words: dict[str, str]
) -> None:
    refused = await region.post("maker", PATH, DRAFT | {"texts": TEXTS | {"sv": words}})
    assert refused.status_code == 400
    assert "xx" not in refused.text


async def test_what_is_not_there_is_not_found(region: Region) -> None:
    absent = str(uuid4())
    for answer in (
        await region.post("maker", PATH, DRAFT | {"study_id": absent}),
        await region.get("maker", f"{PATH}/{absent}"),
        await approve(region, "maker", absent),
        await withdraw(region, "maker", absent),
    ):
        assert answer.status_code == 404


async def test_a_draft_sent_again_is_one_draft(region: Region) -> None:
    first, again = [await region.post("maker", PATH, DRAFT, key="once") for _ in range(2)]
    assert first.content == again.content
    assert len((await region.get("opener", PATH)).json()["items"]) == 1


async def test_announcements_are_read_page_by_page_newest_first(region: Region) -> None:
    made = [await drafted(region) for _ in range(3)]
    first = (await region.get("opener", f"{PATH}?limit=2")).json()
    rest = (await region.get("opener", f"{PATH}?limit=2&cursor={first['next']}")).json()
    found = [one["announcement_id"] for one in first["items"] + rest["items"]]
    assert (found, rest["next"]) == (made[::-1], None)
