"""What the operations are asked with, where it takes more than a line."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from notifications.refs import ref
from tests.api.region import APPROVAL, NOON, STUDY
from tests.api.region import notice as notice_of
from tests.drills.sides import Common, Side


def ahead(days: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def revised(s: Side) -> dict[str, Any]:
    title = f"Revised by {s.team}"
    return STUDY | {"title": {"sv": title, "en": title}}


def delivered(message_id: str, device_id: str) -> dict[str, str]:
    """A receipt of a knock, as the phone that it came to gives it."""
    named = ref(UUID(message_id))
    return {"ref": named, "device_id": device_id, "what": "opened", "at": "2026-03-01T08:00:00Z"}


def answered(s: Side, *items: str) -> dict[str, Any]:
    said = {"notice_version": 1, "language": "en", "decision": "permit", "seen_seq": s.events}
    return {"answers": [said | {"item_id": item} for item in items]}


def announced(s: Side) -> dict[str, Any]:
    """An urgent announcement to a study's participants."""
    words = {"title": f"About {s.team}", "body": "A drill."}
    return {"kind": "safety-notice", "study_id": s.study_id, "texts": {"sv": words, "en": words}}


def held(concerning: dict[str, str]) -> dict[str, Any]:
    return {"scope": "everything", "reason": "A drill", "concerning": concerning}


def next_notice(s: Side, study_id: str) -> dict[str, Any]:
    return notice_of(study_id, UUID(s.item_id), supersedes=1)


def approval(_: Side, __: Common) -> dict[str, str]:
    return APPROVAL | {"reference": "2026-04127-02"}


def scoped(scope: str, **more: str) -> Callable[[str], dict[str, Any]]:
    """A body about one id, the scope's."""
    return lambda found: {"scope": scope, f"{scope}_id": found, **more}


def upload(side: Side) -> dict[str, Any]:
    """Heart rates of a side, from a source that bears its mark."""
    heart = {
        "measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 60,
        "start": [NOON + 1000 * n for n in range(len(side.values))], "value": list(side.values),
    }  # fmt: skip
    return {"source": {"app": f"app of {side.mark}", "device": side.mark}, "batches": [heart]}


def phone(side: Side) -> dict[str, str]:
    """A device of a side, whose address bears its mark."""
    return {"value_kind": "fid", "value": side.mark, "platform": "android", "language": "sv"}


def points(side: Side) -> dict[str, Any]:
    """The same as an Open mHealth data series."""
    at = [datetime.fromtimestamp(NOON / 1000 + n, UTC).isoformat() for n in range(len(side.values))]
    body = [
        {
            "heart_rate": {"value": rate, "unit": "beats/min"},
            "effective_time_frame": {"date_time": moment},
        }
        for rate, moment in zip(side.values, at, strict=True)
    ]
    header = {
        "uuid": str(uuid4()),
        "schema_id": {"namespace": "omh", "name": "heart-rate", "version": "2.0"},
        "source_creation_date_time": at[0],
    }
    source = {"app": f"app of {side.mark}", "device": side.mark}
    return {"source": source, "documents": [{"header": header, "body": body}]}


def observations(side: Side) -> dict[str, Any]:
    """The same as a FHIR transaction."""
    asked = {"method": "POST", "url": "Observation"}
    entries = [
        {"resource": observation(side, n), "request": asked} for n in range(len(side.values))
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def observation(side: Side, number: int = 0) -> dict[str, Any]:
    """One of them."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "meta": {"source": f"app of {side.mark}"},
        "device": {"display": side.mark},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "effectiveDateTime": datetime.fromtimestamp(NOON / 1000 + number, UTC).isoformat(),
        "valueQuantity": {
            "value": side.values[number],
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }
