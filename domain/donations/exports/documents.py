"""Samples as documents: our columns and Open mHealth as uploads that could be sent again, FHIR as a Bundle."""

from collections.abc import Iterable, Iterator
from uuid import uuid4

import msgspec

from domain.donations.exports.model import FORMAT, End, Form
from domain.donations.fhir import writing as fhir
from domain.donations.forms import batches
from domain.donations.model import MAX_BATCHES
from domain.donations.openmhealth import writing as open_mhealth
from domain.donations.own_reads import Run

_encode = msgspec.json.encode
_PAGE = 2_000


def uploads(run: Run) -> Iterator[bytes]:
    """Samples as bodies of `POST /v1/me/donations`."""
    found = batches(run.measure, run.columns)
    for at in range(0, len(found), MAX_BATCHES):
        yield _encode({"source": run.source, "batches": found[at : at + MAX_BATCHES]})


def documents(run: Run) -> Iterable[bytes] | None:
    """Samples as a body of `POST /v1/me/donations/open-mhealth`; the documents have their circumstances."""
    if not open_mhealth.is_told(run.measure):
        return None
    source = {"app": run.source.app, "device": run.source.device}
    told = list(open_mhealth.documents(run.measure, run.columns, run.source, run.stream_id))
    return [_encode({"source": source, "documents": told})]


def entries(run: Run) -> Iterator[bytes]:
    """Samples as entries of a Bundle."""
    for one in fhir.observations(run.measure, run.columns, run.source, run.stream_id):
        yield _encode(fhir.entry(one))


def _end(end: End) -> bytes:
    said = {"left_out": end.left_out, "samples": end.samples, "complete": end.complete}
    return b"]," + _encode(said)[1:]


def _outcome(end: End) -> bytes:
    """The last entry of the Bundle: FHIR knows no other place to say it."""
    issue = {
        "severity": "information" if end.complete else "error",
        "code": "informational" if end.complete else "incomplete",
        "diagnostics": f"{'complete' if end.complete else 'broke off'}: {end.samples} samples",
    }
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    comma = fhir.BETWEEN if end.samples else b""
    return comma + _encode({"fullUrl": uuid4().urn, "resource": outcome}) + fhir.END


_BEGIN = b'{"format":' + _encode(FORMAT) + b',"uploads":['

JSON = Form("application/json", "json", 10_000, _BEGIN, b",", uploads, _end)
OPEN_MHEALTH = Form("application/json", "omh.json", _PAGE, _BEGIN, b",", documents, _end)
FHIR = Form(
    "application/fhir+json", "fhir.json", _PAGE, fhir.BEGIN, fhir.BETWEEN, entries, _outcome
)
