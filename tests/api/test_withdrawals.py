"""Withdrawing over HTTP: never refused for what one had seen, told how far it has come, done once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from api.settings import Settings
from domain.consents import gate
from domain.db import begin, open_pool
from domain.rights.sweeps import sweep
from tests.api.region import OpenStudy, Region, notice, read, take_part
from tests.database import Database

WITHDRAWALS = "/v1/me/withdrawals"
ALL = {"scope": "everything"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a version below which an app is too old."""
    return replace(settings, minimum_app_version=(2,))


@pytest.fixture
async def study(region: Region, study: OpenStudy) -> OpenStudy:
    """Anna takes part and has donated."""
    await take_part(region, "anna", study, 1, 2, 3)
    return study


async def mine(region: Region) -> dict[str, Any]:
    (one,) = (await region.get("anna", "/v1/me/consents")).json()["consents"]
    found: dict[str, Any] = one
    return found


def ahead(**time: float) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


async def test_an_outdated_version_is_no_reason_to_refuse(region: Region, study: OpenStudy) -> None:
    version = notice(study.study_id, study.item_id, supersedes=1, change="material")
    assert (await region.post("maker", "/v1/notices", version)).status_code == 201
    about = {"scope": "item", "item_id": str(study.item_id)}
    done = await region.post("anna", WITHDRAWALS, about)
    assert done.status_code == 200
    assert done.json()["withdrawal"]["drained_at"] is not None
    assert (await mine(region))["status"] == "ConsentWithdrawn"


@pytest.mark.parametrize("status", ["closed-to-accrual", "completed"])
async def test_a_study_that_is_closed_is_no_reason_either(
    region: Region, study: OpenStudy, status: str
) -> None:
    await region.stand("maker", study.study_id, status)
    about = {"scope": "study", "study_id": study.study_id}
    assert (await region.post("anna", WITHDRAWALS, about)).status_code == 200
    assert (await mine(region))["status"] == "ConsentWithdrawn"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (WITHDRAWALS, ALL, 200),
        (f"{WITHDRAWALS}/preview", ALL, 200),
        ("/v1/me/pauses", {**ALL, "until": "2199-01-01T00:00:00Z"}, 201),
        ("/v1/me/resumptions", ALL, 426),
    ],
)
async def test_an_old_app_may_end_and_not_begin(
    region: Region, study: OpenStudy, path: str, body: dict[str, Any], status: int
) -> None:
    assert study
    headers = region.bearer("anna") | {"App-Version": "1.9", "Idempotency-Key": "k"}
    done = await region.client.post(path, json=body, headers=headers)
    assert done.status_code == status, done.text


async def test_the_app_is_told_beforehand_what_else_would_be_hit(
    region: Region, study: OpenStudy
) -> None:
    wish = {**ALL, "effect": "erase"}
    told = (await region.post("anna", f"{WITHDRAWALS}/preview", wish)).json()
    assert told == {
        "ends": [{
            "item_id": str(study.item_id), "study_id": study.study_id, "category": "heart",
            "use": "study",
        }],
        "destroys": ["heart"],
        "leaves_studies": [study.study_id],
    }  # fmt: skip
    assert (await mine(region))["status"] == "ConsentGiven"
    done = (await region.post("anna", WITHDRAWALS, wish)).json()["withdrawal"]
    assert done["destroys"] == ["heart"]
    assert done["destroyed_at"] is not None


@pytest.mark.parametrize(
    "odd",
    [
        {"scope": "item"},
        {"scope": "everything", "category": "heart"},
        {"scope": "everything", "effect": "forget"},
        {"scope": "everything", "notice_version": 1},
    ],
)
async def test_what_cannot_be_meant_ends_nothing(
    region: Region, study: OpenStudy, odd: dict[str, Any]
) -> None:
    assert study
    assert (await region.post("anna", WITHDRAWALS, odd)).status_code == 400
    assert (await mine(region))["status"] == "ConsentGiven"


async def test_a_use_under_way_is_told_of_and_its_end_can_be_waited_for(
    region: Region, study: OpenStudy, database: Database
) -> None:
    assert study
    anna = await region.admin.fetchval("SELECT resident_id FROM identity")
    using = await asyncpg.connect(database.dsn("api"))
    async with begin(using):
        assert await gate.lock_many(using, [anna]) == [anna]
        first = await region.post("anna", WITHDRAWALS, ALL, key="once")
        assert first.status_code == 202
        assert 1.9 < first.elapsed.total_seconds() < 3
        path = f"{WITHDRAWALS}/{first.json()['event']['seq']}"
        assert (await region.get("anna", path)).json()["drained_at"] is None
        again = await region.post("anna", WITHDRAWALS, ALL, key="once")
        assert (again.status_code, again.content) == (202, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
    await using.close()
    async with await open_pool(database.dsn("worker"), 2) as worker:
        assert (await sweep(worker))["withdrawals_finished"] == 1
    assert (await region.get("anna", path)).json()["drained_at"] is not None
    assert len((await region.get("anna", "/v1/me/consent-events")).json()["items"]) == 2


async def test_a_pause_is_shown_with_its_end_and_ends_by_a_resumption(
    region: Region, study: OpenStudy
) -> None:
    until = ahead(days=3)
    paused = await region.post("anna", "/v1/me/pauses", {**ALL, "until": until})
    assert paused.status_code == 201
    one = await mine(region)
    assert datetime.fromisoformat(one["paused_until"]) == datetime.fromisoformat(until)
    assert (one["status"], one["collects"]) == ("ConsentGiven", False)
    assert (await read(region, "ana", study))[0] == []
    resumed = await region.post("anna", "/v1/me/resumptions", ALL)
    assert resumed.status_code == 201
    one = await mine(region)
    assert (one["paused_until"], one["collects"]) == (None, True)
    assert len((await read(region, "ana", study))[0]) == 1


async def test_a_pause_ends_in_the_future(region: Region, study: OpenStudy) -> None:
    assert study
    refused = await region.post("anna", "/v1/me/pauses", {**ALL, "until": ahead(seconds=-1)})
    assert refused.status_code == 422
    assert len((await region.get("anna", "/v1/me/consent-events")).json()["items"]) == 1


async def test_a_refusal_of_what_was_given_waits_for_uses_under_way_as_well(
    region: Region, study: OpenStudy, database: Database
) -> None:
    anna = await region.admin.fetchval("SELECT resident_id FROM identity")
    using = await asyncpg.connect(database.dsn("api"))
    async with begin(using):
        assert await gate.lock_many(using, [anna]) == [anna]
        refusal = {
            "item_id": str(study.item_id),
            "notice_version": 1,
            "language": "en",
            "seen_seq": 1,
        }
        answers = {"answers": [refusal | {"decision": "deny"}]}
        refused = await region.post("anna", "/v1/me/consent-events", answers, key="no")
        assert refused.status_code == 202
        path = f"{WITHDRAWALS}/{refused.json()['recorded'][0]['event']['seq']}"
        assert (await region.get("anna", path)).json()["drained_at"] is None
    await using.close()
    async with await open_pool(database.dsn("worker"), 2) as worker:
        assert (await sweep(worker))["withdrawals_finished"] == 1
    assert (await region.get("anna", path)).json()["drained_at"] is not None
    assert (await mine(region))["status"] == "ConsentRefused"
