"""Summaries over HTTP: by the resident's own days, each source by itself, and refused where they cannot be."""

from typing import Any
from uuid import UUID

import pytest

from tests.api.home import JSON, Home, heart, move_in, steps
from tests.api.region import NOON, Region
from tests.domain.donations.conftest import permit

HOUR = 3_600_000
YEAR_DAY = NOON - 12 * HOUR
"""The beginning of 1 January 2026 in UTC."""
SPRING = 1_774_652_400_000
"""2026-03-28T00:00+01:00: the clocks go forward on the next day."""
AUTUMN = 1_792_792_800_000
"""2026-10-24T00:00+02:00: they go back on the next day."""


@pytest.fixture
async def anna(region: Region) -> Home:
    return await move_in(region, "anna")


async def summary(home: Home, measure: str, first: str, until: str, **query: object) -> JSON:
    span = {"from": first, "to": until, **query}
    answer = await home.get(f"/v1/me/summaries/{measure}", **span)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


def sums(found: JSON) -> list[Any]:
    values: list[Any] = found["total"]["numbers"]["value"]["sum"]
    return values


def hours(begin: int, count: int) -> JSON:
    at = [begin + nth * HOUR - NOON for nth in range(count)]
    return steps(*at)


async def test_days_with_23_and_25_hours_add_up_to_what_was_given(anna: Home) -> None:
    await anna.donate(hours(SPRING, 72))
    days = await summary(anna, "step-count", "2026-03-28", "2026-03-31")
    by_hour = await summary(anna, "step-count", "2026-03-29", "2026-03-30", by="hour")
    assert sums(days) == [2400, 2300, 2400]
    assert days["local"] == ["2026-03-28", "2026-03-29", "2026-03-30"]
    assert (len(sums(by_hour)), sum(sums(by_hour))) == (23, 2300)
    assert by_hour["local"][1:3] == ["2026-03-29T01:00", "2026-03-29T03:00"]


async def test_the_hour_that_comes_twice_is_two(region: Region) -> None:
    home = await move_in(region, "bo")
    batch = hours(AUTUMN - 365 * 24 * HOUR + 24 * HOUR, 72)  # 2025-10-25T00:00+02:00
    await home.donate(batch)
    by_hour = await summary(home, "step-count", "2025-10-26", "2025-10-27", by="hour")
    assert by_hour["local"][2:4] == ["2025-10-26T02:00"] * 2
    assert by_hour["utc_offset_minutes"][2:4] == [120, 60]
    assert sums(by_hour) == [100] * 25
    days = await summary(home, "step-count", "2025-10-25", "2025-10-28")
    assert sums(days) == [2400, 2500, 2300]


async def test_days_are_the_residents_or_those_of_the_zone_that_is_asked_for(anna: Home) -> None:
    await anna.donate(hours(YEAR_DAY - HOUR, 2))  # from midnight in Stockholm, where anna lives
    own = await summary(anna, "step-count", "2025-12-31", "2026-01-02")
    elsewhere = await summary(anna, "step-count", "2025-12-31", "2026-01-02", zone="UTC")
    assert (own["zone"], sums(own)) == ("Europe/Stockholm", [None, 200])
    assert (elsewhere["zone"], sums(elsewhere)) == ("UTC", [100, 100])


async def test_where_a_sample_was_taken_does_not_move_it_to_another_day(anna: Home) -> None:
    far = heart(0) | {"utc_offset_minutes": 600}
    await anna.donate(far)
    found = await summary(anna, "heart-rate", "2026-01-01", "2026-01-03")
    assert found["total"]["count"] == [1, 0]


async def test_phone_and_watch_are_not_added_up(anna: Home) -> None:
    await anna.donate(hours(YEAR_DAY, 3), source="phone")
    await anna.donate(hours(YEAR_DAY, 10), source="watch")
    found = await summary(anna, "step-count", "2026-01-01", "2026-01-03")
    apps = [one["source"]["app"] for one in found["sources"]]
    assert apps == ["phone", "watch"]
    assert (sums(found), found["source"]) == ([1000, None], [1, None])
    assert found["sources"][0]["series"]["numbers"]["value"]["sum"] == [300, None]


async def test_circumstances_of_one_source_are_added_up(anna: Home) -> None:
    for context in ({"place": "home"}, {"place": "work"}):
        source = {"app": "watch", "context": context}
        body = {"source": source, "batches": [heart(len(context["place"]), len(context))]}
        headers = anna.headers | {"Idempotency-Key": context["place"]}
        await anna.client.post("/v1/me/donations", json=body, headers=headers)
    (one,) = (await summary(anna, "heart-rate", "2026-01-01", "2026-01-02"))["sources"]
    assert one["series"]["count"] == [4]


async def test_a_deleted_sample_is_in_no_summary(anna: Home) -> None:
    await anna.donate(heart(1, 2, id=["one", "two"]))
    body = {"source": {"app": "watch"}, "deletions": [{"measure": "heart-rate", "id": ["one"]}]}
    headers = anna.headers | {"Idempotency-Key": "gone"}
    assert (
        await anna.client.post("/v1/me/donations", json=body, headers=headers)
    ).status_code == 200
    found = await summary(anna, "heart-rate", "2026-01-01", "2026-01-02")
    assert found["total"]["numbers"]["value"]["mean"] == [62]


async def test_a_night_is_told_by_its_stages(region: Region) -> None:
    home = await move_in(region, "carla")
    resident = UUID((await home.get("/v1/me")).json()["resident_id"])
    await permit(region.admin, resident, "sleep")
    night = {
        "measure": "sleep-stage", "utc_offset_minutes": 60,
        "start": [YEAR_DAY - 2 * HOUR, YEAR_DAY], "end": [YEAR_DAY, YEAR_DAY + HOUR],
        "components": {"stage": ["deep", "rem"]},
    }  # fmt: skip
    await home.donate(night)
    found = await summary(home, "sleep-stage", "2025-12-31", "2026-01-02")
    assert found["total"]["time_ms"] == {"deep": [HOUR, HOUR], "rem": [0, HOUR]}


async def test_nothing_given_is_an_empty_summary(anna: Home) -> None:
    found = await summary(anna, "heart-rate", "2026-01-01", "2026-01-03")
    nulls = [None, None]
    assert found["total"]["numbers"]["value"] == {"mean": nulls, "min": nulls, "max": nulls}
    assert (found["sources"], found["source"], found["total"]["count"]) == ([], nulls, [0, 0])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"from": "2026-01-02", "to": "2026-01-02"}, 422),
        ({"from": "2026-01-03", "to": "2026-01-02"}, 422),
        ({"from": "1990-01-01", "to": "2026-01-01"}, 422),
        ({"from": "2025-01-01", "to": "2026-12-31", "by": "hour"}, 422),
        ({"from": "0001-01-01", "to": "0001-02-01"}, 422),
        ({"from": "9999-12-01", "to": "9999-12-31"}, 422),
        ({"from": "2026-01-01", "to": "2026-01-02", "zone": "Nowhere/Land"}, 422),
        ({"from": "2026-01-01", "to": "2026-01-02", "zone": "../etc/passwd"}, 400),
        ({"from": "2026-01-01", "to": "2026-01-02", "zone": ""}, 400),
        ({"from": "2026-01-01", "to": "2026-01-02", "by": "week"}, 400),
        ({"from": "2026-02-30", "to": "2026-03-02"}, 400),
        ({"from": "2026-01-01"}, 400),
        ({"to": "2026-01-01"}, 400),
    ],
)
async def test_what_cannot_be_summarised_is_refused(anna: Home, query: JSON, status: int) -> None:
    answer = await anna.get("/v1/me/summaries/heart-rate", **query)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )


async def test_an_unknown_measure_is_not_found(anna: Home) -> None:
    span = {"from": "2026-01-01", "to": "2026-01-02"}
    assert (await anna.get("/v1/me/summaries/aura", **span)).status_code == 404
    assert (await anna.get("/v1/me/summaries/aura/gaps", **span)).status_code == 404
    assert (await anna.get("/v1/me/summaries/Aura!", **span)).status_code in {400, 404}


@pytest.mark.parametrize("measure", ["heart-rate", "aura"])
@pytest.mark.parametrize("until", ["2026-01-02", "2025-01-01"])
async def test_a_login_without_a_resident_is_told_where_to_begin_and_nothing_else(
    region: Region, measure: str, until: str
) -> None:
    path = f"/v1/me/summaries/{measure}?from=2026-01-01&to={until}"
    answer = await region.get("stranger", path)
    assert (answer.status_code, answer.json()["accept_at"]) == (409, "/v1/me")


async def test_a_parameter_that_stands_twice_counts_as_it_stands_last(anna: Home) -> None:
    path = "/v1/me/summaries/heart-rate?from=2026-01-05&from=2026-01-01&to=2026-01-03"
    answer = await anna.client.get(path, headers=anna.headers)
    assert answer.json()["local"] == ["2026-01-01", "2026-01-02"]
