"""Stewards register studies, and nobody opens, staffs or approves their own."""

from uuid import UUID, uuid4

import pytest

from tests.api.region import APPROVAL, STUDY, Region, notice, open_study


async def test_a_study_is_opened_by_another_steward_than_its_maker(region: Region) -> None:
    study = await open_study(region)
    catalogue = await region.client.get("/v1/studies")
    assert [one["study_id"] for one in catalogue.json()["items"]] == [study.study_id]


async def test_its_maker_cannot_approve_it(region: Region) -> None:
    await region.staff("maker", "steward")
    made = await region.post("maker", "/v1/studies", STUDY)
    study_id = made.json()["study_id"]
    await region.post("maker", f"/v1/studies/{study_id}/approvals", APPROVAL)
    refused = await region.stand("maker", study_id, "approved")
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[1]) == (403, "own-study")


async def test_who_is_to_approve_reads_what_residents_will_read(region: Region) -> None:
    await region.staff("maker", "steward")
    await region.staff("opener", "steward")
    study_id = (await region.post("maker", "/v1/studies", STUDY)).json()["study_id"]
    path = f"/v1/studies/{study_id}/notice"
    assert (await region.get("opener", path)).status_code == 404
    made = (await region.post("maker", "/v1/notices", notice(study_id, uuid4()))).json()
    read = await region.get("opener", path)
    assert (read.status_code, read.json()["notice_id"]) == (200, made["notice_id"])
    assert (await region.client.get(f"/v1/notices/{made['notice_id']}")).status_code == 404
    await region.staff("operator", "operator")
    assert (await region.get("operator", path)).status_code == 404


@pytest.mark.parametrize("role", ["data-protection-officer", "operator", None])
async def test_only_stewards_register_studies(region: Region, role: str | None) -> None:
    await region.staff("someone", role)
    refused = await region.post("someone", "/v1/studies", STUDY)
    assert refused.status_code == 403


async def test_of_two_who_edit_one_is_told(region: Region) -> None:
    await region.staff("maker", "steward")
    made = (await region.post("maker", "/v1/studies", STUDY)).json()
    path = f"/v1/studies/{made['study_id']}/registration"
    changed = {**STUDY, "title": {"sv": "Annat", "en": "Other"}}
    first = await region.edit("PUT", "maker", path, changed, made["revision"])
    assert first.status_code == 200
    assert first.headers["ETag"] == f'"{made["revision"] + 1}"'
    second = await region.edit("PUT", "maker", path, STUDY, made["revision"])
    assert second.status_code == 412
    assert (await region.edit("PUT", "maker", path, STUDY, None)).status_code == 428


async def test_a_suspended_study_leaves_the_catalogue_and_comes_back(region: Region) -> None:
    study = await open_study(region)
    await region.stand("maker", study.study_id, "active", suspended=True)
    assert (await region.client.get("/v1/studies")).json()["items"] == []
    assert (await region.stand("maker", study.study_id, "active")).status_code == 403
    assert (await region.stand("opener", study.study_id, "active")).status_code == 200
    assert (await region.client.get("/v1/studies")).json()["items"] != []


async def test_a_suspended_approval_closes_the_study(region: Region) -> None:
    study = await open_study(region)
    sql = "SELECT revision FROM study WHERE study_id = $1"
    revision = await region.admin.fetchval(sql, UUID(study.study_id))
    body = {"reference": "2026-04127-01", "state": "suspended"}
    path = f"/v1/studies/{study.study_id}/approvals"
    assert (await region.edit("PATCH", "maker", path, body, revision)).status_code == 200
    assert (await region.client.get("/v1/studies")).json()["items"] == []
    back = {**body, "state": "in-force"}
    refused = await region.edit("PATCH", "maker", path, back, revision + 1)
    assert refused.status_code == 403
    assert (await region.edit("PATCH", "opener", path, back, revision + 1)).status_code == 200


async def test_a_team_is_admitted_by_login_and_dismissed(region: Region) -> None:
    study = await open_study(region)
    path = f"/v1/studies/{study.study_id}/memberships"
    login = {"issuer": region.settings.issuer, "subject": "ana", "label": "Ana", "role": "analyst"}
    admitted = await region.post("maker", path, login)
    assert admitted.status_code == 201
    registration = f"/v1/studies/{study.study_id}/registration"
    assert (await region.get("ana", registration)).status_code == 200
    assert (await region.post("maker", path, login)).status_code == 409
    gone = await region.edit(
        "DELETE", "maker", f"{path}/{admitted.json()['membership_id']}", None, 1
    )
    assert gone.json()["ended_at"] is not None
    assert (await region.get("ana", registration)).status_code == 404


async def test_nobody_admits_themselves(region: Region) -> None:
    study = await open_study(region)
    path = f"/v1/studies/{study.study_id}/memberships"
    login = {"issuer": region.settings.issuer, "subject": "maker", "label": "M", "role": "lead"}
    refused = await region.post("maker", path, login)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[1]) == (
        403,
        "own-membership",
    )


async def test_a_notice_needs_every_language_of_the_platform(region: Region) -> None:
    study = await open_study(region)
    body = notice(study.study_id, study.item_id, supersedes=1)
    del body["texts"]["sv"]
    assert (await region.post("maker", "/v1/notices", body)).status_code == 422


async def test_a_version_supersedes_the_current_one_or_none(region: Region) -> None:
    study = await open_study(region)
    again = await region.post("maker", "/v1/notices", notice(study.study_id, study.item_id))
    assert again.status_code == 409
    body = notice(study.study_id, study.item_id, supersedes=1, change="minor")
    assert (await region.post("maker", "/v1/notices", body)).json()["version"] == 2


async def test_what_is_not_there_is_not_found(region: Region) -> None:
    await region.staff("maker", "steward")
    for path in (f"/v1/studies/{uuid4()}/registration", f"/v1/studies/{uuid4()}"):
        assert (await region.get("maker", path)).status_code == 404


async def test_the_register_is_read_page_by_page_and_by_status(region: Region) -> None:
    study = await open_study(region)
    waiting = (await region.post("maker", "/v1/studies", STUDY)).json()["study_id"]
    first = (await region.get("opener", "/v1/registrations?limit=1")).json()
    assert [one["study_id"] for one in first["items"]] == [waiting]
    rest = (await region.get("opener", f"/v1/registrations?cursor={first['next']}")).json()
    assert [one["study_id"] for one in rest["items"]] == [study.study_id]
    (found,) = (await region.get("opener", "/v1/registrations?status=active")).json()["items"]
    assert found["approvals"][0]["reference"] == "2026-04127-01"
