"""What was given as a document comes back as one that means the same."""

import pytest
from msgspec import UNSET

from domain.donations.columns import NONE
from domain.donations.model import Source
from domain.donations.openmhealth.reading import read
from domain.donations.openmhealth.schemas import SCHEMAS, told
from domain.donations.openmhealth.writing import documents, is_told
from tests.domain.donations.openmhealth.bodies import AT_POINT, BODIES, document, of, raw
from tests.domain.donations.openmhealth.meaning import STREAM, meaning, returned

NEWEST = {schema.measure: schema.schema_id for schema in SCHEMAS.values()}
APP = Source(app="a")


@pytest.mark.parametrize("schema_id", BODIES)
def test_a_document_comes_back_equal_in_meaning(schema_id: str) -> None:
    (group,) = read(raw(document(schema_id, BODIES[schema_id]))).groups
    (back,) = returned(group.batch(), Source(app="a", context=dict(group.context) or UNSET))
    assert meaning(back["body"]) == meaning(BODIES[schema_id])


@pytest.mark.parametrize("schema_id", BODIES)
def test_what_comes_back_is_taken_again_as_the_same(schema_id: str) -> None:
    (group,) = read(raw(document(schema_id, BODIES[schema_id]))).groups
    source = Source(app="a", context=dict(group.context) or UNSET)
    first = returned(group.batch(), source)
    (again,) = read(raw(*first)).groups
    assert again.context == group.context
    assert returned(again.batch(), source) == first


def test_the_newest_version_that_can_say_it_is_chosen() -> None:
    def version(schema_id: str) -> str:
        (group,) = read(raw(document(schema_id, BODIES[schema_id]))).groups
        (back,) = returned(group.batch(), Source(app="a", context=dict(group.context) or UNSET))
        return str(back["header"]["schema_id"]["version"])

    assert version("omh:blood-pressure:2.0") == "2.0"  # it has no time frame
    assert version("omh:blood-pressure:3.0") == "4.0"
    assert version("omh:body-temperature:1.0") == "1.0"  # later ones know no ear
    assert version("omh:body-temperature:2.0") == "3.0"  # 4.0 knows no parts of days


def test_a_header_says_when_and_is_the_same_each_time() -> None:
    (group,) = read(raw(document("omh:heart-rate:1.0", {"heart_rate": of(60, "beats/min")}))).groups
    source = Source(
        app="a", context={"effective_time_frame": "unknown", "modality": "self-reported"}
    )
    (one,), (two,) = returned(group.batch(), source), returned(group.batch(), source)
    assert one == two
    assert one["header"]["source_creation_date_time"] == "2024-02-05T07:25:00.000+01:00"
    assert one["header"]["modality"] == "self-reported"


def test_a_circumstance_that_no_schema_knows_is_left_out() -> None:
    (group,) = read(raw(document("omh:heart-rate:2.0", BODIES["omh:heart-rate:1.1"]))).groups
    (back,) = returned(group.batch(), Source(app="a", context={"mood": "calm"}))
    assert meaning(back["body"]) == meaning({"heart_rate": of(60, "beats/min"), **AT_POINT})


def test_every_measure_of_a_schema_is_told_in_its_own_unit() -> None:
    for code, newest in NEWEST.items():
        assert is_told(code)
        assert is_told(f"{code}-over-time")
        assert told(code)[0].schema_id == newest
    assert not is_told("menstrual-flow")


def test_a_measure_without_a_schema_is_not_told() -> None:
    assert list(documents("floors-climbed", NONE, APP, STREAM)) == []
