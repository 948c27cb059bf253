"""Apps map what phones measure by a public list, and need not fetch it again while it is the same."""

import httpx
import pytest

from domain.donations.measures import MEASURES


async def test_everyone_reads_the_measures_and_their_codes(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/measures")
    found = {one["code"]: one for one in answer.json()["items"]}
    assert answer.status_code == 200
    assert found.keys() == MEASURES.keys()
    pressure = found["blood-pressure"]
    assert [(c["name"], c["loinc"]) for c in pressure["components"]] == [
        ("systolic", "8480-6"), ("diastolic", "8462-4"),
    ]  # fmt: skip
    assert (pressure["unit"], "kPa" in pressure["units"]) == ("mm[Hg]", True)
    assert pressure["open_mhealth"][0] == "omh:blood-pressure:4.0"
    assert "HKCorrelationTypeIdentifierBloodPressure" in pressure["healthkit"]


async def test_sensitive_categories_are_marked(client: httpx.AsyncClient) -> None:
    categories = (await client.get("/v1/measures")).json()["categories"]
    marked = {one["code"] for one in categories if one["sensitive"]}
    assert marked == {"cardiac-events", "reproductive", "symptoms", "location"}
    assert (await client.get("/v1/measures/geoposition")).json()["sensitive"]


async def test_codes_stand_in_place_of_bounds(client: httpx.AsyncClient) -> None:
    (stage,) = (await client.get("/v1/measures/sleep-stage")).json()["components"]
    assert "rem" in stage["codes"]
    assert "low" not in stage


@pytest.mark.parametrize("path", ["/v1/measures", "/v1/measures/heart-rate"])
async def test_what_is_still_the_same_is_not_sent_again(
    client: httpx.AsyncClient, path: str
) -> None:
    first = await client.get(path)
    assert first.headers["cache-control"] == "public, max-age=3600"
    for held in (first.headers["etag"], f'"old", W/{first.headers["etag"]}', "*"):
        again = await client.get(path, headers={"If-None-Match": held})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert (await client.get(path, headers={"If-None-Match": '"old"'})).status_code == 200


async def test_an_unknown_measure_is_not_there(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/measures/aura")).status_code == 404
