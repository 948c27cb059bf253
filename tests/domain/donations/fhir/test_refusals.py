"""What is no R4, or says what cannot be taken, is refused with its place; nothing is guessed."""

import copy
import json
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from domain.donations.fhir.answers import issues
from domain.donations.model import MAX_UPLOAD
from tests.domain.donations.fhir import documents as d
from tests.domain.donations.fhir.taken import fault, parts, read

EXTENSION = [{"url": "urn:unknown", "valueBoolean": True}]
PLAIN = d.observation(
    (d.LOINC, "8867-4"), effectiveDateTime=d.at(0), valueQuantity=d.of(60, "/min")
)


def changed(resource: d.JSON, *steps: Any) -> d.JSON:
    """A copy with the last step as the value at the others; without it where that is ...."""
    made = copy.deepcopy(resource)
    *path, name, value = steps
    inner: Any = made
    for step in path:
        inner = inner[step]
    if value is ...:
        del inner[name]
    else:
        inner[name] = value
    return made


@pytest.mark.parametrize(
    ("steps", "code", "where"),
    [
        (("resourceType", "Patient"), "invalid-resource", "resource.resourceType"),
        (("status", ...), "invalid-resource", "resource.status"),
        (("status", "done"), "invalid-resource", "resource.status"),
        (("status", "preliminary"), "not-supported", "resource.status"),
        (("status", "cancelled"), "not-supported", "resource.status"),
        (("code", ...), "invalid-resource", "resource.code"),
        (("code", {}), "unknown-measure", "resource.code"),
        (("code", {"text": "Heart rate"}), "unknown-measure", "resource.code"),
        (("code", "coding", 0, "code", "1234-5"), "unknown-measure", "resource.code"),
        (("code", "coding", 0, "system", "urn:other"), "unknown-measure", "resource.code"),
        (("code", "coding", 0, "code", 8867), "invalid-resource", "resource.code.coding[0].code"),
        (("modifierExtension", EXTENSION), "invalid-resource", "resource.modifierExtension"),
        (("implicitRules", "urn:rules"), "invalid-resource", "resource.implicitRules"),
        (("focus", [{"reference": "Patient/2"}]), "invalid-resource", "resource.focus"),
        (("effectiveDateTime", ...), "invalid-resource", "resource.effective"),
        (("effectiveDateTime", "2024-02"), "invalid-resource", "resource.effective"),
        (("effectiveDateTime", "2024-02-05T07:00:00"), "invalid-resource", "resource.effective"),
        (("effectiveDateTime", "2024-02-30T07:00:00Z"), "invalid-resource", "resource.effective"),
        (("effectiveDateTime", "2024-02-05 07:00:00Z"), "invalid-resource", "resource.effective"),
        (("effectiveDateTime", "2024-02-05T07:00:00+0100"), "invalid-resource", "resource.effective"),
        (("effectiveDateTime", "2024-02-05T07:00:00+23:00"), "invalid-resource", "resource.effective"),
        (("effectiveDateTime", 1_707_116_400), "invalid-resource", "resource.effective"),
        (("effectiveInstant", d.at(0)), "invalid-resource", "resource.effective"),
        (("effectivePeriod", {"start": d.at(0)}), "invalid-resource", "resource.effective.end"),
        (("valueQuantity", ...), "wrong-columns", "resource.value"),
        (("valueQuantity", "value", ...), "wrong-columns", "resource.value.value"),
        (("valueQuantity", "value", "60"), "invalid-resource", "resource.value.value"),
        (("valueQuantity", "value", None), "invalid-resource", "resource.value.value"),
        (("valueQuantity", "comparator", "<"), "invalid-resource", "resource.value.comparator"),
        (("valueQuantity", "system", "urn:units"), "wrong-unit", "resource.value.system"),
        (("valueQuantity", "system", ...), "wrong-unit", "resource.value.system"),
        (("valueQuantity", "code", "mm[Hg]"), "wrong-unit", "resource.value.code"),
        (("valueQuantity", "code", ...), "wrong-unit", "resource.value.code"),
        (("valueQuantity", {"value": 60}), "wrong-unit", "resource.value.code"),
        (("valueInteger", 60), "invalid-resource", "resource.value"),
        (("valueString", "60"), "invalid-resource", "resource.value"),
        (("component", [{"code": {}, "valueString": "a", "valueBoolean": True}]), "invalid-resource", "resource.component[0].value"),
        (("subject", {"reference": "Patient/2"}), "other-subject", "resource.subject"),
        (("subject", {"display": "me"}), "other-subject", "resource.subject"),
        (("subject", {"identifier": {"value": "1"}}), "other-subject", "resource.subject"),
        (("subject", {"reference": "Patient/me", "type": "Group"}), "other-subject", "resource.subject"),
        (("identifier", [{"value": ""}]), "invalid-resource", "resource.identifier[0].value"),
        (("id", "a b"), "invalid-resource", "resource.id"),
        (("extension", [1]), "invalid-resource", "resource.extension"),
        (("component", [{}]), "invalid-resource", "resource.component[0].code"),
    ],
)  # fmt: skip
def test_it_is_refused_with_its_place(steps: tuple[Any, ...], code: str, where: str) -> None:
    assert parts(PLAIN)
    assert fault(changed(PLAIN, *steps)) == (code, where)


@pytest.mark.parametrize(
    ("resource", "code", "where"),
    [
        (changed(d.pressure(0), "component", 1, ...), "wrong-columns", "resource.component"),
        (changed(d.pressure(0), "component", 1, "valueQuantity", "code", "kPa"), "wrong-unit", "resource.component"),
        (changed(d.pressure(0), "component", 1, "modifierExtension", EXTENSION), "invalid-resource", "resource.component[1].modifierExtension"),
        (changed(d.steps(0), "valueQuantity", "unit", "km"), "wrong-unit", "resource.value.system"),
        (d.steps(0, effectivePeriod=d.during(d.at(1), d.at(0))), "invalid-resource", "resource.effective"),
        (d.steps(0, effectivePeriod=None, effectiveDateTime=d.at(0)), "wrong-time-frame", "resource.effective"),
        (d.heart_rate(0, effectiveDateTime=None, effectivePeriod=d.during(d.at(0), "2024-02-07T08:00:00Z")), "wrong-time-frame", "resource.effective"),
        (d.asleep(0, 9), "unknown-code", "resource.value"),
        (d.asleep(0, 1, valueCodeableConcept={"text": "asleep"}), "unknown-code", "resource.value"),
        (d.heart_rate(0, valueQuantity=None, valueCodeableConcept={}), "wrong-columns", "resource.value"),
        (d.heart_rate(0, status="corrected", id=None, identifier=None), "invalid-resource", "resource.identifier"),
        (d.heart_rate(0, status="entered-in-error", id=None, identifier=None), "invalid-resource", "resource.identifier"),
        (d.observation((d.LOINC, "8867-4"), (d.LOINC, "29463-7"), effectiveDateTime=d.at(0)), "invalid-resource", "resource.code"),
    ],
)  # fmt: skip
def test_what_a_kind_of_sample_needs_must_be_there(resource: d.JSON, code: str, where: str) -> None:
    assert fault(resource) == (code, where)


@pytest.mark.parametrize(
    ("data", "change", "code", "where"),
    [
        ("", {}, "invalid-resource", "data"),
        ("E U", {}, "wrong-columns", "data"),
        ("60  61", {}, "invalid-resource", "data"),
        ("60,61", {}, "invalid-resource", "data"),
        ("NaN", {}, "invalid-resource", "data"),
        ("inf", {}, "invalid-resource", "data"),
        ("1_0", {}, "invalid-resource", "data"),
        ("60 EE", {}, "invalid-resource", "data"),
        ("\u0666\u0660", {}, "invalid-resource", "data"),
        ("60 61", {"dimensions": 2}, "wrong-columns", "dimensions"),
        ("60", {"dimensions": 0}, "invalid-resource", "dimensions"),
        ("60", {"period": 0}, "invalid-resource", "period"),
        ("60", {"period": 0.5}, "not-supported", "period"),
        ("60", {"period": 1e300}, "time-out-of-bounds", "period"),
        ("60", {"origin": {"value": 0}}, "wrong-unit", "origin.code"),
        ("60", {"origin": d.of(0, "mm[Hg]")}, "wrong-unit", "origin.code"),
        ("60", {"origin": {"system": d.UCUM, "code": "/min"}}, "invalid-resource", "origin.value"),
        (" ".join(["60"] * (MAX_UPLOAD + 1)), {}, "too-costly", "data"),
    ],
)
def test_sampled_data_are_refused_whole(data: str, change: Any, code: str, where: str) -> None:
    assert fault(d.series(data, **change)) == (code, f"resource.value.{where}")


def test_sampled_data_may_not_run_beyond_their_period() -> None:
    one = d.series("60 61 62 63") | {
        "effectivePeriod": d.during(d.at(0), d.at(0)[:-8] + "02+01:00")
    }
    del one["effectiveDateTime"]
    assert fault(one) == ("wrong-time-frame", "resource.effective")


def test_a_series_cannot_be_corrected() -> None:
    """Its samples share a name: which replaces which could not be told."""
    one = d.series("60 61") | {"status": "corrected"}
    assert fault(one) == ("not-supported", "resource.status")


@pytest.mark.parametrize(
    ("entry", "code", "where"),
    [
        ({"resource": PLAIN}, "invalid-resource", "request"),
        ({"request": {"method": "POST", "url": "Observation"}}, "invalid-resource", "resource"),
        (d.entry(PLAIN, "GET"), "not-supported", "request.method"),
        (d.entry(PLAIN, "PATCH"), "not-supported", "request.method"),
        (d.entry(PLAIN, "MERGE"), "invalid-resource", "request.method"),
        (d.entry(PLAIN, "POST", "Patient"), "not-supported", "request.url"),
        (d.entry(PLAIN, "PUT", "Observation"), "not-supported", "request.url"),
        (d.entry(PLAIN, "PUT", "Observation/a"), "invalid-resource", "resource.id"),
        (d.entry(PLAIN, "PUT", "Observation?code=1"), "not-supported", "request.url"),
        (d.entry(PLAIN, "PUT", "Observation?identifier=a&status=final"), "not-supported", "request.url"),
        (d.entry(PLAIN, "DELETE", "Observation?identifier="), "not-supported", "request.url"),
        (d.entry(PLAIN, "DELETE", "Observation"), "not-supported", "request.url"),
        (d.entry(PLAIN, "DELETE", "Observation/1/_history/2"), "not-supported", "request.url"),
        (d.entry(PLAIN, "PUT", "Observation/a", ifMatch='W/"1"'), "not-supported", "request.ifMatch"),
        (d.entry(PLAIN, ifNoneExist="identifier=a"), "not-supported", "request.ifNoneExist"),
        (d.entry(PLAIN) | {"modifierExtension": EXTENSION}, "invalid-resource", "modifierExtension"),
    ],
)  # fmt: skip
def test_what_an_entry_asks_for_must_be_done_here(entry: d.JSON, code: str, where: str) -> None:
    assert fault(entry) == (code, where)


def test_two_entries_about_one_name_contradict_each_other() -> None:
    gone = {"request": {"method": "DELETE", "url": f"Observation/{d.heart_rate(0)['id']}"}}
    for later in (
        gone,
        d.heart_rate(0, status="amended"),
        d.heart_rate(0, status="entered-in-error"),
    ):
        assert fault(d.heart_rate(0), later) == ("conflict", "resource.identifier")
    assert parts(d.heart_rate(0), d.heart_rate(0))


@pytest.mark.parametrize(
    "change",
    [
        {"contentType": "text/plain"}, {"data": "?"}, {"data": ""}, {"data": "e30="}, {"data": "W10="},
        {"data": ...}, {"url": "https://other.example", "data": ...},
    ],
)  # fmt: skip
def test_an_attachment_must_hold_a_document(change: d.JSON) -> None:
    schema = "omh:heart-rate:2.0"
    one = d.attached(schema, d.point(schema, {}))
    for name, value in change.items():
        one = changed(one, "valueAttachment", name, value)
    code, where = fault(one)
    assert code in {"invalid-resource", "not-supported"}
    assert where.startswith("resource.value")


def test_a_document_must_be_of_the_schema_that_its_code_says() -> None:
    one = d.attached("omh:heart-rate:2.0", d.point("omh:heart-rate:1.0", {}))
    assert fault(one) == ("invalid-resource", "resource.code")


def test_every_expression_finds_its_place() -> None:
    """Each is FHIRPath that leads to what is wrong in the Bundle that was sent."""
    sent = [
        changed(PLAIN, "valueQuantity", "code", "kg"),
        changed(PLAIN, "subject", {"reference": "Patient/2"}),
        changed(d.pressure(0), "component", 1, "modifierExtension", EXTENSION),
        changed(PLAIN, "effectiveDateTime", "2024"),
        d.entry(PLAIN, "PATCH"),
    ]
    reader, _ = read(*sent)
    document = json.loads(d.bundle(sent))
    found = [
        fhirpathpy.evaluate(document, issue.expression[0], {}, models["r4"])
        for issue in issues(reader.faults)
    ]
    assert found == [["kg"], [{"reference": "Patient/2"}], EXTENSION, ["2024"], ["PATCH"]]
