"""Uploads in the formats of the field: Open mHealth data points, and FHIR Observations in a Bundle."""

from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import msgspec

from bench.series import SOURCE
from bench.uploads import Form
from demo.series import Series

ZONE = timezone(timedelta(hours=2))
HUNDRED = 100


def _point(start: int, value: float) -> dict[str, Any]:
    at = _time(start)
    return {
        "header": {
            "id": str(uuid4()),
            "creation_date_time": at,
            "schema_id": {"namespace": "omh", "name": "heart-rate", "version": "2.0"},
            "acquisition_provenance": {"source_name": "bench", "modality": "sensed"},
        },
        "body": {
            "heart_rate": {"value": value, "unit": "beats/min"},
            "effective_time_frame": {"date_time": at},
        },
    }


def _observation(start: int, value: float) -> dict[str, Any]:
    """As phones' libraries write them, the store's own id included."""
    return {
        "resourceType": "Observation",
        "meta": {"source": SOURCE["app"]},
        "device": {"display": SOURCE["device"]},
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid4()}"}],
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "vital-signs",
                    }
                ]
            }
        ],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]
        },
        "effectiveDateTime": _time(start),
        "valueQuantity": {
            "value": value,
            "unit": "beats/minute",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, ZONE).isoformat(timespec="milliseconds")


def _points(samples: Series) -> bytes:
    documents = [_point(*pair) for pair in samples.pairs()]
    return msgspec.json.encode({"source": SOURCE, "documents": documents})


def _bundle(samples: Series) -> bytes:
    entries = [
        {"resource": _observation(*pair), "request": {"method": "POST", "url": "Observation"}}
        for pair in samples.pairs()
    ]
    return msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})


OPEN_MHEALTH = Form("omh", HUNDRED, _points, path="/v1/me/donations/open-mhealth")
FHIR = Form("fhir", HUNDRED, _bundle, path="/v1/me/fhir", media_type="application/fhir+json")
