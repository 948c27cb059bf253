"""Observations become batches: measure, unit, time with its offset, values, name and source."""

from typing import Any

import pytest

from domain.donations.fhir.terms import OURS
from domain.donations.measures import MEASURES
from domain.donations.model import Source
from tests.domain.donations.fhir import documents as d
from tests.domain.donations.fhir.taken import batch, judged, parts, read, source

NOON = 1_707_116_400_000  # 2024-02-05T08:00:00+01:00 less an hour, as `at(0)` says it


def test_a_healthkit_sample_is_one_sample_with_its_uuid() -> None:
    one = batch(d.heart_rate(0), d.heart_rate(1, 61.5))
    assert (one.measure, one.unit, one.utc_offset_minutes) == ("heart-rate", "/min", 60)
    assert (one.start, one.end, one.value) == (
        [NOON - 3_600_000, NOON - 3_540_000],
        None,
        [60, 61.5],
    )
    assert one.id == [d.heart_rate(n)["id"] for n in (0, 1)]
    assert source(d.heart_rate(0)) == Source(app="com.apple.health", device="Apple Watch")


def test_a_count_needs_no_unit() -> None:
    one = batch(d.steps(0))
    assert (one.measure, one.unit, one.value) == ("step-count", "{steps}", [42])
    assert one.end == [one.start[0] + 60_000]


def test_a_pressure_is_its_two_components_in_any_order() -> None:
    turned = d.pressure(0)
    turned["component"].reverse()
    for one in (d.pressure(0), turned):
        assert batch(one).components == {"systolic": [120], "diastolic": [80]}


@pytest.mark.parametrize(
    ("raw", "stage"), [(1, "asleep"), (2, "awake"), (3, "light"), (4, "deep"), (5, "rem")]
)
def test_stages_of_sleep_are_healthkits(raw: int, stage: str) -> None:
    one = batch(d.asleep(0, raw))
    assert (one.measure, one.components) == ("sleep-stage", {"stage": [stage]})


def test_a_time_in_bed_is_no_stage() -> None:
    one = batch(d.asleep(0, 0))
    assert (one.measure, one.unit, one.value) == ("time-in-bed", "min", [30])


def test_every_code_of_healthkits_values_is_one_of_ours() -> None:
    codes = {code for row in MEASURES.values() for part in row.components for code in part.codes}
    assert {ours for ours in OURS.values() if ours} <= codes


def test_events_repeat_what_they_are() -> None:
    name = "HKCategoryTypeIdentifierHighHeartRateEvent"
    event = d.healthkit(0, (d.HEALTHKIT, name), valueString=name, effectiveDateTime=d.at(0))
    assert batch(event).components == {"event": ["detected"]}
    name = "HKCategoryTypeIdentifierIrregularMenstrualCycles"
    during = d.during(d.at(0), d.at(50))
    cycle = d.healthkit(1, (d.HEALTHKIT, name), valueString=name, effectivePeriod=during)
    assert batch(cycle).components == {"deviation": ["irregular-cycles"]}


def test_protection_is_a_component_that_may_be_missing() -> None:
    name = "HKCategoryTypeIdentifierSexualActivity"
    during = d.during(d.at(0), d.at(1))
    plain = d.healthkit(0, (d.HEALTHKIT, name), valueString=name, effectivePeriod=during)
    said = {
        "code": d.concept((d.HEALTHKIT, "HKSexualActivityProtectionUsed")),
        "valueBoolean": True,
    }
    assert batch(plain).components == {"protection": ["unspecified"]}
    assert batch(plain | {"component": [said]}).components == {"protection": ["protected"]}


def test_workouts_have_their_kinds() -> None:
    for kind, ours in (("crossCountrySkiing", "cross-country-skiing"), ("curling", "other")):
        value = d.concept((d.HEALTHKIT, kind))
        during = d.during(d.at(0), d.at(50))
        one = d.healthkit(
            0, (d.LOINC, "73985-4"), valueCodeableConcept=value, effectivePeriod=during
        )
        assert batch(one).components == {"activity": [ours]}


def test_a_state_of_mind_is_a_number_and_a_kind() -> None:
    kind = {"code": d.concept((d.HEALTHKIT, "HKStateOfMindKind")), "valueString": "daily mood"}
    valence = {
        "code": d.concept((d.HEALTHKIT, "HKStateOfMindValence")),
        "valueQuantity": {"value": -0.5},
    }
    label = {"code": d.concept((d.HEALTHKIT, "HKStateOfMindLabel")), "valueString": "calm"}
    one = d.healthkit(
        0,
        (d.HEALTHKIT, "HKStateOfMind"),
        component=[kind, valence, label],
        effectiveDateTime=d.at(0),
    )
    assert batch(one).components == {"valence": [-0.5], "kind": ["daily-mood"]}


def test_an_ecg_is_its_result_and_its_curve() -> None:
    origin = {"value": 0, "unit": "uV", "system": d.UCUM, "code": "uV"}
    curve = {"code": d.concept(("urn:oid:2.16.840.1.113883.6.24", "131329")),
             "valueSampledData": d.sampled("1.5 -2 3", origin=origin, period=1000 / 512)}  # fmt: skip
    result = {"code": d.concept((d.HEALTHKIT, "HKElectrocardiogram.Classification")),
              "valueCodeableConcept": d.concept((f"{d.VALUES}hkelectrocardiogramclassification", "1"))}  # fmt: skip
    during = d.during(d.at(0), d.at(0).replace(":00+", ":30+"))
    one = d.healthkit(
        0, (d.HEALTHKIT, "HKElectrocardiogram"), effectivePeriod=during,
        component=[result, curve, curve],
    )  # fmt: skip
    found, volts = (part.batch for part in parts(one))
    assert (found.measure, found.components) == (
        "electrocardiogram",
        {"classification": ["sinus-rhythm"]},
    )
    assert (volts.unit, volts.value) == ("uV", [1.5, -2, 3, 1.5, -2, 3])
    assert [at - volts.start[0] for at in volts.start] == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("+01:00", 60), ("+02:00", 120), ("Z", 0), ("-03:30", -210), ("+14:00", 840)],
)
def test_the_offset_at_the_source_is_kept(zone: str, minutes: int) -> None:
    assert batch(d.heart_rate(0, effectiveDateTime=d.at(0, zone))).utc_offset_minutes == minutes


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    """2024-10-27 in Stockholm: 02:30 in summer time, and an hour later 02:30 again."""
    pair = [
        d.heart_rate(at, effectiveDateTime=f"2024-10-27T02:30:00{zone}")
        for at, zone in enumerate(("+02:00", "+01:00"))
    ]
    first, second = (part.batch for part in parts(*pair))
    assert second.start[0] - first.start[0] == 3_600_000
    assert (first.utc_offset_minutes, second.utc_offset_minutes) == (120, 60)
    across = d.steps(
        0, effectivePeriod=d.during("2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00")
    )
    one = batch(across)
    assert one.end == [one.start[0] + 3_600_000]
    assert one.utc_offset_minutes == 120


@pytest.mark.parametrize(
    ("code", "value", "stored"),
    [("8310-5", d.of(98.6, "[degF]"), 37), ("29463-7", d.of(150, "[lb_av]"), 68.0388555),
     ("8280-0", d.of(30, "in"), 76.2), ("59408-5", d.of(97, "%"), 97)],
)  # fmt: skip
def test_units_are_converted_by_their_ucum_codes(code: str, value: d.JSON, stored: float) -> None:
    one = d.observation((d.LOINC, code), effectiveDateTime=d.at(0), valueQuantity=value)
    assert judged(batch(one)).values[0].tolist() == [stored]


def test_a_particular_code_goes_before_a_general_one() -> None:
    codes = ((d.LOINC, "8867-4"), (d.LOINC, "40443-4"))
    one = d.observation(*codes, effectiveDateTime=d.at(0), valueQuantity=d.of(50, "/min"))
    assert batch(one).measure == "resting-heart-rate"


def test_a_moment_may_be_told_as_a_period() -> None:
    one = d.heart_rate(0, effectiveDateTime=None, effectivePeriod=d.during(d.at(0), d.at(1)))
    (part,) = parts(one)
    assert part.batch.end is None
    assert part.untils == [part.batch.start[0] + 60_000]


@pytest.mark.parametrize(
    ("data", "change", "values", "seconds"),
    [
        ("60 61 62", {}, [60, 61, 62], [0, 1, 2]),
        ("60 E 62 U L", {}, [60, 62], [0, 2]),
        ("0 1 -1", {"factor": 0.5, "origin": d.of(60, "/min")}, [60, 60.5, 59.5], [0, 1, 2]),
        ("6e1 61.25", {"period": 2000}, [60, 61.25], [0, 2]),
    ],
)
def test_sampled_data_are_samples(data: str, change: Any, values: Any, seconds: Any) -> None:
    one = batch(d.series(data, **change))
    assert one.value == values
    assert [(at - one.start[0]) / 1000 for at in one.start] == seconds
    assert set(one.id or ()) == {"urn:example|series"}


def test_a_document_in_an_attachment_keeps_its_circumstances() -> None:
    body = {
        "blood_glucose": {"value": 95, "unit": "mg/dL"},
        "effective_time_frame": {"date_time": "2024-02-05T07:25:00-08:00"},
        "temporal_relationship_to_meal": "fasting",
    }
    schema = "omh:blood-glucose:4.0"
    _, (given,) = read(d.attached(schema, d.point(schema, body)))
    assert given.source.device == "Device/70003"
    assert given.source.context == {"temporal_relationship_to_meal": "fasting"}
    one = given.parts[0].batch
    assert (one.measure, one.value, one.id) == (
        "blood-glucose", [95], ["https://ehr.example|bg-129-2024-02-05"],
    )  # fmt: skip


def test_each_source_and_kind_is_a_batch_of_its_own() -> None:
    other = d.heart_rate(3, extension=[], device={"display": "Ring"}, meta={"source": "urn:ring"})
    _, given = read(d.heart_rate(0), d.steps(1), d.heart_rate(2), other)
    assert [[part.entries for part in one.parts] for one in given] == [[[0, 2], [1]], [[3]]]
    assert given[1].source == Source(app="urn:ring", device="Ring")


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ([{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:AB"}], "AB"),
        ([{"value": "x"}], "x"),
        ([{"use": "old", "value": "x"}, {"system": "urn:s", "value": "y"}], "urn:s|y"),
        ([], "the-id"),
    ],
)
def test_it_is_called_by_its_identifier_or_else_its_id(identifier: Any, name: str) -> None:
    assert batch(d.heart_rate(0, id="the-id", identifier=identifier)).id == [name]


def test_a_long_identifier_is_told_by_its_digest() -> None:
    (one,) = batch(d.heart_rate(0, identifier=[{"value": "x" * 900}])).id or []
    (other,) = batch(d.heart_rate(0, identifier=[{"value": "x" * 901}])).id or []
    assert len(one) == len(other) == 64
    assert one != other
