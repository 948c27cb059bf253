"""A questionnaire is published without fault, never changed, and read in one's own language."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from tests.api.region import OpenStudy, Region
from tests.api.surveying import URL, draft, published, questionnaire, survey
from tests.domain.surveys.forms import item

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"


@pytest.fixture
async def asking(region: Region, study: OpenStudy) -> str:
    """The path of a study's questionnaires. Its lead is `lea`, and `anna` is a resident."""
    await region.staff("lea", "lead", UUID(study.study_id))
    await region.resident("anna")
    return f"/v1/studies/{study.study_id}/questionnaires"


async def faults(region: Region, path: str, body: Any) -> list[str]:
    refused = await region.post("lea", path, body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["type"].endswith("/faulty")
    return sorted(f"{one['path']}: {one['code']}" for one in refused.json()["faults"])


async def test_all_problems_come_at_once_by_path(region: Region, asking: str) -> None:
    twice = questionnaire("1", item("hours"), item("empty", "group"))
    del twice["version"]
    assert await faults(region, asking, draft(questionnaire=twice)) == [
        "Questionnaire.item[3].linkId: link-id-twice",
        "Questionnaire.item[4].item: group-empty",
        "Questionnaire.version: required",
    ]


async def test_so_do_those_of_what_is_declared_with_it(region: Region, asking: str) -> None:
    scale = {"code": "s", "names": {"en": "S"}, "method": "sum", "items": [{"link_id": "none"}]}
    body = draft(scoring={"scales": [scale]}, safety={"needed": True})
    assert await faults(region, asking, body) == [
        "safety.rules: declaration", "scoring.scales[0].items[0].link_id: declaration",
    ]  # fmt: skip


async def test_what_is_no_questionnaire_is_told_without_being_quoted(
    region: Region, asking: str
) -> None:
    body = draft(questionnaire={"resourceType": "Questionnaire", "item": [{"linkId": "secret"}]})
    refused = await region.post("lea", asking, body)
    assert refused.status_code == 422
    assert "secret" not in refused.text


async def test_a_nul_is_refused_wherever_it_stands(region: Region, asking: str) -> None:
    assert await faults(region, asking, draft(questionnaire=questionnaire(purpose="\0"))) == [
        "Questionnaire: nul"
    ]


async def test_a_decisive_extension_is_listed_and_keeps_it_from_being_published(
    region: Region, asking: str
) -> None:
    when = {"url": SDC + "enableWhenExpression", "valueString": "true"}
    body = draft(questionnaire=questionnaire("1", item("more", extension=[when])))
    drafted = (await region.post("lea", asking, body)).json()
    assert [one["decisive"] for one in drafted["warnings"]] == [True]
    path = f"{asking}/{drafted['questionnaire_id']}/publication"
    refused = await region.edit("PUT", "lea", path, None, None)
    assert refused.status_code == 422
    assert [one["code"] for one in refused.json()["faults"]] == ["unsupported"]


async def test_a_version_is_given_once(region: Region, asking: str) -> None:
    assert (await region.post("lea", asking, draft())).status_code == 201
    assert (await region.post("lea", asking, draft())).status_code == 409


@pytest.mark.usefixtures("asking")
async def test_residents_read_what_is_published_in_their_language(
    region: Region, study: OpenStudy
) -> None:
    made = await published(region, study, draft())
    for wanted, title, hours in (("sv", "Sömn", "Timmar"), ("en", "Sleep", "Hours")):
        headers = {**region.bearer("anna"), "Accept-Language": wanted}
        answer = await region.client.get(f"/v1/me/questionnaires/{made}", headers=headers)
        assert answer.headers["content-type"] == "application/fhir+json"
        assert answer.headers["content-language"] == wanted
        shown = answer.json()
        assert (shown["title"], shown["item"][0]["text"]) == (title, hours)
        assert (shown["status"], shown["language"]) == ("active", wanted)
    had = {**headers, "If-None-Match": answer.headers["etag"]}
    for path in (f"/v1/me/questionnaires/{made}", f"/v1/me/questionnaires?canonical={URL}|1"):
        assert (await region.client.get(path, headers=had)).status_code == 304


async def test_a_resource_is_read_out_as_it_was_given(
    region: Region, study: OpenStudy, asking: str
) -> None:
    bound = {"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueDecimal": 0}
    body = draft(
        questionnaire=questionnaire("1", item("x", "decimal", extension=[bound]), purpose="P")
    )
    made = await published(region, study, body)
    whole = (await region.get("ana", f"{asking}/{made}")).json()
    assert whole["questionnaire"] == body["questionnaire"]
    assert whole["scoring"]["scales"][0]["items"][0]["points"]["often"] == "2"


async def test_a_draft_is_not_there_for_residents(region: Region, asking: str) -> None:
    made = (await region.post("lea", asking, draft())).json()["questionnaire_id"]
    assert (await region.get("anna", f"/v1/me/questionnaires/{made}")).status_code == 404


async def test_only_who_decides_what_a_study_asks_drafts(region: Region, asking: str) -> None:
    assert (await region.post("ana", asking, draft())).status_code == 403
    assert (await region.post("maker", asking, draft())).status_code == 404
    assert (await region.get("ana", asking)).json()["items"] == []


async def test_another_study_neither_sees_nor_publishes_it(region: Region, asking: str) -> None:
    made = (await region.post("lea", asking, draft())).json()["questionnaire_id"]
    other = str(uuid4())
    await region.admin.execute(
        "INSERT INTO study SELECT (jsonb_populate_record(s, jsonb_build_object('study_id', $1::text))).* FROM study s",
        other,
    )
    await region.staff("leo", "lead", UUID(other))
    path = f"/v1/studies/{other}/questionnaires"
    assert (await region.get("leo", path)).json()["items"] == []
    for one in (f"{path}/{made}/publication", f"{asking}/{made}/publication"):
        assert (await region.edit("PUT", "leo", one, None, None)).status_code == 404


async def test_what_a_schedule_asks_is_not_retired(region: Region, study: OpenStudy) -> None:
    one = await survey(region, study)
    await one.assigned()
    path = f"{one.of_study}/questionnaires/{one.questionnaire_id}"
    await region.admin.execute("UPDATE schedule SET ended_at = NULL")
    assert (await region.edit("DELETE", "lea", path, None, None)).status_code == 409
    await region.admin.execute("UPDATE schedule SET ended_at = now()")
    retired = await region.edit("DELETE", "lea", path, None, None)
    assert retired.json()["status"] == "retired"
    again = await region.edit("PUT", "lea", f"{path}/publication", None, None)
    assert again.status_code == 409


async def test_they_are_listed_newest_first_page_by_page(region: Region, asking: str) -> None:
    for version in ("1", "2"):
        assert (await region.post("lea", asking, draft(version))).status_code == 201
    first = (await region.get("ana", f"{asking}?limit=1")).json()
    rest = (await region.get("ana", f"{asking}?cursor={first['next']}")).json()
    assert [one["version"] for one in (*first["items"], *rest["items"])] == ["2", "1"]


async def test_a_number_that_readers_take_for_infinity_is_refused(
    region: Region, asking: str
) -> None:
    body = msgspec.json.encode(draft()).replace(b'"Sleep"', b'"Sleep", "x": 1e400', 1)
    headers = {**region.bearer("lea"), "Idempotency-Key": "k", "Content-Type": "application/json"}
    refused = await region.client.post(asking, content=body, headers=headers)
    assert refused.status_code == 400
    assert await region.admin.fetchval("SELECT count(*) FROM questionnaire_version") == 0
