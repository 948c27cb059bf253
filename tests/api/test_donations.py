"""Donations over the real application: counted exactly, kept once, refused by the sample's own time."""

import gzip
from uuid import uuid4

import msgspec
import pytest
from asyncpg import Connection

from tests.api.home import JSON, Home, heart, move_in, steps
from tests.api.region import NOON, Region


@pytest.fixture
async def anna(region: Region) -> Home:
    return await move_in(region, "anna")


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
