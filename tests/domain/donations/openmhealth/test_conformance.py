"""What the schemas refuse is refused, and what they accept is stored and comes back, but for what is listed."""

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from domain.consents.gate import Collectable
from domain.donations.admission import judge_all
from domain.donations.measures import MEASURES
from domain.donations.model import Source
from domain.donations.openmhealth.faults import TIMES
from domain.donations.openmhealth.model import No
from domain.donations.openmhealth.reading import read
from tests.domain.donations.openmhealth import standards
from tests.domain.donations.openmhealth.bodies import (
    BODIES,
    CREATED,
    MORNING,
    NIGHT,
    POINT,
    document,
    raw,
)
from tests.domain.donations.openmhealth.meaning import meaning, returned
from tests.domain.donations.openmhealth.standards import Given, has_schema, validator

needs_data = pytest.mark.skipif(
    not standards.ROOT.exists(), reason="the schemas are not beside the checkout"
)
NOW = 1_800_000_000_000
WITH_SCHEMA = [schema_id for schema_id in BODIES if has_schema(schema_id)]
"""Open mHealth's that are taken."""

WORDS = {"activity_name", "descriptive_statistic_denominator"}
WHOLE = {"number_of_awakenings"}


def is_stricter(no: No) -> bool:
    """Whether a document that its schema accepts may be refused for this.

    In a time frame: a leap second, a date that no calendar has, an offset from UTC beyond 14 hours, and
    members that the branch of `oneOf` that fits would not have looked at. A member that bears the
    name of a time where the schema has none. Words of a circumstance without end, or none. 1.0 and
    1e20 for whole numbers.
    """
    steps = no.pointer.split("/")
    in_time = "effective_time_frame" in steps or steps[-1] in TIMES
    wordless = steps[-1] in WORDS and no.fault == "not-allowed"
    return in_time or wordless or (steps[-1] in WHOLE and no.fault == "wrong-type")


def faults(schema_id: str, body: Any) -> list[No]:
    return read(raw(document(schema_id, body))).faults


@needs_data
@pytest.mark.parametrize("one", standards.given(passes=False), ids=str)
def test_what_should_fail_is_refused_at_its_place(one: Given) -> None:
    (found,) = faults(one.schema_id, one.body)
    assert found.code == "invalid-document"
    assert found.fault is not None
    assert found.pointer.startswith("/documents/0/body/")
    assert not validator(one.schema_id).is_valid(one.body)


@needs_data
@pytest.mark.parametrize("one", standards.given(passes=True), ids=str)
def test_what_should_pass_is_stored_and_comes_back_equal_in_meaning(one: Given) -> None:
    assert validator(one.schema_id).is_valid(one.body)
    (group,) = read(raw(document(one.schema_id, one.body))).groups
    batch = group.batch()
    open_ = Collectable(periods=[(None, None)], live=True)
    (verdict,) = judge_all([batch], {MEASURES[batch.measure].category: open_}, NOW)
    assert verdict.rejected == []
    (back,) = returned(batch, Source(app="a", context=dict(group.context) or UNSET))
    assert meaning(back["body"]) == meaning(one.body)
    assert validator(_id_of(back)).is_valid(back["body"]) if has_schema(_id_of(back)) else True


@needs_data
@pytest.mark.parametrize("schema_id", WITH_SCHEMA)
def test_our_own_documents_are_as_the_schemas_have_them(schema_id: str) -> None:
    assert validator(schema_id).is_valid(BODIES[schema_id])


def _id_of(back: dict[str, Any]) -> str:
    return ":".join(back["header"]["schema_id"].values())


ODD = st.one_of(
    st.sampled_from([
        None, True, False, 0, -1, 1.5, 1e300, 10**20, "", " ", "x", "\0", [], {}, [1], "60",
        CREATED, "2024-02-05 07:25:00Z", "2024-02-05T07:25:00+0100", "2024-02-05T07:25:00",
        "2024-02-05T07:25:60Z", "2024-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "2024-02-30",
        "2024-02-05t07:25:00.123456789z", "2024-02-05T07:25:00-00:00", "2024-W06-1T07:25:00Z",
        "20240205T072500Z", "2024-02-05T07:25Z", "2024-02-05T07:25:00+23:59", "morning", "kg",
        "mg/dL", "%", "h", "at rest", "fasting", "average", POINT, NIGHT, MORNING, POINT | NIGHT,
        NIGHT["time_interval"], {"value": 1, "unit": "min"}, {"value": 1, "unit": "Mo"},
    ]),
    st.text(max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
NAMES = st.sampled_from([
    "date_time", "time_interval", "start_date_time", "end_date_time", "duration", "date",
    "part_of_day", "value", "unit", "descriptive_statistic", "effective_time_frame",
    "descriptive_statistic_denominator", "user_notes", "body_posture", "activity_name", "other",
])  # fmt: skip


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for one in part.values():
            yield from _objects(one)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    """A body of a taken schema with one to three members changed, added or taken away."""
    schema_id = draw(st.sampled_from(WITH_SCHEMA or ["omh:heart-rate:2.0"]))
    body = copy.deepcopy(BODIES[schema_id])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list(_objects(body))))
        name = draw(st.sampled_from(sorted(place)) if place and draw(st.booleans()) else NAMES)
        if draw(st.integers(0, 3)) == 0:
            place.pop(name, None)
        else:
            place[name] = copy.deepcopy(draw(ODD))
    return schema_id, body


def at(time: str) -> tuple[str, Any]:
    body = BODIES["omh:heart-rate:2.0"]
    return "omh:heart-rate:2.0", body | {"effective_time_frame": {"date_time": time}}


@needs_data
@example(at("2024-02-05 07:25:00Z"))
@example(at("2024-02-05T07:25:00+0100"))
@example(at("2024-02-05T07:25:00-0100"))
@example(at("20240205T072500Z"))
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_nothing_that_a_schema_refuses_is_taken(case: tuple[str, Any]) -> None:
    schema_id, body = case
    body = msgspec.json.decode(msgspec.json.encode(body))
    found = faults(schema_id, body)
    if not validator(schema_id).is_valid(body):
        assert found
    elif found:
        assert is_stricter(found[0]), found
