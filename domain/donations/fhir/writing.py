"""Samples as Observations again, so that taking them in gives the same samples from the same source."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta, timezone
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from domain.donations.columns import Columns
from domain.donations.fhir.codes import HEALTHKIT, LOINC, MEASURE_OF, OWN, OWN_VALUE, UCUM
from domain.donations.fhir.names import URN
from domain.donations.fhir.names import UUID as URN_UUID
from domain.donations.fhir.sources import extension_of
from domain.donations.fhir.values import COMPOSITES
from domain.donations.measures import MEASURES, Component, Measure
from domain.donations.measures.over_time import SUFFIX
from domain.donations.model import Source
from domain.donations.openmhealth.frames import EPOCH

Resource: TypeAlias = dict[str, Any]

BEGIN, BETWEEN, END = b'{"resourceType":"Bundle","type":"collection","entry":[', b",", b"]}"
"""Around and between the entries of a Bundle that is written bit by bit. It needs one entry at least."""

SELF = {"reference": "Patient/me", "type": "Patient"}
CATEGORY_SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"
CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "activity": "activity",
        "mobility": "activity",
        "heart": "vital-signs",
        "vitals": "vital-signs",
        "body": "vital-signs",
        "symptoms": "survey",
    }
)
ALSO = frozenset({"2708-6"})
"""LOINC codes that FHIR's vital signs profile asks for beside a measure's first."""


def entry(observation: Resource) -> Resource:
    """An Observation as an entry of a Bundle."""
    return {"fullUrl": observation["identifier"][0]["value"], "resource": observation}


def observations(
    measure: str, columns: Columns, source: Source, stream_id: UUID
) -> Iterator[Resource]:
    """Samples of a stream as Observations.

    Their identifiers are made of stream and start: the same sample always has the same. What their
    store called them is not known, since of that a fingerprint is all that is kept.
    """
    writer = _Writer(MEASURES[measure], source)
    ends = [None] * len(columns.start) if columns.end is None else columns.end.tolist()
    offsets = columns.offset.tolist()
    rows = zip(*[values.tolist() for values in columns.values], strict=True)
    for start, end, offset, row in zip(columns.start.tolist(), ends, offsets, rows, strict=True):
        yield writer.observation(stream_id, start, end, offset, row)


class _Writer:
    def __init__(self, measure: Measure, source: Source) -> None:
        self._measure = measure
        self._is_composite = measure.code.removesuffix(SUFFIX) in COMPOSITES
        self._code = {"coding": list(_codings(measure)), "text": measure.names["en"]}
        category = CATEGORIES.get(measure.category)
        self._alike: Resource = {
            "subject": SELF,
            "extension": [extension_of(source)],
            **({"device": {"display": source.device}} if source.device else {}),
            **({"category": [_concept(CATEGORY_SYSTEM, category)]} if category else {}),
        }

    def observation(
        self, stream_id: UUID, start: int, end: int | None, offset: int, row: Sequence[float]
    ) -> Resource:
        """One sample."""
        clock = timezone(timedelta(minutes=offset))
        first = _at(start, clock)
        is_moment = end is None or end == start
        when = (
            {"effectiveDateTime": first}
            if is_moment
            else {"effectivePeriod": {"start": first, "end": _at(end or start, clock)}}
        )
        name = f"{URN_UUID}{uuid5(stream_id, str(start))}"
        return {
            "resourceType": "Observation",
            "identifier": [{"system": URN, "value": name}],
            "status": "final",
            "code": self._code,
            **self._alike,
            **when,
            **self._said(row),
        }

    def _said(self, row: Sequence[float]) -> Resource:
        columns = self._measure.components
        if len(columns) == 1:
            return self._value(columns[0], row[0])
        pairs = zip(columns, row, strict=True)
        told = [(column, one) for column, one in pairs if one >= 0 or not self._is_composite]
        return {
            "component": [
                {"code": _part(column), **self._value(column, one)} for column, one in told
            ]
        }

    def _value(self, column: Component, number: float) -> Resource:
        if column.codes:
            return {"valueCodeableConcept": _concept(OWN_VALUE, column.codes[int(number)])}
        unit = self._measure.unit
        plain = int(number) if number.is_integer() else number
        return {"valueQuantity": {"value": plain, "unit": unit, "system": UCUM, "code": unit}}


def _codings(measure: Measure) -> Iterator[Resource]:
    """What it is called elsewhere, as far as nothing else is called so, and here."""
    for code in measure.loinc[:1] + tuple(one for one in measure.loinc[1:] if one in ALSO):
        yield {"system": LOINC, "code": code}
    if len(measure.healthkit) == 1 and MEASURE_OF.get((HEALTHKIT, measure.healthkit[0])) is measure:
        yield {"system": HEALTHKIT, "code": measure.healthkit[0]}
    yield {"system": OWN, "code": measure.code}


def _part(column: Component) -> Resource:
    known = [{"system": LOINC, "code": column.loinc}] if column.loinc else []
    return {"coding": [*known, {"system": OWN, "code": column.name}]}


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _at(ms: int, clock: timezone) -> str:
    moment = EPOCH + timedelta(milliseconds=ms)
    return moment.astimezone(clock).isoformat(timespec="milliseconds")
