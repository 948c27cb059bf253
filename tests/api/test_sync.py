"""A phone that was away, set up anew, late or corrected: what it sends ends where it should, once."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from asyncpg import Connection

from api.settings import Settings
from domain.donations import opening
from tests.api.region import OpenStudy, Region, consent
from tests.domain.donations.conftest import HOUR_MS, permit

KEEP = OpenStudy("", "", UUID("00000000-0000-7000-8000-000000000011"))
"""The platform's item that lets donations be kept."""
DAY_MS = 24 * HOUR_MS
DAY = 1_767_225_600_000
"""1 January 2026 in UTC."""
JSON = dict[str, Any]


@pytest.fixture
def region(admin: Connection, settings: Settings, client: httpx.AsyncClient) -> Region:
    return Region(admin, settings, client)


@pytest.fixture
async def anna(region: Region) -> UUID:
    resident_id = await region.resident("anna")
    await permit(region.admin, resident_id, "heart")
    return resident_id


def heart(*start: int, **more: Any) -> JSON:
    value = [60.0 + at % 40 for at in start]
    batch = {"measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 60}
    return {**batch, "start": list(start), "value": value, **more}


async def give(region: Region, *batches: JSON, key: str = "", **more: Any) -> JSON:
    body = {"source": {"app": "watch"}, "batches": list(batches), **more}
    answer = await region.post("anna", "/v1/me/donations", body, key)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


async def stream(region: Region) -> JSON:
    (one,) = (await region.get("anna", "/v1/me/streams")).json()["items"]
    found: JSON = one
    return found


async def samples(region: Region) -> dict[int, float]:
    path = f"/v1/me/streams/{(await stream(region))['stream_id']}/samples?limit=10000"
    page = (await region.get("anna", path)).json()
    assert page["next"] is None
    return {
        at: value
        for batch in page["items"]
        for at, value in zip(batch["start"], batch["value"], strict=True)
    }


async def moment() -> int:
    """A ms that lies apart from what is done before and after."""
    await asyncio.sleep(0.005)
    now = time.time_ns() // 1_000_000
    await asyncio.sleep(0.005)
    return now


@pytest.mark.parametrize(("effect", "kept"), [("stop", [1, 3, 5]), ("no-further-use", [5])])
async def test_a_phone_that_was_away_gives_what_was_permitted_when_it_was_measured(
    region: Region, effect: str, kept: list[int]
) -> None:
    """Consent, pause, resumption, withdrawal, consent anew, expiry; all samples come after all of it."""
    resident_id, everything = await region.resident("anna"), {"scope": "everything"}
    until = {"until": (datetime.now(UTC) + timedelta(days=21)).isoformat()}
    chosen = {"categories": ["heart"], "past": False, "future": True}
    measured = [await moment()]
    await consent(region, resident_id, KEEP, **chosen)
    measured.append(await moment())
    for path, body in (
        ("pauses", everything | until),
        ("resumptions", everything),
        ("withdrawals", everything | {"effect": effect}),
    ):
        assert (await region.post("anna", f"/v1/me/{path}", body)).status_code in {200, 201}
        measured.append(await moment())
    ends = datetime.now(UTC) + timedelta(seconds=0.5)
    await consent(region, resident_id, KEEP, valid_until=ends, **chosen)
    measured.append(await moment())
    await asyncio.sleep(0.6)
    measured.append(await moment())
    (batch,) = (await give(region, heart(*measured)))["batches"]
    refused = [at for at in range(7) if at not in kept]
    assert [(no["code"], no["indices"]) for no in batch["rejected"]] == [
        ("outside-consent", refused)
    ]
    assert sorted(await samples(region)) == [measured[at] for at in kept]


@pytest.mark.usefixtures("anna")
async def test_an_app_set_up_anew_learns_how_far_it_had_come(region: Region) -> None:
    await give(region, heart(DAY, DAY + 5), key="first")
    await give(region, heart(DAY - 5), key="second")
    one = await stream(region)
    assert (one["newest_ms"], one["last_upload_key"], one["samples"]) == (DAY + 5, "second", 3)


@pytest.mark.usefixtures("anna")
async def test_thirty_days_sent_again_in_another_split_store_nothing(region: Region) -> None:
    starts = list(range(DAY, DAY + 30 * DAY_MS, HOUR_MS))
    for day in range(30):
        await give(region, heart(*starts[24 * day : 24 * day + 24]))
    before = await samples(region)
    again = [starts[at : at + 50] for at in range(0, len(starts), 50)]
    answer = await give(region, *[heart(*some, value=[99.0] * len(some)) for some in again])
    assert (answer["accepted"], answer["duplicates"]) == (0, len(starts))
    assert await samples(region) == before
    assert len(before) == len(starts)


@pytest.mark.usefixtures("anna")
async def test_batches_that_come_late_and_out_of_order_are_each_stored_once(region: Region) -> None:
    hours = [heart(*range(DAY + at * HOUR_MS, DAY + at * HOUR_MS + 5)) for at in range(6)]
    for at in (5, 0, 3, 4, 1, 2, 0, 5):
        await give(region, hours[at])
    assert sorted(await samples(region)) == [at for hour in hours for at in hour["start"]]


@pytest.mark.usefixtures("anna")
async def test_a_sample_is_corrected_and_deleted_by_its_id(region: Region) -> None:
    ids = ["a", "b", "c"]
    await give(region, heart(DAY, DAY + 1, DAY + 2, id=ids))
    await give(region, heart(DAY + 7, value=[99.0], id=["a"], replaces=True))
    answer = await give(region, deletions=[{"measure": "heart-rate", "id": ["b", "never given"]}])
    assert answer["deletions"] == 2
    left = {DAY + 7: 99.0, DAY + 2: 60.0 + (DAY + 2) % 40}
    assert await samples(region) == left
    late = await give(region, heart(DAY, DAY + 1, DAY + 2, id=ids))
    assert (late["accepted"], late["duplicates"]) == (0, 3)
    free = await give(region, heart(DAY + 1, value=[70.0]))
    assert (free["accepted"], await samples(region)) == (1, left | {DAY + 1: 70.0})


@pytest.mark.usefixtures("anna")
async def test_a_deletion_that_comes_before_its_sample_keeps_it_out(region: Region) -> None:
    await give(region, deletions=[{"measure": "heart-rate", "id": ["a"]}])
    assert (await stream(region))["newest_ms"] is None
    answer = await give(region, heart(DAY, DAY + 1, id=["a", "b"]))
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert list(await samples(region)) == [DAY + 1]


async def test_without_a_consent_a_deletion_leaves_no_trace(
    region: Region, admin: Connection
) -> None:
    await region.resident("anna")
    answer = await give(region, deletions=[{"measure": "heart-rate", "id": ["a"]}])
    assert (answer["deletions"], await admin.fetchval("SELECT count(*) FROM stream")) == (0, 0)


@pytest.mark.usefixtures("anna")
async def test_who_sends_too_often_is_told_when_to_go_on(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOST_UPLOADS", 2)
    for at in range(2):
        await give(region, heart(DAY + at))
    body = {"source": {"app": "watch"}, "batches": [heart(DAY + 9)]}
    answer = await region.post("anna", "/v1/me/donations", body, key := str(uuid4()))
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    await region.admin.execute("UPDATE stream SET recent_since = now() - interval '61 seconds'")
    again = await region.post("anna", "/v1/me/donations", body, key)
    assert (again.status_code, again.json()["accepted"]) == (200, 1)
