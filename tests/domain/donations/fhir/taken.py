"""What is read of documents, in a form that is easily compared."""

import msgspec

from domain.consents.gate import Collectable
from domain.donations.admission import judge_all
from domain.donations.columns import Columns
from domain.donations.fhir.groups import Part
from domain.donations.fhir.reading import Given, Reader
from domain.donations.fhir.resources import Bundle
from domain.donations.measures import MEASURES
from domain.donations.model import Batch, Source
from tests.domain.donations.fhir import documents as d

SELVES = frozenset({"Patient/me"})
NOW_MS = 1_800_000_000_000
OPEN = {row.category: Collectable(live=True, periods=[(None, None)]) for row in MEASURES.values()}


def read(*resources: d.JSON) -> tuple[Reader, list[Given]]:
    reader = Reader(SELVES)
    sent = msgspec.json.decode(d.bundle(list(resources)), type=Bundle)
    reader.entries(sent.entry)
    return reader, list(reader.given())


def parts(*resources: d.JSON) -> list[Part]:
    """All that was read; nothing may be refused."""
    reader, given = read(*resources)
    assert reader.faults == {}
    return [part for one in given for part in one.parts]


def batch(*resources: d.JSON) -> Batch:
    (part,) = parts(*resources)
    return part.batch


def fault(*resources: d.JSON) -> tuple[str, str]:
    """Why the last of them is refused, and where. No other is."""
    reader, _ = read(*resources)
    ((index, (found,)),) = reader.faults.items()
    assert index == len(resources) - 1
    return found.code, found.where


def judged(one: Batch) -> Columns:
    """The samples as they would be stored; nothing may be refused."""
    (verdict,) = judge_all([one], OPEN, NOW_MS)
    assert verdict.rejected == []
    return verdict.columns


def source(resource: d.JSON) -> Source:
    _, (one,) = read(resource)
    return one.source
