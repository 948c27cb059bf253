"""Stop switches, holds and invalidations deny at once; each is undone by whom it should be."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.region import OpenStudy, Region, read, take_part


@pytest.fixture
async def study(region: Region, study: OpenStudy) -> OpenStudy:
    """With a data protection officer, dag."""
    await region.staff("dag", "data-protection-officer")
    return study


async def reads(region: Region, study: OpenStudy) -> int:
    return len((await read(region, "ana", study))[0])


@pytest.mark.parametrize("name", ["study_id", "recipient", "category"])
async def test_a_stop_switch_stops_every_use_until_it_is_lifted(
    region: Region, study: OpenStudy, name: str
) -> None:
    await take_part(region, "anna", study, 1)
    about = {"study_id": study.study_id, "recipient": "Region Stockholm", "category": "heart"}
    body = {name: about[name], "reason": "An incident"}
    stopped = await region.post("maker", "/v1/stop-switches", body)
    assert stopped.status_code == 201, stopped.text
    assert await reads(region, study) == 0
    lift = f"/v1/stop-switches/{stopped.json()['stop_id']}/lift"
    assert (await region.post("opener", lift)).status_code == 403
    assert (await region.post("dag", lift)).json()["lifted_at"] is not None
    assert await reads(region, study) == 1


@pytest.mark.parametrize("about", [{}, {"category": "heart", "recipient": "KI"}])
async def test_a_stop_switch_is_about_one_thing(
    region: Region, study: OpenStudy, about: dict[str, str]
) -> None:
    assert study
    body = {**about, "reason": "An incident"}
    assert (await region.post("dag", "/v1/stop-switches", body)).status_code == 422
    assert (await region.get("dag", "/v1/stop-switches")).json()["items"] == []


@pytest.mark.parametrize("by_code", [True, False])
async def test_a_hold_restricts_without_erasing_and_the_resident_is_told(
    region: Region, study: OpenStudy, *, by_code: bool
) -> None:
    anna, joined = await take_part(region, "anna", study, 1)
    coded = {"study_id": study.study_id, "code": joined["code"]}
    whom: dict[str, Any] = coded if by_code else {"resident_id": str(anna)}
    body = {"concerning": whom, "scope": "everything", "reason": "A dispute about accuracy"}
    held = await region.post("dag", "/v1/holds", body)
    assert held.status_code == 201, held.text
    assert await reads(region, study) == 0
    (seen,) = (await region.get("anna", "/v1/me/blocks")).json()["items"]
    assert (seen["kind"], seen["reason"]) == ("hold", "A dispute about accuracy")
    mine = f"/v1/me/blocks/{seen['block_id']}"
    assert (await region.edit("DELETE", "anna", mine, None, None)).status_code == 404
    lift = f"/v1/holds/{seen['block_id']}/lift"
    assert (await region.post("dag", lift, whom)).status_code == 200
    assert await reads(region, study) == 1
    told = await region.admin.fetch(
        "SELECT kind FROM message WHERE resident_id = $1 ORDER BY message_id", anna
    )
    assert [one["kind"] for one in told] == ["study-joined", "hold-placed", "hold-lifted"]


async def test_an_invalid_consent_closes_and_ends_what_rested_on_it(
    region: Region, study: OpenStudy
) -> None:
    anna, _ = await take_part(region, "anna", study, 1)
    body = {"concerning": {"resident_id": str(anna)}, "item_id": str(study.item_id)}
    event = await region.post("dag", "/v1/invalidations", body)
    assert event.status_code == 201, event.text
    assert (event.json()["decision"], event.json()["actor_role"]) == (
        "invalidate",
        "data-protection-officer",
    )
    assert await reads(region, study) == 0
    (episode,) = (await region.get("anna", "/v1/me/enrolments")).json()["items"]
    assert episode["ended_by"] == "controller"
    status = await region.admin.fetchval("SELECT status FROM consent_grant")
    assert status == "ConsentInvalidated"


@pytest.mark.parametrize("path", ["/v1/holds", "/v1/invalidations"])
async def test_only_an_officer_reaches_a_resident_and_only_one_there_is(
    region: Region, study: OpenStudy, path: str
) -> None:
    anna, _ = await take_part(region, "anna", study)
    rest = {"scope": "everything", "reason": "R"} if path == "/v1/holds" else {
        "item_id": str(study.item_id)
    }  # fmt: skip
    here: dict[str, Any] = {"concerning": {"resident_id": str(anna)}, **rest}
    for who in ("maker", "ana"):
        assert (await region.post(who, path, here)).status_code == 403
    for whom in ({"resident_id": str(uuid4())}, {"study_id": study.study_id, "code": str(uuid4())}):
        absent = await region.post("dag", path, {**rest, "concerning": whom})
        assert absent.status_code == 404
    for odd in ({}, {"study_id": study.study_id}, {"resident_id": str(anna), "code": str(uuid4())}):
        assert (await region.post("dag", path, {**rest, "concerning": odd})).status_code == 422
    assert (await region.get("anna", "/v1/me/blocks")).json()["items"] == []
