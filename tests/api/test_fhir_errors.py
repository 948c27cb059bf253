"""Every error of FHIR's routes is an OperationOutcome, and repeats nothing of what was sent."""

import httpx
import pytest
from asyncpg import Connection

from api.settings import Settings
from tests.api.conftest import Bearer
from tests.api.fhir_phone import Phone, begun, nothing_is_stored, outcome
from tests.domain.donations.fhir import documents as d


@pytest.fixture
async def phone(
    client: httpx.AsyncClient, bearer: Bearer, admin: Connection, settings: Settings
) -> Phone:
    return await begun(client, bearer, admin, settings)


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"Authorization": "Bearer x"}, 401, "login"),
        ({"Content-Type": "text/plain"}, 415, "not-supported"),
        ({"Idempotency-Key": ""}, 400, "invalid"),
        ({"Content-Encoding": "br"}, 415, "not-supported"),
    ],
)
async def test_every_error_is_an_outcome(
    phone: Phone, headers: dict[str, str], status: int, kind: str
) -> None:
    for path, body in (("", d.bundle([])), ("/Observation", d.heart_rate(1))):
        answer = await phone.post(path, body, **headers)
        assert (answer.status_code, outcome(answer)[0]["code"]) == (status, kind)


async def test_an_unknown_resident_and_too_much_are_outcomes_too(
    phone: Phone, bearer: Bearer
) -> None:
    stranger = await phone.post("", d.bundle([]), **bearer("bertil"))
    assert (stranger.status_code, outcome(stranger)[0]["code"]) == (409, "conflict")
    large = await phone.post("", b" " * (8 << 20) + b"{} ")
    assert (large.status_code, outcome(large)[0]["code"]) == (413, "too-long")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{", None),
        (b"[]", ["Bundle"]),
        (b'{"resourceType": "Patient", "type": "batch"}', ["Bundle.resourceType"]),
        (b'{"resourceType": "Bundle"}', ["Bundle.type"]),
        (b'{"resourceType": "Bundle", "type": "document"}', ["Bundle.type"]),
        (b'{"resourceType": "Bundle", "type": "batch", "implicitRules": "u"}', ["Bundle.implicitRules"]),
        (b'{"resourceType": "Bundle", "type": "batch", "entry": [' + b"[" * 40 + b"]" * 40 + b"]}", None),
    ],
)  # fmt: skip
async def test_a_malformed_bundle_is_refused_whole(
    phone: Phone, admin: Connection, body: bytes, where: list[str] | None
) -> None:
    answer = await phone.post("", body)
    assert answer.status_code == 400
    assert outcome(answer)[0].get("expression") == where
    assert await nothing_is_stored(admin)


async def test_nothing_that_was_sent_is_repeated(phone: Phone) -> None:
    canary = "canary-5b1f"
    strange = d.observation(
        (canary, canary), id=canary, subject={"reference": canary}, device={"display": canary},
        effectiveDateTime=canary, valueQuantity={"value": canary, "system": canary},
        **{canary: canary},
    )  # fmt: skip
    bad = [
        strange, strange | {"effectiveDateTime": d.at(1), "valueQuantity": d.of(1, canary)},
        d.series(canary), d.series("1", origin={"value": 0, "system": canary}),
        d.attached("omh:heart-rate:2.0", {canary: canary}),
        d.entry(d.heart_rate(1), "PUT", f"{canary}?{canary}"), d.entry(canary, canary),
        d.entry(d.heart_rate(2), "POST", "Observation", ifNoneExist=canary),
    ]  # fmt: skip
    answer = await phone.send(*bad, kind="batch")
    assert {e["response"]["status"][0] for e in answer.json()["entry"]} == {"4"}
    assert canary not in answer.text
    assert canary not in (await phone.send(*bad)).text
