"""A resident reads a notice, and answers it choice by choice, knowing what they answer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from asyncpg import Connection
from msgspec.structs import replace

from api.settings import Settings
from domain.consents.notices import PLATFORM_NOTICE
from tests.api.region import OpenStudy, Region, notice, open_study

KEEP = "00000000-0000-7000-8000-000000000011"
"""The platform's item that lets eight categories be kept."""
SENSITIVE = "00000000-0000-7000-8000-000000000012"
"""The platform's item that lets heart rhythm events, cycle, symptoms and places be kept."""
QUOTE = "00000000-0000-7000-8000-000000000016"
EVENTS = "/v1/me/consent-events"
ONLY_IN_FINNISH = (
    "DELETE FROM notice_text WHERE language = 'sv'",
    "UPDATE notice_text SET language = 'fi'",
    "UPDATE consent_item SET texts = jsonb_build_object('fi', texts -> 'en')",
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a version below which an app is too old."""
    return replace(settings, minimum_app_version=(2,))


@pytest.fixture
async def region(admin: Connection, settings: Settings, client: httpx.AsyncClient) -> Region:
    """Anna has begun, by PUT /v1/me."""
    region = Region(admin, settings, client)
    terms = {"notice_version": 1, "language": "en"}
    began = await region.edit("PUT", "anna", "/v1/me", terms, None)
    assert began.status_code == 201, began.text
    return region


def yes(item_id: str | UUID = KEEP, **words: Any) -> dict[str, Any]:
    said = {"item_id": str(item_id), "notice_version": 1, "language": "en", "seen_seq": 0}
    return said | {"decision": "permit"} | words


async def answer(region: Region, *answers: dict[str, Any], key: str = "") -> httpx.Response:
    return await region.post("anna", EVENTS, {"answers": list(answers)}, key)


async def events(region: Region) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await region.get("anna", EVENTS)).json()["items"]
    return found


def kind(refused: httpx.Response) -> tuple[int, str]:
    return refused.status_code, refused.json()["type"].rpartition("/")[2]


async def newer(region: Region, study: OpenStudy, change: str) -> None:
    version = notice(study.study_id, study.item_id, supersedes=1, change=change)
    published = await region.post("maker", "/v1/notices", version)
    assert published.status_code == 201, published.text


@pytest.mark.parametrize(
    ("asked", "language"),
    [("sv", "sv"), ("en-GB", "en"), ("EN", "en"), ("fi, en;q=0.5", "en"), ("fi", "sv")],
)
async def test_a_notice_is_read_in_a_language_that_is_asked_for(
    region: Region, asked: str, language: str
) -> None:
    path = f"/v1/notices/{PLATFORM_NOTICE}"
    read = await region.client.get(path, headers={"Accept-Language": asked})
    assert read.json()["language"] == language
    assert read.json()["languages"] == ["en", "sv"]
    assert [item["use"] for item in read.json()["items"]][:2] == ["keep", "keep"]
    assert all(item["title"] for item in read.json()["items"])


async def test_a_notice_that_is_in_none_of_them_says_which_it_has(region: Region) -> None:
    study = await open_study(region)
    for sql in ONLY_IN_FINNISH:
        await region.admin.execute(sql)
    path = f"/v1/notices/{study.notice_id}"
    refused = await region.client.get(path, headers={"Accept-Language": "en"})
    assert kind(refused) == (409, "notice-not-in-language")
    assert refused.json()["languages"] == ["fi"]
    picked = await region.client.get(path, headers={"Accept-Language": "fi"})
    assert picked.json()["language"] == "fi"


async def test_an_older_version_can_be_read_still_and_one_to_come_cannot(region: Region) -> None:
    study = await open_study(region)
    await newer(region, study, "material")
    path = f"/v1/notices/{study.notice_id}"
    assert (await region.client.get(path)).json()["version"] == 2
    assert (await region.client.get(f"{path}?version=1")).json()["version"] == 1
    assert (await region.client.get(f"{path}?version=3")).status_code == 404


async def test_one_tap_answers_many_items_each_an_event(region: Region) -> None:
    made = await answer(region, yes(KEEP), yes(QUOTE, decision="deny"))
    assert made.status_code == 201, made.text
    told = [one["event"] for one in made.json()["recorded"]]
    assert [(e["seq"], e["item_id"], e["decision"]) for e in told] == [
        (1, KEEP, "permit"), (2, QUOTE, "deny"),
    ]  # fmt: skip
    assert (await events(region))[::-1] == told


@pytest.mark.parametrize(
    ("odd", "status"),
    [({"item_id": str(uuid4())}, 404), ({"categories": ["contact"]}, 422), ({"seen_seq": 9}, 422)],
)
async def test_of_many_answers_all_are_written_or_none(
    region: Region, odd: dict[str, Any], status: int
) -> None:
    assert (await answer(region, yes(KEEP), yes(QUOTE) | odd)).status_code == status
    assert await events(region) == []


async def test_a_retry_writes_nothing_twice(region: Region) -> None:
    first = await answer(region, yes(), key="once")
    again = await answer(region, yes(), key="once")
    assert (again.status_code, again.content) == (201, first.content)
    assert len(await events(region)) == 1


@pytest.mark.parametrize("change", ["minor", "material"])
async def test_giving_to_a_version_that_was_replaced_names_the_current_one(
    region: Region, change: str
) -> None:
    study = await open_study(region)
    await newer(region, study, change)
    refused = await answer(region, yes(study.item_id))
    assert kind(refused) == (409, "notice-superseded")
    assert refused.json()["current_version"] == 2
    assert (await answer(region, yes(study.item_id, notice_version=2))).status_code == 201


async def test_an_editorial_change_asks_nobody_anew(region: Region) -> None:
    study = await open_study(region)
    await newer(region, study, "editorial")
    assert (await answer(region, yes(study.item_id))).status_code == 201


async def test_a_no_is_taken_to_whatever_version(region: Region) -> None:
    study = await open_study(region)
    await newer(region, study, "material")
    assert (await answer(region, yes(study.item_id, decision="deny"))).status_code == 201


@pytest.mark.parametrize("decision", ["permit", "deny"])
async def test_nobody_answers_what_they_cannot_have_read(region: Region, decision: str) -> None:
    refused = await answer(region, yes(language="fi", decision=decision))
    assert kind(refused) == (409, "notice-not-in-language")


async def test_a_study_that_is_over_takes_no_consent(region: Region) -> None:
    study = await open_study(region)
    await region.stand("maker", study.study_id, "completed")
    assert kind(await answer(region, yes(study.item_id))) == (409, "study-closed")
    assert (await answer(region, yes(study.item_id, decision="deny"))).status_code == 201


@pytest.mark.parametrize(
    "beyond",
    [
        {"categories": ["heart", "contact"]},
        {"past": False, "future": False},
        {"valid_until": "2026-01-01T00:00:00Z"},
    ],
)
async def test_an_answer_beyond_the_item_is_refused(region: Region, beyond: dict[str, Any]) -> None:
    assert kind(await answer(region, yes(**beyond))) == (422, "beyond-item")


async def test_an_answer_may_be_narrower_than_the_item(region: Region) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    narrow: dict[str, Any] = {"categories": ["sleep", "heart"], "past": False, "valid_until": until}
    made = (await answer(region, yes(**narrow))).json()["recorded"][0]["event"]
    assert made["categories"] == ["heart", "sleep"]
    assert (made["past"], made["future"], made["valid_until"]) == (False, True, until)
    mine = (await region.get("anna", "/v1/me/consents")).json()["consents"]
    assert [(one["category"], one["valid_until"]) for one in mine] == [
        ("heart", until), ("sleep", until),
    ]  # fmt: skip


async def test_nobody_has_seen_what_is_not_written_yet(region: Region) -> None:
    assert kind(await answer(region, yes(seen_seq=1))) == (422, "invalid")


async def test_a_yes_that_did_not_know_of_a_later_no_is_written_and_opens_nothing(
    region: Region,
) -> None:
    await answer(region, yes())
    about = {"scope": "item", "item_id": KEEP}
    assert (await region.post("anna", "/v1/me/withdrawals", about)).status_code == 200
    blind = (await answer(region, yes(seen_seq=1))).json()["recorded"][0]["event"]
    assert (blind["seq"], blind["blind"]) == (3, True)
    mine = (await region.get("anna", "/v1/me/consents")).json()
    assert mine["seq"] == 3
    assert {one["status"] for one in mine["consents"]} == {"ConsentWithdrawn"}
    assert not any(one["collects"] for one in mine["consents"])
    knowing = (await answer(region, yes(seen_seq=3))).json()["recorded"][0]["event"]
    assert knowing["blind"] is False


async def test_an_app_that_is_too_old_gives_no_consent(region: Region) -> None:
    headers = region.bearer("anna") | {"App-Version": "1.9", "Idempotency-Key": "k"}
    refused = await region.client.post(EVENTS, json={"answers": [yes()]}, headers=headers)
    assert kind(refused) == (426, "app-too-old")
    assert refused.json()["minimum"] == "2"
    assert await events(region) == []


async def test_what_is_sensitive_is_given_by_name_alone(region: Region) -> None:
    refused = await answer(region, yes(), yes(SENSITIVE))
    assert kind(refused) == (422, "sensitive-unnamed")
    assert await events(region) == []
    named = await answer(region, yes(SENSITIVE, categories=["symptoms"]))
    assert named.json()["recorded"][0]["event"]["categories"] == ["symptoms"]
