"""One's own donations over all streams: in pages, and taken along in each form."""

import csv
import io
import json
import re
from uuid import UUID, uuid4

import pytest

from domain.donations.exports.model import Format
from domain.donations.exports.table import cell
from domain.donations.exports.walk import FORMS
from tests.api.home import JSON, Home, heart, move_in, steps
from tests.api.region import NOON, Region
from tests.domain.donations.conftest import permit

EXPORT = "/v1/me/donations/export"
HOUR = 3_600_000


@pytest.fixture
async def anna(region: Region) -> Home:
    """Sensitive categories are of no use here; vitals and sleep have several values and codes."""
    home = await move_in(region, "anna")
    resident = UUID((await home.get("/v1/me")).json()["resident_id"])
    for category in ("vitals", "sleep"):
        await permit(region.admin, resident, category)
    return home


def pressure(*start: int) -> JSON:
    at = [NOON + ms for ms in start]
    values = {"systolic": [120.5] * len(at), "diastolic": [80] * len(at)}
    return {"measure": "blood-pressure", "unit": "mm[Hg]", "utc_offset_minutes": -210,
            "start": at, "components": values}  # fmt: skip


def night(start: int) -> JSON:
    return {"measure": "sleep-stage", "utc_offset_minutes": 60, "start": [NOON + start],
            "end": [NOON + start + HOUR], "components": {"stage": ["rem"]}}  # fmt: skip


async def give(home: Home) -> None:
    await home.donate(heart(*range(30)), steps(0, HOUR), source="watch")
    await home.donate(heart(5, 6), pressure(1), night(0), source="phone")


async def export(home: Home, form: Format, **query: object) -> str:
    answer = await home.get(EXPORT, format=form, **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"].split(";")[0] == FORMS[form].media_type
    return answer.text


def starts(items: list[JSON]) -> list[int]:
    return [at - NOON for item in items for batch in item["batches"] for at in batch["start"]]


async def test_samples_of_all_streams_come_in_pages(anna: Home) -> None:
    await give(anna)
    whole = (await anna.get("/v1/me/samples", limit=50_000)).json()
    items: list[JSON] = []
    page: JSON = {"next": None}
    while not items or page["next"]:
        cursor = {"cursor": page["next"]} if page["next"] else {}
        page = (await anna.get("/v1/me/samples", limit=7, **cursor)).json()
        assert sum(len(batch["start"]) for item in page["items"] for batch in item["batches"]) <= 7
        items += page["items"]
    assert (starts(items), whole["next"]) == (starts(whole["items"]), None)
    assert len(starts(items)) == 36


async def test_samples_are_chosen_by_source_measure_and_time(anna: Home) -> None:
    await give(anna)

    async def found(**query: object) -> list[int]:
        return starts((await anna.get("/v1/me/samples", **query)).json()["items"])

    assert await found(source="phone", measure="heart-rate") == [5, 6]
    assert await found(measure=["heart-rate", "sleep-stage"], source="phone") == [5, 6, 0]
    assert await found(**{"from": NOON + 29, "to": NOON + HOUR}) == [29]
    assert await found(device="none") == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 50_001},
        {"source": "x" * 201},
        {"measure": ["heart-rate", "Heart!"]},
        {"cursor": "WzFd"},
        {"cursor": "eyJhIjoxfQ"},
        {"from": 2**53},
    ],
)
async def test_a_page_that_cannot_be_is_refused(anna: Home, query: JSON) -> None:
    answer = await anna.get("/v1/me/samples", **query)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_nobody_is_given_anothers_samples(anna: Home, region: Region) -> None:
    bo = await move_in(region, "bo")
    await give(anna)
    cursor = (await anna.get("/v1/me/samples", limit=1)).json()["next"]
    assert (await bo.get("/v1/me/samples", cursor=cursor)).json() == {"items": [], "next": None}
    assert (await bo.get("/v1/me/samples")).json() == {"items": [], "next": None}
    assert json.loads(await export(bo, "json"))["uploads"] == []


async def test_columns_can_be_uploaded_again_as_they_stand(anna: Home) -> None:
    await give(anna)
    found = json.loads(await export(anna, "json"))
    assert (found["complete"], found["samples"], found["left_out"]) == (True, 36, [])
    assert await counted(anna, "/v1/me/donations", found["uploads"]) == (0, 36, 0)


async def test_open_mhealth_documents_can_be_uploaded_again_as_they_stand(anna: Home) -> None:
    await give(anna)
    found = json.loads(await export(anna, "open-mhealth"))
    assert (found["complete"], found["samples"]) == (True, 35)
    assert found["left_out"] == ["sleep-stage"]
    path = "/v1/me/donations/open-mhealth"
    assert await counted(anna, path, found["uploads"]) == (0, 35, 0)


async def counted(home: Home, path: str, uploads: list[JSON]) -> tuple[int, int, int]:
    """Accepted, duplicates and rejected of all of them."""
    found = [0, 0, 0]
    for body in uploads:
        headers = home.headers | {"Idempotency-Key": uuid4().hex}
        answer = (await home.client.post(path, json=body, headers=headers)).json()
        for at, name in enumerate(("accepted", "duplicates", "rejected")):
            found[at] += answer[name]
    return found[0], found[1], found[2]


async def test_a_bundle_has_an_observation_a_sample_and_says_that_it_is_complete(
    anna: Home,
) -> None:
    await give(anna)
    bundle = json.loads(await export(anna, "fhir"))
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert (bundle["type"], kinds) == ("collection", ["Observation"] * 36 + ["OperationOutcome"])
    (issue,) = bundle["entry"][-1]["resource"]["issue"]
    assert (issue["severity"], issue["diagnostics"]) == ("information", "complete: 36 samples")
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)


async def test_observations_taken_in_again_are_the_same_samples(anna: Home) -> None:
    await give(anna)
    bundle = json.loads(await export(anna, "fhir"))
    request = {"method": "POST", "url": "Observation"}
    entries = [{**entry, "request": request} for entry in bundle["entry"][:-1]]
    again = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    headers = anna.headers | {"Idempotency-Key": "again"}
    await anna.client.post("/v1/me/fhir", json=again, headers=headers)
    assert json.loads(await export(anna, "json"))["samples"] == 36


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_a_table_has_a_row_for_each_value(anna: Home) -> None:
    await give(anna)
    head, *found, last = table(await export(anna, "csv"))
    assert (head[:6], last) == (
        ["measure", "component", "start", "end", "value", "unit"],
        ["# complete: 36 samples"],
    )
    assert len(found) == 37
    assert {len(row) for row in found} == {len(head)}
    local = "2026-01-01T08:30:00.001-03:30"
    assert ["blood-pressure", "systolic", local, "", "120.5", "mm[Hg]", "phone"] in [
        row[:7] for row in found
    ]
    assert [
        "sleep-stage",
        "stage",
        "2026-01-01T13:00:00.000+01:00",
        "2026-01-01T14:00:00.000+01:00",
        "rem",
        "",
    ] in [row[:6] for row in found]


RAW = re.compile(r"^\s*[=+\-@\t\r]")
NUMBER = re.compile(r"^-?[0-9.e+-]+$")
FORMULAS = (
    "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", ' =cmd|"/c calc"!A0', "a;=1", 'a",=1',
    "a\n=1", "'=1", "\uff1d1", "a,@b", '"=1"', "x\t+1",
)  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
async def test_no_cell_is_a_formula_however_an_app_calls_itself(anna: Home, name: str) -> None:
    """T39; also where a spreadsheet takes semicolons, tabs or lines for what parts cells."""
    body = {"source": {"app": name, "device": name}, "batches": [heart(1)]}
    headers = anna.headers | {"Idempotency-Key": "one"}
    await anna.client.post("/v1/me/donations", json=body, headers=headers)
    text = await export(anna, "csv")
    for separators in (",", ";", "\t", "|"):
        parted = csv.reader(io.StringIO(text, newline=""), delimiter=separators)
        cells = [one for row in parted for one in row]
        assert [one for one in cells if RAW.match(one) and not NUMBER.match(one)] == []
    assert re.findall(r"""(?:^|[,;|\t\r\n"])\s*[=+@\uff1d]""", text.replace("+01:00", "")) == []


def test_a_plain_name_is_left_as_it_is() -> None:
    for name in ("se.region.medverka", "Annas klocka (svart)", "Pixel Watch 3", "a-b=c+d@e"):
        assert cell(name) == name


@pytest.mark.parametrize("form", ["csv", "json", "fhir", "open-mhealth"])
async def test_nothing_given_is_complete_too(anna: Home, form: Format) -> None:
    text = await export(anna, form)
    assert "complete" in text
    assert form == "csv" or json.loads(text)


async def test_an_export_can_be_of_a_measure_and_a_time(anna: Home) -> None:
    await give(anna)
    found = json.loads(await export(anna, "json", measure="heart-rate", **{"from": NOON + 5}))
    assert found["samples"] == 27
    assert (await anna.get(EXPORT, format="xml")).status_code == 400
    assert (await anna.get(EXPORT)).status_code == 400
