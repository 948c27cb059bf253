"""FHIR over the real application: all or nothing, each for itself, stored once, corrected and deleted."""

from uuid import uuid4

import httpx
import pytest
from asyncpg import Connection

from api.settings import Settings
from tests.api.conftest import Bearer
from tests.api.fhir_phone import FHIR_JSON, PATH, Phone, begun, codes, nothing_is_stored, outcome
from tests.domain.donations.fhir import documents as d


@pytest.fixture
async def phone(
    client: httpx.AsyncClient, bearer: Bearer, admin: Connection, settings: Settings
) -> Phone:
    return await begun(client, bearer, admin, settings)


async def test_a_bundle_is_stored_once_however_often_it_comes(phone: Phone) -> None:
    bundle = [d.heart_rate(1), d.steps(2), d.pressure(3), d.asleep(4, 4)]
    assert await phone.statuses(*bundle) == ["201"] * 4
    assert await phone.statuses(*bundle) == ["200"] * 4
    assert await phone.statuses(*bundle, kind="batch") == ["200"] * 4
    stored = await phone.stored()
    assert {measure: len(rows) for measure, rows in stored.items()} == dict.fromkeys(
        ("heart-rate", "step-count", "blood-pressure", "sleep-stage"), 1
    )
    assert stored["blood-pressure"][0][1:] == (120, 80)
    assert stored["sleep-stage"][0][1:] == ("deep",)


async def test_a_retry_gets_the_same_bytes(phone: Phone) -> None:
    body = d.bundle([d.heart_rate(1)])
    first = await phone.post("", body, **{"Idempotency-Key": "one"})
    again = await phone.post("", body, **{"Idempotency-Key": "one"})
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["content-type"] == FHIR_JSON
    other = await phone.post("", d.bundle([d.heart_rate(2)]), **{"Idempotency-Key": "one"})
    assert (other.status_code, outcome(other)[0]["code"]) == (422, "processing")


async def test_a_transaction_leaves_nothing_in_part(phone: Phone, admin: Connection) -> None:
    broken = d.heart_rate(2) | {"status": "preliminary"}
    implausible = d.heart_rate(3, 900)
    without_grant = d.observation(
        (d.LOINC, "29463-7"), effectiveDateTime=d.at(4), valueQuantity=d.of(70, "kg")
    )
    for bad in (broken, implausible, without_grant):
        answer = await phone.send(d.heart_rate(1), d.steps(1), bad)
        assert answer.status_code == 422
        assert all(where.startswith("Bundle.entry[2].") for _, where in codes(outcome(answer)))
        assert await nothing_is_stored(admin)


async def test_of_a_batch_each_entry_stands_for_itself(phone: Phone) -> None:
    without_grant = d.observation(
        (d.LOINC, "29463-7"), effectiveDateTime=d.at(4), valueQuantity=d.of(70, "kg")
    )
    sent = [
        d.heart_rate(1), d.heart_rate(2, 900), without_grant, {"resourceType": "Patient"},
        d.observation((d.LOINC, "1234-5"), effectiveDateTime=d.at(5)), d.heart_rate(6),
    ]  # fmt: skip
    answer = await phone.send(*sent, kind="batch")
    entries = [entry["response"] for entry in answer.json()["entry"]]
    assert [e["status"][:3] for e in entries] == ["201", "422", "403", "400", "422", "201"]
    said = [codes(e["outcome"]["issue"])[0] for e in entries if "outcome" in e]
    assert said == [
        ("implausible-value", "Bundle.entry[1].resource.value"),
        ("no-grant", "Bundle.entry[2].resource.code"),
        ("invalid-resource", "Bundle.entry[3].resource.resourceType"),
        ("unknown-measure", "Bundle.entry[4].resource.code"),
    ]
    assert await phone.values() == [60, 60]


async def test_an_observation_alone_is_created_or_refused(phone: Phone) -> None:
    assert (await phone.post("/Observation", d.heart_rate(1))).status_code == 201
    assert (await phone.post("/Observation", d.heart_rate(1))).status_code == 200
    answer = await phone.post("/Observation", d.heart_rate(2, 900))
    assert answer.status_code == 422
    assert codes(outcome(answer)) == [("implausible-value", "Observation.value")]
    answer = await phone.post("/Observation", d.heart_rate(2) | {"effectiveDateTime": "2024"})
    assert answer.status_code == 400
    assert outcome(answer)[0]["expression"] == ["Observation.effective"]


async def test_what_was_entered_in_error_is_gone_and_stays_gone(phone: Phone) -> None:
    await phone.send(d.heart_rate(1), d.heart_rate(2))
    wrong = d.heart_rate(1) | {"status": "entered-in-error"}
    assert await phone.statuses(wrong) == ["200"]
    assert len(await phone.values()) == 1
    assert await phone.statuses(d.heart_rate(1)) == ["200"]
    assert len(await phone.values()) == 1


async def test_it_is_deleted_by_its_address_and_by_its_identifier(phone: Phone) -> None:
    named = d.heart_rate(2) | {"identifier": [{"system": "urn:a", "value": "x|1"}]}
    await phone.send(d.heart_rate(1), named, d.heart_rate(3))
    by_id = {"request": {"method": "DELETE", "url": f"Observation/{d.heart_rate(1)['id']}"}}
    query = "Observation?identifier=urn%3Aa%7Cx%7C1"
    by_identifier = {"request": {"method": "DELETE", "url": query}}
    assert await phone.statuses(by_id, by_identifier) == ["204", "204"]
    assert len(await phone.values()) == 1


async def test_a_correction_takes_the_place_of_what_it_corrects(phone: Phone) -> None:
    await phone.send(d.heart_rate(1), d.heart_rate(2))
    await phone.send(d.heart_rate(1, 71) | {"status": "corrected"})
    put = d.entry(d.heart_rate(2, 72), "PUT", f"Observation/{d.heart_rate(2)['id']}")
    await phone.send(put)
    assert await phone.values() == [71, 72]


async def test_a_bundle_for_another_resident_is_refused(phone: Phone, admin: Connection) -> None:
    for subject in (f"Patient/{uuid4()}", "Patient/1", "https://other.example/Patient/me"):
        answer = await phone.send(d.heart_rate(1), d.heart_rate(2, subject={"reference": subject}))
        assert codes(outcome(answer)) == [("other-subject", "Bundle.entry[1].resource.subject")]
    assert await nothing_is_stored(admin)
    own = [{"reference": "Patient/me"}, {"reference": f"Patient/{phone.resident_id}"}]
    sent = [d.heart_rate(at, subject=subject) for at, subject in enumerate(own)]
    assert await phone.statuses(*sent) == ["201", "201"]


async def test_what_was_measured_partly_in_a_pause_stays_out(
    phone: Phone, admin: Connection
) -> None:
    """Of a moment told as a period both ends are judged, though the first alone is kept."""
    await admin.execute(
        "UPDATE consent_grant SET pauses = '{[2024-02-05 08:00+01, 2024-02-05 09:00+01)}' "
        "WHERE category = 'heart'"
    )
    resting = [
        d.observation(
            (d.LOINC, "40443-4"), effectivePeriod=d.during(d.at(0), last),
            valueQuantity=d.of(50, "/min"),
        )
        for last in (d.at(59), d.at(90))
    ]  # fmt: skip
    resting[1]["effectivePeriod"]["start"] = d.at(1)
    assert await phone.statuses(*resting, kind="batch") == ["201", "403"]
    assert len(await phone.values("resting-heart-rate")) == 1


async def test_a_series_is_taken_and_its_gaps_told(phone: Phone) -> None:
    answer = await phone.send(d.series("60 61 E 63 U"))
    response = answer.json()["entry"][0]["response"]
    assert response["status"] == "201 Created"
    assert codes(response["outcome"]["issue"]) == [
        ("without-value", "Bundle.entry[0].resource.value")
    ]
    assert await phone.values() == [60, 61, 63]


async def test_open_mhealth_documents_in_attachments_are_taken(phone: Phone) -> None:
    frame = {"date_time": "2024-02-05T07:25:00-08:00"}
    body = {"heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": frame}
    good = d.attached("omh:heart-rate:2.0", d.point("omh:heart-rate:2.0", body))
    bad_body = {"heart_rate": {"value": 60, "unit": "beats"}, "effective_time_frame": frame}
    bad = d.attached("omh:heart-rate:2.0", d.point("omh:heart-rate:2.0", bad_body), identifier=[])
    answer = await phone.send(good, bad, kind="batch")
    first, second = [entry["response"] for entry in answer.json()["entry"]]
    assert (first["status"], second["status"]) == ("201 Created", "400 Bad Request")
    assert "/body/heart_rate/unit" in second["outcome"]["issue"][0]["diagnostics"]
    assert await phone.values() == [60]
    gone = good | {"status": "entered-in-error"}
    assert await phone.statuses(gone) == ["200"]
    assert await phone.values() == []


async def test_the_capability_statement_is_public(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{PATH}/metadata")
    assert (answer.status_code, answer.headers["content-type"]) == (200, FHIR_JSON)
    assert answer.json()["fhirVersion"] == "4.0.1"
