"""Small documents of our own, in the shapes that clients send."""

import json
from base64 import b64encode
from typing import Any, TypeAlias
from uuid import UUID

JSON: TypeAlias = dict[str, Any]

LOINC = "http://loinc.org"
HEALTHKIT = "http://developer.apple.com/documentation/healthkit"
VALUES = "https://developer.apple.com/documentation/healthkit/"
BDH = "https://bdh.stanford.edu/fhir/defs"
UCUM = "http://unitsofmeasure.org"


def coding(system: str, code: str) -> JSON:
    return {"system": system, "code": code, "display": code}


def concept(*pairs: tuple[str, str]) -> JSON:
    return {"coding": [coding(*pair) for pair in pairs]}


def of(value: float, code: str) -> JSON:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def observation(*codes: tuple[str, str], **parts: object) -> JSON:
    found: JSON = {"resourceType": "Observation", "status": "final", "code": concept(*codes)}
    return {key: value for key, value in (found | parts).items() if value is not None}


def at(minute: int, zone: str = "+01:00") -> str:
    return f"2024-02-05T{7 + minute // 60:02}:{minute % 60:02}:00{zone}"


def during(first: str, last: str) -> JSON:
    return {"start": first, "end": last}


def extension(about: str, /, **inner: str) -> JSON:
    url = f"{BDH}/{about}"
    inside = [{"url": f"{url}/{key}", "valueString": text} for key, text in inner.items()]
    return {"url": url, "extension": inside}


def healthkit(number: int, *codes: tuple[str, str], **parts: object) -> JSON:
    """As HealthKitOnFHIR writes a sample: UUID as id, device and source revision as extensions."""
    uuid = str(UUID(int=number)).upper()
    source = f"{BDH}/sourceRevision/source"
    revision = extension(
        "sourceRevision", version="10.1", productType="Watch6,2", OSVersion="10.1.0"
    )
    revision["extension"].insert(
        0,
        {
            "url": source,
            "extension": [
                {"url": f"{source}/name", "valueString": "Watch"},
                {"url": f"{source}/bundleIdentifier", "valueString": "com.apple.health"},
            ],
        },
    )
    device = extension(
        "sourceDevice", name="Apple Watch", manufacturer="Apple Inc.", model="Watch",
        hardwareVersion="Watch6,2", softwareVersion="10.1",
    )  # fmt: skip
    said: JSON = {
        "id": uuid,
        "identifier": [{"id": uuid}],
        "issued": "2024-02-05T12:00:00.123456+01:00",
        "extension": [device, revision],
    }
    return observation(*codes, **(said | parts))


def heart_rate(number: int, rate: float = 60, **parts: object) -> JSON:
    codes = ((LOINC, "8867-4"), (HEALTHKIT, "HKQuantityTypeIdentifierHeartRate"))
    beats = {"value": rate, "unit": "beats/minute", "system": UCUM, "code": "/min"}
    said: JSON = {"effectiveDateTime": at(number), "valueQuantity": beats}
    return healthkit(number, *codes, **(said | parts))


def steps(number: int, count: int = 42, **parts: object) -> JSON:
    """A count comes without a code of UCUM's."""
    codes = ((LOINC, "55423-8"), (HEALTHKIT, "HKQuantityTypeIdentifierStepCount"))
    said: JSON = {
        "effectivePeriod": during(at(number), at(number + 1)),
        "valueQuantity": {"value": count, "unit": "steps"},
    }
    return healthkit(number, *codes, **(said | parts))


def pressure(number: int, systolic: float = 120, diastolic: float = 80, **parts: object) -> JSON:
    components = [
        {"code": concept((LOINC, "8480-6")), "valueQuantity": of(systolic, "mm[Hg]")},
        {"code": concept((LOINC, "8462-4")), "valueQuantity": of(diastolic, "mm[Hg]")},
    ]
    said: JSON = {"effectiveDateTime": at(number), "component": components}
    return healthkit(number, (LOINC, "85354-9"), **(said | parts))


def asleep(number: int, raw: int, **parts: object) -> JSON:
    said: JSON = {
        "effectivePeriod": during(at(number), at(number + 30)),
        "valueCodeableConcept": concept((f"{VALUES}hkcategoryvaluesleepanalysis", str(raw))),
    }
    code = (HEALTHKIT, "HKCategoryTypeIdentifierSleepAnalysis")
    return healthkit(number, code, **(said | parts))


def sampled(data: str, **change: object) -> JSON:
    origin = {"value": 0, "unit": "/min", "system": UCUM, "code": "/min"}
    return {"origin": origin, "period": 1000, "dimensions": 1, "data": data, **change}


def series(data: str, **change: object) -> JSON:
    """A pulse each second."""
    return observation(
        (LOINC, "8867-4"),
        identifier=[{"system": "urn:example", "value": "series"}],
        effectiveDateTime=at(0),
        valueSampledData=sampled(data, **change),
    )


def point(schema: str, body: JSON) -> JSON:
    """An Open mHealth data point with an IEEE header."""
    namespace, name, version = schema.split(":")
    return {
        "header": {
            "uuid": "0198f7a2-7f0e-4a53-8a0e-6a1d6e1f0a01",
            "schema_id": {"namespace": namespace, "name": name, "version": version},
            "source_creation_date_time": "2024-02-05T08:00:00+01:00",
            "modality": "sensed",
        },
        "body": body,
    }


def attached(schema: str, document: JSON, **parts: object) -> JSON:
    """As JupyterHealth's clients send it: the document in an attachment, the time in the document."""
    data = b64encode(json.dumps(document).encode()).decode()
    said: JSON = {
        "identifier": [{"system": "https://ehr.example", "value": "bg-129-2024-02-05"}],
        "device": {"reference": "Device/70003"},
        "valueAttachment": {"contentType": "application/json", "data": data},
    }
    return observation(("https://w3id.org/openmhealth", schema), **(said | parts))


def entry(resource: object, method: str = "POST", url: str = "Observation", **more: object) -> JSON:
    return {"resource": resource, "request": {"method": method, "url": url, **more}}


def bundle(resources: list[JSON], kind: str = "transaction") -> bytes:
    entries = [entry(one) if "resourceType" in one else one for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}).encode()


def encoded(resource: object) -> bytes:
    return json.dumps(resource).encode()
