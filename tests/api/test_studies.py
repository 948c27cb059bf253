"""Residents find studies in words of theirs, join with the consents required, and leave."""

from typing import get_args
from uuid import uuid4

import pytest

from domain.studies.model import Status
from tests.api.region import STUDY, Region, consent, notice, open_study, take_part


@pytest.mark.parametrize(
    ("accept", "title"), [("en-GB", "The heart"), ("sv", "Hjärtat"), ("fi, en;q=0.5", "The heart")]
)
async def test_the_catalogue_speaks_the_reader_s_language(
    region: Region, accept: str, title: str
) -> None:
    study = await open_study(region)
    answer = await region.client.get("/v1/studies", headers={"Accept-Language": accept})
    (found,) = answer.json()["items"]
    assert found["title"] == title
    assert "erase" in found["withdrawal_effects"]
    page = await region.client.get(
        f"/v1/studies/{study.study_id}", headers={"Accept-Language": accept}
    )
    assert page.json()["notice"]["items"][0]["item_id"] == str(study.item_id)
    assert page.json()["notice"]["language"] == found["language"]


async def test_the_catalogue_is_read_page_by_page(region: Region) -> None:
    study = await open_study(region)
    sql = """
        WITH more AS (INSERT INTO study SELECT (s).* FROM (
            SELECT jsonb_populate_record(s, jsonb_build_object('study_id', uuidv7())) AS s
              FROM study s, generate_series(1, 4)) one RETURNING study_id)
        INSERT INTO approval (study_id, reference, authority, valid_from, valid_until)
        SELECT study_id, 'x', 'y', '2026-01-01', '2089-01-01' FROM more
    """
    await region.admin.execute(sql)
    seen, path = [], "/v1/studies?limit=2"
    while path:
        page = (await region.client.get(path)).json()
        seen += [one["study_id"] for one in page["items"]]
        path = f"/v1/studies?limit=2&cursor={page['next']}" if page["next"] else ""
    assert len(seen) == len(set(seen)) == 5
    assert study.study_id in seen


async def test_a_study_in_review_is_not_seen_by_the_public(region: Region) -> None:
    await region.staff("maker", "steward")
    made = (await region.post("maker", "/v1/studies", STUDY)).json()
    assert (await region.client.get("/v1/studies")).json()["items"] == []
    assert (await region.client.get(f"/v1/studies/{made['study_id']}")).status_code == 404


async def test_a_notice_is_read_once_its_study_has_passed_review_and_ever_after(
    region: Region,
) -> None:
    study = await open_study(region)
    path, sql = f"/v1/notices/{study.notice_id}", "UPDATE study SET status = $1"
    seen = {}
    for status in get_args(Status):
        await region.admin.execute(sql, status)
        seen[status] = (await region.client.get(path)).status_code
    hidden = {"in-review", "disapproved"}
    assert seen == {status: 404 if status in hidden else 200 for status in seen}
    assert len(seen) == 8


async def test_joining_needs_the_required_consents_and_names_what_is_missing(
    region: Region,
) -> None:
    study = await open_study(region)
    anna = await region.resident("anna")
    body = {"study_id": study.study_id}
    refused = await region.post("anna", "/v1/me/enrolments", body)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/required-consent-missing")
    assert refused.json()["item_ids"] == [str(study.item_id)]
    await consent(region, anna, study)
    joined = await region.post("anna", "/v1/me/enrolments", body)
    assert joined.status_code == 201
    (told,) = await region.admin.fetch("SELECT kind FROM message WHERE resident_id = $1", anna)
    assert told["kind"] == "study-joined"


async def test_terms_that_were_replaced_do_not_carry_a_new_enrolment(region: Region) -> None:
    study = await open_study(region)
    anna = await region.resident("anna")
    await consent(region, anna, study)
    newer = notice(study.study_id, study.item_id, supersedes=1, change="material")
    await region.post("maker", "/v1/notices", newer)
    body = {"study_id": study.study_id}
    assert (await region.post("anna", "/v1/me/enrolments", body)).status_code == 409
    await consent(region, anna, study, notice_version=2)
    assert (await region.post("anna", "/v1/me/enrolments", body)).status_code == 201


async def test_a_study_that_takes_nobody_is_not_joined(region: Region) -> None:
    study = await open_study(region)
    anna = await region.resident("anna")
    await consent(region, anna, study)
    await region.stand("maker", study.study_id, "closed-to-accrual")
    refused = await region.post("anna", "/v1/me/enrolments", {"study_id": study.study_id})
    assert refused.json()["type"].endswith("/study-not-open")
    absent = await region.post("anna", "/v1/me/enrolments", {"study_id": str(uuid4())})
    assert absent.status_code == 404


async def test_rejoining_is_another_episode_under_another_code(region: Region) -> None:
    study = await open_study(region)
    _, first = await take_part(region, "anna", study)
    body = {"study_id": study.study_id}
    again = await region.post("anna", "/v1/me/enrolments", body)
    assert again.json()["type"].endswith("/already-enrolled")
    leave = f"/v1/me/enrolments/{first['enrolment_id']}/leave"
    left = (await region.post("anna", leave)).json()
    assert left["ended_by"] == "resident"
    assert (await region.post("anna", leave)).json() == left
    second = (await region.post("anna", "/v1/me/enrolments", body)).json()
    assert second["code"] != first["code"]
    episodes = (await region.get("anna", "/v1/me/enrolments")).json()["items"]
    assert [one["enrolment_id"] for one in episodes] == [
        second["enrolment_id"],
        first["enrolment_id"],
    ]


async def test_leaving_with_an_effect_withdraws_the_consents_too(region: Region) -> None:
    study = await open_study(region)
    anna, joined = await take_part(region, "anna", study)
    path = f"/v1/me/enrolments/{joined['enrolment_id']}/leave"
    left = await region.post("anna", path, {"effect": "no-further-use"})
    assert left.json()["ended_at"] is not None
    sql = "SELECT status FROM consent_grant WHERE resident_id = $1"
    assert await region.admin.fetchval(sql, anna) == "ConsentWithdrawn"


async def test_another_s_enrolment_is_not_there(region: Region) -> None:
    study = await open_study(region)
    _, joined = await take_part(region, "anna", study)
    await region.resident("bo")
    path = f"/v1/me/enrolments/{joined['enrolment_id']}/leave"
    assert (await region.post("bo", path)).status_code == 404
    assert (await region.get("bo", "/v1/me/enrolments")).json()["items"] == []
