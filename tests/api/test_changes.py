"""An app that starts learns in one call what is new, misses nothing, and reports what became of knocks."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.pages import cursor_of
from tests.api.region import OpenStudy, Region, donate
from tests.api.surveying import survey

CHANGES, DELIVERIES = "/v1/me/changes", "/v1/me/deliveries"


@pytest.fixture
async def anna(region: Region) -> UUID:
    return await region.resident("anna", "heart")


async def tell(region: Region, resident_id: UUID, kind: str = "signed-out") -> str:
    sql = "INSERT INTO message (resident_id, message_id, kind) VALUES ($1, uuidv7(), $2) RETURNING message_id"
    return str(await region.admin.fetchval(sql, resident_id, kind))


async def changes(region: Region, since: str = "") -> dict[str, Any]:
    answer = await region.get("anna", f"{CHANGES}?since={since}" if since else CHANGES)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_first_call_tells_the_whole(region: Region, anna: UUID, study: OpenStudy) -> None:
    await donate(region, "anna", 0)
    message = await tell(region, anna)
    found = await changes(region)
    assert found["whole"]
    assert not found["more"]
    assert found["unread"] == 1
    assert [one["message_id"] for one in found["messages"]] == [message]
    assert [one["measure"] for one in found["streams"]] == ["heart-rate"]
    assert study.study_id not in str(found["waiting"])
    assert found["waiting"]


async def test_the_next_call_tells_what_changed_since(region: Region, anna: UUID) -> None:
    old = await tell(region, anna)
    await donate(region, "anna", 0)
    for table, column in (("message", "created_at"), ("stream", "last_upload_at")):
        await region.admin.execute(f"UPDATE {table} SET {column} = now() - interval '1 hour'")  # noqa: S608
    first = await changes(region)
    found = await changes(region, first["next"])
    assert not found["whole"]
    assert (found["messages"], found["streams"]) == ([], [])
    await region.client.put(f"/v1/me/messages/{old}/read", headers=region.bearer("anna"))
    assert [one["message_id"] for one in (await changes(region, found["next"]))["messages"]] == [
        old
    ]


@pytest.mark.usefixtures("anna")
async def test_a_stream_that_i_deleted_is_told_to_my_other_phone(region: Region) -> None:
    await donate(region, "anna", 0)
    first = await changes(region)
    stream = first["streams"][0]["stream_id"]
    await region.client.delete(f"/v1/me/streams/{stream}", headers=region.bearer("anna"))
    assert (await changes(region, first["next"]))["deleted_streams"] == [stream]
    assert (await changes(region))["deleted_streams"] == []


async def test_surveys_come_while_they_can_be_answered(region: Region, study: OpenStudy) -> None:
    asked = await survey(region, study)
    one = await asked.assigned()
    await asked.assigned(-48)
    assert [a["assignment_id"] for a in (await changes(region))["assignments"]] == [str(one)]
    await asked.submit(assignment_id=one)
    assert (await changes(region))["assignments"] == []


@pytest.mark.parametrize("what", ["read", "archived"])
async def test_what_waits_again_is_told_to_the_other_devices(
    region: Region, anna: UUID, what: str
) -> None:
    path = f"/v1/me/messages/{await tell(region, anna)}/{what}"
    await region.client.put(path, headers=region.bearer("anna"))
    sql = "UPDATE message SET {0} = {0} - interval '1 hour'"
    for column in ("created_at", "read_at", "archived_at"):
        await region.admin.execute(sql.format(column))
    first = await changes(region)
    assert (await changes(region, first["next"]))["messages"] == []
    await region.client.delete(path, headers=region.bearer("anna"))
    (found,) = (await changes(region, first["next"]))["messages"]
    assert (found["read_at"], found["archived_at"]) == (None, None)


async def test_what_is_committed_late_is_not_missed(region: Region, anna: UUID) -> None:
    first = await changes(region)
    message = await tell(region, anna)
    sql = "UPDATE message SET created_at = created_at - interval '60 seconds'"
    await region.admin.execute(sql)
    found = await changes(region, first["next"])
    assert [one["message_id"] for one in found["messages"]] == [message]


@pytest.mark.parametrize("ago", [timedelta(days=31), timedelta(days=-1)])
@pytest.mark.usefixtures("anna")
async def test_a_call_after_too_long_tells_the_whole(region: Region, ago: timedelta) -> None:
    assert (await changes(region, cursor_of([datetime.now(UTC) - ago])))["whole"]


@pytest.mark.parametrize(
    "since", ["x", "W10", "WyJhIl0", "bnVsbA", cursor_of(["2026-11-23T08:00:00"])]
)
@pytest.mark.usefixtures("anna")
async def test_what_is_no_cursor_is_refused(region: Region, since: str) -> None:
    assert (await region.get("anna", f"{CHANGES}?since={since}")).status_code == 400


async def test_receipts_are_kept_once_and_unknown_ones_told_by_index(
    region: Region, anna: UUID
) -> None:
    bo = await region.resident("bo")
    mine, other = await tell(region, anna), await tell(region, bo)
    refs = {
        one["message_id"]: one["ref"]
        for who in ("anna", "bo")
        for one in (await region.get(who, "/v1/me/messages")).json()["items"]
    }
    device, at = str(uuid4()), "2026-03-01T08:00:00Z"
    phone = {"value_kind": "fid", "value": "f1", "platform": "ios", "language": "sv"}
    await region.edit("PUT", "anna", f"/v1/me/devices/{device}", phone, None)
    body = {
        "deliveries": [
            {"ref": refs[message], "device_id": device, "what": what, "at": at}
            for message, what in ((mine, "delivered"), (other, "opened"), (mine, "opened"))
        ]
    }
    strange = body["deliveries"][0] | {"device_id": str(uuid4())}
    body["deliveries"].append(strange)
    first, second = [(await region.post("anna", DELIVERIES, body)).json() for _ in range(2)]
    assert first == {"recorded": 2, "unknown": [1, 3]}
    assert second == {"recorded": 0, "unknown": [1, 3]}
    assert await region.admin.fetchval("SELECT count(*) FROM delivery") == 2


async def test_one_message_is_read_by_its_id_and_by_its_resident_alone(
    region: Region, anna: UUID
) -> None:
    await region.resident("bo")
    path = f"/v1/me/messages/{await tell(region, anna)}"
    found = (await region.get("anna", path)).json()
    assert (found["kind"], found["read_at"]) == ("signed-out", None)
    assert (await region.get("bo", path)).status_code == 404


async def test_a_study_can_be_muted(region: Region, anna: UUID, study: OpenStudy) -> None:
    wanted = {"language": "sv", "zone": "Europe/Stockholm", "muted_studies": [study.study_id] * 2}
    saved = await region.edit("PUT", "anna", "/v1/me/preferences", wanted, 1)
    assert saved.status_code == 200, saved.text
    sql = "SELECT preferences->'muted_studies' AS muted FROM resident WHERE resident_id = $1"
    assert study.study_id in str(await region.admin.fetchval(sql, anna))
    assert saved.json()["muted_studies"] == [study.study_id]
