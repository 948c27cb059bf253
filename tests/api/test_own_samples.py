"""What residents read of their own samples, and delete: page by page, and nobody else's."""

import gzip
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from tests.api.home import JSON, Home, heart, move_in, steps
from tests.api.region import NOON, Region

REAL = Path(__file__).parents[3] / "shared/data/wearables/heart_rate_one_person_5s.csv.gz"


@pytest.fixture
async def anna(region: Region) -> Home:
    return await move_in(region, "anna")


@pytest.fixture
async def bo(region: Region) -> Home:
    return await move_in(region, "bo")


async def test_own_samples_are_read_in_pages_as_they_were_given(anna: Home) -> None:
    await anna.donate(heart(*range(0, 40, 2)))
    await anna.donate(heart(*range(1, 40, 2)))
    given = [NOON + ms for ms in range(40)], [60 + ms % 50 for ms in range(40)]
    assert await anna.read(limit=7) == given


async def test_what_is_read_can_be_uploaded_again(anna: Home) -> None:
    await anna.donate(steps(0, 3_600_000))
    items = (await anna.get(await anna.stream() + "/samples")).json()["items"]
    assert await anna.counts(*items) == (0, 2, 0)


async def test_a_range_of_samples_is_read_and_deleted(anna: Home) -> None:
    await anna.donate(heart(*range(10)))
    path = await anna.stream() + "/samples"
    span = {"from": NOON + 3, "to": NOON + 6}
    assert (await anna.get(path, **span)).json()["items"][0]["start"] == [
        NOON + 3,
        NOON + 4,
        NOON + 5,
    ]
    assert (await anna.delete(path, **span)).json() == {"samples": 3}
    assert (await anna.get(path, **span)).json() == {"items": [], "next": None}
    assert (await anna.delete(path)).status_code == 400


async def test_a_deleted_stream_is_not_there(anna: Home) -> None:
    await anna.donate(heart(1, 2))
    path = await anna.stream()
    assert (await anna.delete(path)).json() == {"samples": 2}
    assert (await anna.delete(path)).status_code == 404
    assert (await anna.get("/v1/me/streams")).json() == {"items": [], "next": None}


async def test_streams_are_listed_in_pages_and_by_measure(anna: Home) -> None:
    for source in ("a", "b", "c"):
        await anna.donate(heart(5), steps(1), source=source)
    hearts = (await anna.get("/v1/me/streams", measure="heart-rate", limit=2)).json()
    rest = (await anna.get("/v1/me/streams", measure="heart-rate", cursor=hearts["next"])).json()
    listed = hearts["items"] + rest["items"]
    assert [stream["source"]["app"] for stream in listed] == ["a", "b", "c"]
    assert (listed[0]["newest_ms"], rest["next"]) == (NOON + 5, None)


async def test_anothers_stream_and_none_are_the_same_404(anna: Home, bo: Home) -> None:
    await anna.donate(heart(1))
    path = await anna.stream()
    for there in (path, f"/v1/me/streams/{uuid4()}"):
        span = {"from": 0, "to": NOON * 2}
        assert (await bo.get(there + "/samples")).status_code == 404
        assert (await bo.delete(there)).status_code == 404
        assert (await bo.delete(there + "/samples", **span)).status_code == 404
    assert len((await anna.get(path + "/samples")).json()["items"]) == 1
    assert (await bo.get("/v1/me/streams")).json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 10_001},
        {"limit": "1_0"},
        {"from": 2**53},
        {"from": "yesterday"},
        {"cursor": "x"},
        {"cursor": "WzFlOTld"},
        {"cursor": "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd"},
    ],
)
async def test_a_page_that_cannot_be_is_refused(anna: Home, query: JSON) -> None:
    await anna.donate(heart(1))
    assert (await anna.get(await anna.stream() + "/samples", **query)).status_code == 400


@pytest.mark.skipif(not REAL.exists(), reason="the real series is not beside the checkout")
async def test_two_days_of_a_real_series_come_back_as_they_went(anna: Home) -> None:
    with gzip.open(REAL, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64, max_rows=20_000)
    start, value = (rows[:, 0] * 1000).tolist(), rows[:, 1].astype(float).tolist()
    plain = {"measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 120}
    for at in range(0, len(rows), 900):  # each overlaps the one before
        await anna.donate(plain | {"start": start[at : at + 1000], "value": value[at : at + 1000]})
    assert await anna.read(limit=10_000) == (start, value)
