"""A block denies whatever was consented to, until who placed it lifts it."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.api.region import OpenStudy, Region, read, take_part
from tests.database import Database

BLOCKS = "/v1/me/blocks"


@pytest.fixture
async def study(region: Region, study: OpenStudy) -> OpenStudy:
    """Anna takes part, with three samples of heart."""
    await take_part(region, "anna", study, 1, 2, 3)
    return study


def blocks(study: OpenStudy) -> list[dict[str, Any]]:
    return [
        {"scope": "everything"},
        {"scope": "study", "study_id": study.study_id},
        {"scope": "category", "category": "heart"},
        {"scope": "organisation", "organisation": "Region Stockholm"},
    ]


@pytest.mark.parametrize("which", range(4))
async def test_a_block_denies_until_it_is_lifted(
    region: Region, study: OpenStudy, which: int
) -> None:
    placed = await region.post("anna", BLOCKS, blocks(study)[which])
    assert placed.status_code == 201, placed.text
    assert (await read(region, "ana", study))[0] == []
    path = f"{BLOCKS}/{placed.json()['block_id']}"
    lifted = await region.edit("DELETE", "anna", path, None, None)
    assert lifted.json()["lifted_at"] is not None
    assert len((await read(region, "ana", study))[0]) == 1


@pytest.mark.parametrize(
    "other",
    [{"scope": "category", "category": "sleep"}, {"scope": "ehds"}, {"scope": "contact"}],
)
async def test_a_block_of_something_else_leaves_the_rest_open(
    region: Region, study: OpenStudy, other: dict[str, str]
) -> None:
    assert (await region.post("anna", BLOCKS, other)).status_code == 201
    assert len((await read(region, "ana", study))[0]) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"scope": "study"},
        {"scope": "everything", "category": "heart"},
        {"scope": "category", "study_id": str(UUID(int=1))},
        {"scope": "contact", "category": "heart"},
    ],
)
async def test_a_scope_without_what_it_is_about_is_refused(
    region: Region, study: OpenStudy, odd: dict[str, str]
) -> None:
    assert study
    assert (await region.post("anna", BLOCKS, odd)).status_code == 422
    assert (await region.get("anna", BLOCKS)).json()["items"] == []


async def test_a_retry_places_one_block(region: Region, study: OpenStudy) -> None:
    assert study
    first = await region.post("anna", BLOCKS, {"scope": "everything"}, key="once")
    again = await region.post("anna", BLOCKS, {"scope": "everything"}, key="once")
    assert first.content == again.content
    assert len((await region.get("anna", BLOCKS)).json()["items"]) == 1


async def test_another_s_block_is_not_there(region: Region, study: OpenStudy) -> None:
    assert study
    placed = await region.post("anna", BLOCKS, {"scope": "everything"})
    await region.resident("bo")
    for block_id in (placed.json()["block_id"], uuid4()):
        gone = await region.edit("DELETE", "bo", f"{BLOCKS}/{block_id}", None, None)
        assert gone.status_code == 404
    assert (await region.get("bo", BLOCKS)).json()["items"] == []


async def test_a_block_waits_for_uses_under_way_and_says_where_they_have_not_ended(
    region: Region, study: OpenStudy, database: Database
) -> None:
    assert study
    reader = await asyncpg.connect(database.dsn("admin"))
    await reader.execute("BEGIN")
    await reader.execute(
        "SELECT pg_advisory_xact_lock_shared(uuid_hash_extended(resident_id, 0)) FROM resident_lock"
    )
    slow = await region.post("anna", BLOCKS, {"scope": "everything"})
    await reader.close()
    assert (slow.status_code, slow.json()["drained_at"]) == (202, None)
    quick = await region.post("anna", BLOCKS, {"scope": "everything"})
    assert quick.status_code == 201
    assert quick.json()["drained_at"] is not None
    assert slow.elapsed.total_seconds() > 1.9
