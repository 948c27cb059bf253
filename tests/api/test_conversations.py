"""A team reaches a participant by a code, through the gate; and what both write stays between them."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.region import OpenStudy, Region, take_part

TEXT = "When do we meet?\nOn Monday."


class Talk:
    """Anna takes part in a study; its coordinator and she write to each other."""

    def __init__(self, region: Region, study: OpenStudy, resident_id: UUID, code: str) -> None:
        self.region, self.study, self.resident_id = region, study, resident_id
        self.mine = f"/v1/me/studies/{study.study_id}/messages"
        self.theirs = f"/v1/studies/{study.study_id}/participants/{code}/messages"

    async def said(self, who: str, path: str) -> list[dict[str, Any]]:
        answer = await self.region.get(who, path)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def write(self, who: str, path: str, text: str = TEXT, key: str = "") -> httpx.Response:
        return await self.region.post(who, path, {"text": text}, key)


@pytest.fixture
async def talk(region: Region, study: OpenStudy) -> Talk:
    resident_id, enrolment = await take_part(region, "anna", study)
    await region.staff("cora", "coordinator", UUID(study.study_id))
    return Talk(region, study, resident_id, enrolment["code"])


async def test_both_read_what_both_wrote(talk: Talk) -> None:
    assert (await talk.write("cora", talk.theirs)).status_code == 201
    assert (await talk.write("anna", talk.mine, "Yes")).status_code == 201
    for who, path in (("anna", talk.mine), ("cora", talk.theirs)):
        told = [(one["text"], one["from_team"]) for one in await talk.said(who, path)]
        assert told == [("Yes", False), (TEXT, True)]


async def test_the_resident_is_told_without_the_words(talk: Talk) -> None:
    await talk.write("cora", talk.theirs)
    newest = (await talk.said("anna", "/v1/me/messages"))[0]
    assert (newest["kind"], newest["study_id"]) == ("message-received", talk.study.study_id)
    assert "meet" not in newest["body"]


async def test_what_is_read_is_marked_once(talk: Talk) -> None:
    made = (await talk.write("cora", talk.theirs)).json()
    path = f"{talk.mine}/{made['communication_id']}/read"
    for _ in range(2):
        answer = await talk.region.client.put(path, headers=talk.region.bearer("anna"))
        assert answer.status_code == 204
    assert (await talk.said("cora", talk.theirs))[0]["read_at"]


async def test_a_retry_writes_once(talk: Talk) -> None:
    answers = [await talk.write("cora", talk.theirs, key="k" * 16) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await talk.said("anna", talk.mine)) == 1


async def test_nothing_lies_in_the_clear(talk: Talk) -> None:
    await talk.write("cora", talk.theirs)
    await talk.write("anna", talk.mine)
    assert await talk.region.in_clear("meet") == []
    assert await talk.region.in_clear("message-received") != []


async def test_a_page_goes_on_where_the_last_one_ended(talk: Talk) -> None:
    for text in "abc":
        await talk.write("anna", talk.mine, text)
    first = (await talk.region.get("anna", f"{talk.mine}?limit=2")).json()
    rest = await talk.said("anna", f"{talk.mine}?limit=2&cursor={first['next']}")
    assert [one["text"] for one in [*first["items"], *rest]] == ["c", "b", "a"]


async def test_who_has_left_is_not_written_to_and_keeps_what_was_said(talk: Talk) -> None:
    await talk.write("cora", talk.theirs)
    wish = {"scope": "study", "study_id": talk.study.study_id, "effect": "no-further-use"}
    assert (await talk.region.post("anna", "/v1/me/withdrawals", wish)).status_code == 200
    assert (await talk.write("cora", talk.theirs)).status_code == 404
    assert (await talk.region.get("cora", talk.theirs)).status_code == 404
    assert (await talk.write("anna", talk.mine)).status_code == 404
    assert len(await talk.said("anna", talk.mine)) == 1


async def test_who_does_not_want_contact_is_not_reached(talk: Talk) -> None:
    block = {"scope": "contact", "study_id": talk.study.study_id}
    assert (await talk.region.post("anna", "/v1/me/blocks", block)).status_code == 201
    assert (await talk.write("cora", talk.theirs)).status_code == 409
    assert await talk.said("anna", talk.mine) == []


async def test_others_and_analysts_reach_nobody(talk: Talk) -> None:
    await talk.region.staff("otto", "coordinator")
    await talk.region.staff("ada", "analyst", UUID(talk.study.study_id))
    assert (await talk.write("otto", talk.theirs)).status_code in {403, 404}
    assert (await talk.write("ada", talk.theirs)).status_code == 403
    unknown = talk.theirs.replace(talk.theirs.split("/")[5], str(uuid4()))
    assert (await talk.write("cora", unknown)).status_code == 404


async def test_a_resident_reads_no_conversation_of_another(talk: Talk) -> None:
    made = (await talk.write("cora", talk.theirs)).json()
    await talk.region.resident("bo")
    assert (await talk.region.get("bo", talk.mine)).status_code == 404
    path = f"{talk.mine}/{made['communication_id']}/read"
    answer = await talk.region.client.put(path, headers=talk.region.bearer("bo"))
    assert answer.status_code == 404


@pytest.mark.parametrize("text", ["", "a\x00", "\x1b[31m", "x" * 4001, "\x85"])
async def test_what_is_no_text_is_refused(talk: Talk, text: str) -> None:
    assert (await talk.write("anna", talk.mine, text)).status_code == 400
    assert await talk.said("anna", talk.mine) == []


async def test_a_team_cannot_flood_a_participant(talk: Talk) -> None:
    for _ in range(20):
        assert (await talk.write("cora", talk.theirs)).status_code == 201
    assert (await talk.write("cora", talk.theirs)).status_code == 429
    assert (await talk.write("anna", talk.mine)).status_code == 201


async def test_the_export_has_both_sides(talk: Talk) -> None:
    await talk.write("cora", talk.theirs)
    await talk.write("anna", talk.mine, "Yes")
    document = (await talk.region.get("anna", "/v1/me/export")).json()
    assert [one["text"] for one in document["conversations"]] == ["Yes", TEXT]
    assert document["complete"]
