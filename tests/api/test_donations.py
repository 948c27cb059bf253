"""Donations over the real application: counted exactly, kept once, refused by the sample's own time."""

import gzip
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import httpx
import msgspec
import numpy as np
import pytest
from asyncpg import Connection

from api import development
from api.auth import subject_hmac
from api.settings import Settings
from tests.api.conftest import Bearer
from tests.domain.donations.conftest import permit
from tests.people import make_resident

REAL = Path(__file__).parents[3] / "shared/data/wearables/heart_rate_one_person_5s.csv.gz"
NOON = 1_767_268_800_000
"""1 January 2026, 12:00 UTC."""
JSON: TypeAlias = dict[str, Any]


class Home:
    """A phone of one resident."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def donate(self, *batches: JSON, key: str = "", source: str = "watch") -> httpx.Response:
        return await self.client.post(
            "/v1/me/donations",
            json={"source": {"app": source}, "batches": batches},
            headers={**self.headers, "Idempotency-Key": key or uuid4().hex},
        )

    async def counts(self, *batches: JSON) -> tuple[int, int, int]:
        """Accepted, duplicates, rejected."""
        answer = await self.donate(*batches)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return found["accepted"], found["duplicates"], found["rejected"]

    async def get(self, path: str, **query: object) -> httpx.Response:
        return await self.client.get(path, headers=self.headers, params=query)  # type: ignore[arg-type]

    async def delete(self, path: str, **query: object) -> httpx.Response:
        return await self.client.delete(path, headers=self.headers, params=query)  # type: ignore[arg-type]

    async def read(self, limit: int) -> tuple[list[int], list[float]]:
        """Starts and values of the only stream, page by page."""
        path, starts, values = await self.stream() + "/samples", list[int](), list[float]()
        page: JSON = {"next": None}
        while True:
            cursor = {"cursor": page["next"]} if page["next"] else {}
            page = (await self.get(path, limit=limit, **cursor)).json()
            starts += [at for batch in page["items"] for at in batch["start"]]
            values += [value for batch in page["items"] for value in batch["value"]]
            if page["next"] is None:
                return starts, values

    async def stream(self) -> str:
        """The path of the only stream."""
        (stream,) = (await self.get("/v1/me/streams")).json()["items"]
        return f"/v1/me/streams/{stream['stream_id']}"


async def move_in(admin: Connection, settings: Settings, subject: str) -> UUID:
    """A resident of that login who lets heart and activity be kept."""
    resident_id = await make_resident(admin)
    digest = subject_hmac(development.subject_secret(settings), settings.issuer, subject)
    sql = "INSERT INTO identity (issuer, subject_hmac, resident_id) VALUES ($1, $2, $3)"
    await admin.execute(sql, settings.issuer, digest, resident_id)
    for category in ("heart", "activity"):
        await permit(admin, resident_id, category)
    return resident_id


@pytest.fixture
async def anna(
    client: httpx.AsyncClient, bearer: Bearer, admin: Connection, settings: Settings
) -> Home:
    await move_in(admin, settings, "anna")
    return Home(client, bearer("anna"))


@pytest.fixture
async def bo(
    client: httpx.AsyncClient, bearer: Bearer, admin: Connection, settings: Settings
) -> Home:
    await move_in(admin, settings, "bo")
    return Home(client, bearer("bo"))


def heart(*start: int, **change: object) -> JSON:
    """Heart rates at these ms after noon."""
    at = [NOON + ms for ms in start]
    batch = {"measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 60, "start": at}
    return batch | {"value": [60 + ms % 50 for ms in start]} | change


def steps(*start: int) -> JSON:
    """Hours of steps from these ms after noon."""
    ends = [NOON + ms + 3_600_000 for ms in start]
    unit = {"measure": "step-count", "unit": "{steps}", "value": [100] * len(start)}
    return heart(*start) | unit | {"end": ends}


async def test_an_overlapping_sync_counts_what_is_new(anna: Home) -> None:
    assert await anna.counts(heart(*range(100))) == (100, 0, 0)
    assert await anna.counts(heart(*range(50, 200))) == (100, 50, 0)
    assert await anna.counts(heart(*range(200))) == (0, 200, 0)


async def test_a_retry_gets_the_same_bytes_and_stores_nothing(
    anna: Home, admin: Connection
) -> None:
    first = await anna.donate(heart(1, 2), key="one")
    again = await anna.donate(heart(1, 2), key="one")
    other = await anna.donate(heart(1, 3), key="one")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert other.status_code == 422
    assert await admin.fetchval("SELECT sum(samples) FROM segment") == 2


async def test_messagepack_says_the_same_in_fewer_bytes(anna: Home) -> None:
    body = msgspec.msgpack.encode({"source": {"app": "watch"}, "batches": [heart(1, 2, 3)]})
    headers = anna.headers | {"Content-Type": "application/msgpack", "Idempotency-Key": "packed"}
    coded = headers | {"Content-Encoding": "gzip"}
    first = await anna.client.post("/v1/me/donations", content=gzip.compress(body), headers=coded)
    again = await anna.client.post("/v1/me/donations", content=body, headers=headers)
    assert first.json()["accepted"] == 3
    assert again.content == first.content
    assert await anna.counts(heart(1, 2, 3, 4)) == (1, 3, 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
async def test_a_number_that_json_does_not_know_is_not_plausible(anna: Home, value: float) -> None:
    upload = {"source": {"app": "watch"}, "batches": [heart(1, 2, value=[60, value])]}
    answer = await anna.client.post(
        "/v1/me/donations",
        content=msgspec.msgpack.encode(upload),
        headers=anna.headers | {"Content-Type": "application/msgpack", "Idempotency-Key": "odd"},
    )
    (batch,) = answer.json()["batches"]
    assert (batch["accepted"], batch["rejected"][0]["code"]) == (1, "implausible-value")


async def test_each_refusal_names_its_samples_and_what_to_do(anna: Home) -> None:
    answer = await anna.donate(heart(0, 1, 2, value=[60, 900, 61]), heart(5, unit="kg"), steps(0))
    first, second, third = answer.json()["batches"]
    assert first["rejected"] == [
        {"code": "implausible-value", "action": "fix", "count": 1, "indices": [1]}
    ]
    assert second["rejected"] == [
        {"code": "wrong-unit", "action": "fix", "count": 1, "indices": None}
    ]
    assert (first["accepted"], second["stream_id"], third["accepted"]) == (2, None, 1)


async def test_what_was_measured_outside_consent_is_refused_and_other_categories_are_kept(
    anna: Home, admin: Connection
) -> None:
    await admin.execute(
        """UPDATE consent_grant SET data_period = '{["2026-01-01 12:00+00","2026-01-01 13:00+00")}'
            WHERE category = 'heart'"""
    )
    answer = await anna.donate(heart(-1, 0, 3_599_999, 3_600_000), steps(0))
    first, second = answer.json()["batches"]
    assert first["accepted"] == 2
    assert [(r["code"], r["action"], r["indices"]) for r in first["rejected"]] == [
        ("outside-consent", "stop", [0, 3])
    ]
    assert (second["accepted"], second["rejected"]) == (1, [])


async def test_without_a_grant_the_app_is_told_to_stop(anna: Home, admin: Connection) -> None:
    await admin.execute("DELETE FROM consent_grant WHERE category = 'heart'")
    first, second = (await anna.donate(heart(1), steps(1))).json()["batches"]
    assert [(r["code"], r["action"]) for r in first["rejected"]] == [("no-grant", "stop")]
    assert second["accepted"] == 1


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


@pytest.mark.parametrize("change", [
    {"start": []}, {"start": [NOON, NOON + 1]}, {"end": []}, {"start": [str(NOON)]},
    {"start": [NOON + 0.5]}, {"start": [True]}, {"start": [2**63]}, {"start": [10**400]},
    {"start": [None]}, {"start": [NOON] * 10_001, "value": [60] * 10_001},
    {"value": ["60"]}, {"value": [[60]]}, {"value": 60}, {"unit": "/min\x00"}, {"unit": 5},
    {"value": None}, {"components": {"value": [60, 61]}}, {"id": ["a", "b"]}, {"replaces": True},
    {"measure": "heart\x00"}, {"measure": "x" * 65}, {"resident_id": str(uuid4())},
    {"utc_offset_minutes": 841}, {"utc_offset_minutes": "60"},
])  # fmt: skip
async def test_a_malformed_batch_refuses_the_upload_whole(
    anna: Home, admin: Connection, change: JSON
) -> None:
    answer = await anna.donate(heart(1), heart(0) | change)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    for table in ("segment", "stream", "data_key", "reply"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608


@pytest.mark.parametrize(
    "body",
    [
        b'{"source":{"app":"a"},"batches":[]}',
        b'{"source":{"app":""},"batches":[BATCH]}',
        b'{"source":{"app":"a","user":"b"},"batches":[BATCH]}',
        b'{"source":{"app":"a"},"batches":[BATCH],"acting_for":"b"}',
        b'{"source":{"app":"a"},"batches":[' + b",".join([b"BATCH"] * 33) + b"]}",
        b'{"source":{"app":"a"},"batches":[BATCH]',
        b"[]",
        b"",
    ],
)
async def test_a_malformed_upload_is_refused(anna: Home, body: bytes) -> None:
    batch = (
        b'{"measure":"heart-rate","unit":"/min","utc_offset_minutes":0,"start":[1],"value":[NUM]}'
    )
    for number in (b"60", b"NaN", b"Infinity", b"1e400"):
        sent = body.replace(b"BATCH", batch).replace(b"NUM", number)
        answer = await anna.client.post(
            "/v1/me/donations",
            content=sent,
            headers={**anna.headers, "Idempotency-Key": "k", "Content-Type": "application/json"},
        )
        assert answer.status_code in {400, 415}


async def test_a_donation_needs_a_key_and_a_token(anna: Home) -> None:
    body = {"source": {"app": "a"}, "batches": [heart(1)]}
    path = "/v1/me/donations"
    assert (await anna.client.post(path, json=body, headers=anna.headers)).status_code == 400
    key = {"Idempotency-Key": "k"}
    assert (await anna.client.post(path, json=body, headers=key)).status_code == 401


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
