"""What is given out is valid R4, and is taken in again as the same samples from the same source."""

import json
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement as Statement
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.operationoutcome import OperationOutcome
from msgspec import to_builtins

from domain.donations.columns import Columns
from domain.donations.fhir.answers import Tally, bundle
from domain.donations.fhir.capability import capability
from domain.donations.fhir.store import _portions
from domain.donations.fhir.writing import BEGIN, BETWEEN, END, entry, observations
from domain.donations.measures import MEASURES
from domain.donations.model import Source
from tests.domain.donations.fhir import documents as d
from tests.domain.donations.fhir.taken import judged, read

STREAM = UUID("0198f7a2-7f0e-7a53-8a0e-6a1d6e1f0a01")
SOURCE = Source(app="se.region.app", device="Watch 3", context={"modality": "self-reported"})
START = 1_729_988_100_000
"""2024-10-27T02:15:00+02:00, in the last hour of summer time."""


def some(measure: str) -> Columns:
    """Two samples an hour apart, on either side of the end of summer time."""
    row = MEASURES[measure]
    start = np.array([START, START + 3_600_000])
    values = [
        np.array([one.low, one.highest if one.codes else one.high], float) for one in row.components
    ]
    end = None if row.longest_ms is None else start + min(row.longest_ms, 60_000)
    return Columns(start, end, tuple(values), np.array([120, 60], np.int16))


@pytest.mark.parametrize("measure", MEASURES)
def test_it_is_valid_and_comes_back_the_same(measure: str) -> None:
    columns = some(measure)
    given = list(observations(measure, columns, SOURCE, STREAM))
    for one in given:
        Observation.model_validate(json.loads(json.dumps(one)))
    reader, (back,) = read(*given)
    assert reader.faults == {}
    assert back.source == SOURCE
    assert {part.batch.measure for part in back.parts} == {measure}
    taken = [judged(part.batch) for part in back.parts]
    for name, column in (
        ("start", columns.start),
        ("offset", columns.offset),
        ("end", columns.end),
    ):
        found = [getattr(part, name) for part in taken]
        assert (
            (found == [None, None]) if column is None else (np.concatenate(found) == column).all()
        )
    for at, values in enumerate(columns.values):
        assert np.concatenate([part.values[at] for part in taken]).tolist() == values.tolist()


def test_a_sample_has_the_same_identifier_each_time() -> None:
    names = [
        [
            one["identifier"]
            for one in observations("heart-rate", some("heart-rate"), source, STREAM)
        ]
        for source in (SOURCE, Source(app="a"))
    ]
    assert names[0] == names[1]
    assert names[0][0] != names[0][1]


def test_vital_signs_have_what_their_profile_asks_for() -> None:
    for measure, loinc in (("heart-rate", "8867-4"), ("blood-pressure", "85354-9"),
                           ("oxygen-saturation", "2708-6"), ("body-weight", "29463-7")):  # fmt: skip
        one: Any = next(observations(measure, some(measure), SOURCE, STREAM))
        assert loinc in [coding["code"] for coding in one["code"]["coding"]]
        assert one["category"][0]["coding"][0]["code"] == "vital-signs"
        assert one["subject"]["reference"] == "Patient/me"


def test_a_bundle_can_be_written_bit_by_bit() -> None:
    given = observations("heart-rate", some("heart-rate"), SOURCE, STREAM)
    whole = BEGIN + BETWEEN.join(d.encoded(entry(one)) for one in given) + END
    assert len(Bundle.model_validate_json(whole).entry or ()) == 2


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_answers_are_valid(kind: Any) -> None:
    sent = [d.heart_rate(0), d.asleep(0, 9), {"resourceType": "Patient"}, d.series("1 E")]
    reader, given = read(*sent)
    tally = Tally(reader)
    for part in given[0].parts:
        tally.give(part)
    tally.refuse([0], "no-grant", "stop", "resource.value")
    answer = to_builtins(bundle(kind, len(sent), tally))
    Bundle.model_validate(answer)
    outcomes = [
        one["response"]["outcome"] for one in answer["entry"] if "outcome" in one["response"]
    ]
    assert len(outcomes) == 4
    for one in outcomes:
        OperationOutcome.model_validate(one)


def test_the_capability_statement_is_valid() -> None:
    Statement.model_validate(to_builtins(capability("https://medverka.example/v1/me/fhir")))


def test_an_upload_holds_no_more_than_it_may() -> None:
    assert [len(one) for one in _portions(["a"] * 70, len)] == [32, 32, 6]
    assert [len(one) for one in _portions(["a" * 60_000] * 3, len)] == [1, 1, 1]
