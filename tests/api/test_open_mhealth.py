"""Open mHealth documents over the real application: stored once, refused by their places, given back."""

from uuid import uuid4

import httpx
import msgspec
import pytest
from asyncpg import Connection

from domain.donations.model import Batch, Source
from domain.donations.openmhealth.groups import MODALITY
from tests.api.region import Region
from tests.domain.donations.openmhealth import standards
from tests.domain.donations.openmhealth.bodies import AT_POINT, BODIES, JSON, document, of
from tests.domain.donations.openmhealth.meaning import meaning, returned

PATH = "/v1/me/donations/open-mhealth"
CATEGORIES = (
    "activity", "heart", "sleep", "vitals", "glucose", "lungs", "body", "mobility", "location",
)  # fmt: skip
HEART = "omh:heart-rate:2.0"


class Phone:
    """A resident's, whose app speaks Open mHealth."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def send(self, *documents: object, key: str = "", **change: object) -> httpx.Response:
        body = {"source": {"app": "a"}, "documents": documents, **change}
        headers = {**self.headers, "Idempotency-Key": key or uuid4().hex}
        return await self.client.post(PATH, json=body, headers=headers)

    async def counts(self, *documents: object) -> tuple[int, int, int]:
        """Accepted, duplicates, rejected."""
        answer = await self.send(*documents)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return found["accepted"], found["duplicates"], found["rejected"]

    async def stored(self) -> list[tuple[Source, Batch]]:
        """Every batch there is, with its source."""
        query = {"limit": 200}
        listed = await self.client.get("/v1/me/streams", headers=self.headers, params=query)
        streams = listed.json()["items"]
        found = []
        for stream in streams:
            path = f"/v1/me/streams/{stream['stream_id']}/samples"
            page = (await self.client.get(path, headers=self.headers)).json()
            source = msgspec.convert(stream["source"], Source)
            found += [(source, msgspec.convert(item, Batch)) for item in page["items"]]
        return found


@pytest.fixture
async def phone(region: Region) -> Phone:
    await region.resident("anna", *CATEGORIES)
    return Phone(region.client, region.bearer("anna"))


def heart(minute: int, rate: float = 60) -> JSON:
    frame = {"date_time": f"2024-02-05T07:{minute:02}:00+01:00"}
    return document(HEART, {"heart_rate": of(rate, "beats/min"), "effective_time_frame": frame})


async def test_points_are_stored_once_however_they_come(phone: Phone) -> None:
    assert await phone.counts(heart(1), heart(2)) == (2, 0, 0)
    series = document(HEART, [heart(n)["body"] for n in range(4)])
    assert await phone.counts(series) == (2, 2, 0)
    assert await phone.counts(series) == (0, 4, 0)


async def test_points_and_columns_are_the_same_samples(phone: Phone) -> None:
    await phone.counts(heart(1), heart(2))
    ((_, batch),) = await phone.stored()
    body = {"source": {"app": "a"}, "batches": [msgspec.to_builtins(batch)]}
    key = {"Idempotency-Key": "k"}
    answer = await phone.client.post("/v1/me/donations", json=body, headers=phone.headers | key)
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (0, 2)


async def test_a_retry_gets_the_same_bytes(phone: Phone) -> None:
    first = await phone.send(heart(1), key="one")
    again = await phone.send(heart(1), key="one")
    other = await phone.send(heart(2), key="one")
    assert (again.status_code, again.content) == (200, first.content)
    assert other.status_code == 422


async def test_each_refusal_names_its_places_and_what_to_do(phone: Phone) -> None:
    wrong = document(HEART, {"heart_rate": of(60, "beat/min"), **AT_POINT})
    steps = document("omh:step-count:3.0", BODIES["omh:step-count:3.0"])
    ahead = document(HEART, {"heart_rate": of(60, "beats/min"),
                             "effective_time_frame": {"date_time": "2124-01-01T00:00:00Z"}})  # fmt: skip
    unknown = document("omh:acceleration:1.0", {})
    answer = await phone.send(heart(1), wrong, heart(2, -60), steps, ahead, unknown, heart(3, 900))
    found = answer.json()
    assert (found["accepted"], found["rejected"]) == (2, 5)
    said = {(no["code"], no["action"], *no["pointers"]) for no in found["refused"]}
    assert said == {
        ("invalid-document", "fix", "/documents/1/body/heart_rate/unit"),
        (
            "implausible-value",
            "fix",
            "/documents/2/body/heart_rate",
            "/documents/6/body/heart_rate",
        ),
        ("time-out-of-bounds", "fix", "/documents/4/body/effective_time_frame"),
        ("unknown-measure", "stop", "/documents/5/header/schema_id"),
    }


async def test_without_a_grant_the_app_is_told_to_stop(phone: Phone, admin: Connection) -> None:
    await admin.execute("DELETE FROM consent_grant WHERE category = 'heart'")
    weight = document("omh:body-weight:3.0", BODIES["omh:body-weight:3.0"])
    found = (await phone.send(heart(1), weight, heart(2))).json()
    assert found["accepted"] == 1
    (no,) = found["refused"]
    assert (no["code"], no["action"]) == ("no-grant", "stop")
    assert no["pointers"] == ["/documents/0/body", "/documents/2/body"]


async def test_every_document_is_stored_and_comes_back_equal_in_meaning(phone: Phone) -> None:
    given = [*BODIES.items(), *[(s.schema_id, s.body) for s in standards.given(passes=True)]]
    for at, (schema_id, body) in enumerate(given):  # each from an app of its own
        answer = await phone.send(document(schema_id, body), source={"app": str(at)})
        assert answer.json()["accepted"] == 1, (schema_id, body, answer.text)
    back = {source.app: returned(batch, source) for source, batch in await phone.stored()}
    for at, (_, body) in enumerate(given):
        (one,) = back[str(at)]
        assert meaning(one["body"]) == meaning(body)


async def test_circumstances_are_told_with_the_stream(phone: Phone) -> None:
    reported = heart(1)
    reported["header"][MODALITY] = "self-reported"
    await phone.counts(reported, heart(1))
    told = [source.context for source, _ in await phone.stored()]
    assert {"modality": "self-reported"} in told
    assert len(told) == 2


@pytest.mark.parametrize("change", [
    {"documents": []}, {"documents": {}}, {"documents": None}, {"source": {"app": ""}},
    {"source": {"app": "a", "context": {"mood": "calm"}}}, {"resident_id": str(uuid4())},
    {"source": {"app": "\x01" * 200, "device": "\x01" * 200}}, {"source": None},
    {"documents": [1] * 10_001},
])  # fmt: skip
async def test_a_malformed_upload_is_refused_whole(
    phone: Phone, admin: Connection, change: JSON
) -> None:
    answer = await phone.send(heart(1), **change)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    for table in ("segment", "stream", "data_key", "reply"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608


async def test_a_series_without_end_stores_nothing(phone: Phone, admin: Connection) -> None:
    answer = await phone.send(heart(1), document(HEART, [heart(2)["body"]] * 10_000))
    assert answer.status_code == 422
    assert await admin.fetchval("SELECT count(*) FROM segment") == 0


async def test_nothing_that_was_sent_is_repeated(phone: Phone) -> None:
    canary = "canary-5b1f"
    bad = document(HEART, {"heart_rate": {"value": canary, "unit": canary}, canary: canary})
    bad["header"]["uuid"] = canary
    worse = {canary: canary, "header": {"schema_id": {"namespace": canary}}, "body": canary}
    answer = await phone.send(
        bad, worse, canary, {"header": heart(1)["header"], "body": {canary: 1}}
    )
    assert answer.json()["rejected"] == 4
    assert canary not in answer.text


async def test_a_donation_needs_a_key_and_a_token(phone: Phone) -> None:
    body = {"source": {"app": "a"}, "documents": [heart(1)]}
    assert (await phone.client.post(PATH, json=body, headers=phone.headers)).status_code == 400
    key = {"Idempotency-Key": "k"}
    assert (await phone.client.post(PATH, json=body, headers=key)).status_code == 401
