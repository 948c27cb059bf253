"""Documents become columns, and each that does not is refused at the place where it is wrong."""

from collections.abc import Iterator, Sequence

import msgspec
import pytest
from msgspec import Raw, inspect

from domain.donations.measures import MEASURES
from domain.donations.model import Batch
from domain.donations.openmhealth.faults import HOLDERS, TIMES
from domain.donations.openmhealth.headers import Header, SchemaId
from domain.donations.openmhealth.model import MAX_STREAMS, No
from domain.donations.openmhealth.reading import read
from domain.donations.openmhealth.schemas import SCHEMAS
from domain.errors import Invalid
from tests.domain.donations.openmhealth.bodies import (
    AT_POINT,
    BODIES,
    CREATED,
    JSON,
    NIGHT,
    POINT,
    document,
    header,
    of,
    raw,
)

HEART = "omh:heart-rate:2.0"
SEVEN_TWENTY = 1_707_114_000_000
"""5 February 2024, 07:20 at +01:00."""


def heart(**change: object) -> JSON:
    return {"heart_rate": of(60, "beats/min"), **AT_POINT, **change}


def one(schema_id: str, body: object) -> tuple[Batch, dict[str, str]]:
    """The batch and the circumstances of a document that is taken."""
    groups, faults = read(raw(document(schema_id, body)))
    assert faults == []
    (group,) = groups
    return group.batch(), dict(group.context)


def faults(*documents: object) -> Sequence[No]:
    groups, found = read(raw(*documents))
    assert groups == []
    return found


def fault(schema_id: str, body: object) -> tuple[str, str | None]:
    (found,) = faults(document(schema_id, body))
    assert found.code == "invalid-document"
    return found.pointer.removeprefix("/documents/0/body"), found.fault


def test_every_schema_of_a_measure_is_taken_and_every_taken_schema_is_a_measures() -> None:
    taken = {schema.schema_id: schema.measure for schema in SCHEMAS.values()}
    listed = {i: row.code for row in MEASURES.values() for i in (*row.open_mhealth, *row.ieee)}
    assert taken == listed
    assert set(taken) == set(BODIES)


@pytest.mark.parametrize("schema_id", BODIES)
def test_a_body_of_each_schema_is_taken(schema_id: str) -> None:
    batch, _ = one(schema_id, BODIES[schema_id])
    assert batch.measure.removesuffix("-over-time") in MEASURES


@pytest.mark.parametrize("schema_id", BODIES)
def test_each_member_that_is_required_is_missed_by_its_name(schema_id: str) -> None:
    kind = SCHEMAS[SchemaId(*schema_id.split(":"))].kind
    required = [f.encode_name for f in msgspec.structs.fields(kind) if f.required]
    assert required
    for name in required:
        rest = {key: part for key, part in BODIES[schema_id].items() if key != name}
        assert fault(schema_id, rest) == (f"/{name}", "required")


def test_points_of_one_kind_become_one_batch() -> None:
    groups, _ = read(
        raw(*[document(HEART, heart(heart_rate=of(n, "beats/min"))) for n in (60, 61)])
    )
    (group,) = groups
    batch = group.batch()
    assert (batch.measure, batch.unit, batch.utc_offset_minutes) == ("heart-rate", "/min", 60)
    assert (batch.start, batch.value) == ([SEVEN_TWENTY] * 2, [60, 61])


def test_a_series_is_points_under_one_header() -> None:
    groups, found = read(raw(document(HEART, [heart(), heart(heart_rate=of(0, "Hz")), heart()])))
    assert [group.places for group in groups] == [["/documents/0/body/0", "/documents/0/body/2"]]
    assert [no.pointer for no in found] == ["/documents/0/body/1/heart_rate/unit"]


def test_a_series_under_an_old_header_is_none() -> None:
    old = {"id": "1", "creation_date_time": CREATED, "schema_id": header(HEART)["schema_id"]}
    assert read(raw({"header": old, "body": heart()})).faults == []
    (found,) = faults({"header": old, "body": [heart()]})
    assert (found.pointer, found.fault) == ("/documents/0/body", "wrong-type")


def test_what_holds_besides_the_value_belongs_to_the_stream() -> None:
    _, context = one(HEART, heart(temporal_relationship_to_sleep="on waking"))
    assert context == {"temporal_relationship_to_sleep": "on waking"}
    reported = document(HEART, heart())
    reported["header"]["modality"] = "self-reported"
    (group,) = read(raw(reported)).groups
    assert dict(group.context) == {"modality": "self-reported"}


def test_a_statistic_is_no_sample() -> None:
    body = heart(effective_time_frame=NIGHT, descriptive_statistic="average")
    batch, context = one(HEART, body)
    assert batch.measure == "heart-rate-over-time"
    assert context == {"descriptive_statistic": "average"}


def test_a_spread_is_converted_without_the_units_offset() -> None:
    body = {"body_temperature": of(9, "F"), "effective_time_frame": NIGHT}
    batch, _ = one("omh:body-temperature:4.0", body | {"descriptive_statistic": "variance"})
    assert batch.unit == "Cel"
    assert batch.value == pytest.approx([9 * (5 / 9) ** 2])


def test_an_interval_of_no_length_is_a_moment() -> None:
    start = {"start_date_time": POINT["date_time"], "end_date_time": POINT["date_time"]}
    batch, context = one(HEART, heart(effective_time_frame={"time_interval": start}))
    assert (batch.measure, batch.end, context) == ("heart-rate", None, {})


def test_what_has_no_time_frame_is_as_old_as_its_document_says() -> None:
    batch, context = one("omh:heart-rate:1.0", {"heart_rate": of(60, "beats/min")})
    assert batch.start == [SEVEN_TWENTY + 300_000]
    assert context == {"effective_time_frame": "unknown"}


@pytest.mark.parametrize(
    ("interval", "start", "end"),
    [
        ({"start_date_time": CREATED, "duration": of(1, "h")}, 300_000, 3_900_000),
        ({"end_date_time": CREATED, "duration": of(5, "min")}, 0, 300_000),
        ({"date": "2024-02-05", "part_of_day": "morning"}, -4_800_000, 16_800_000),
    ],
)
def test_an_interval_is_told_in_several_ways(interval: JSON, start: int, end: int) -> None:
    body = {"step_count": 10, "effective_time_frame": {"time_interval": interval}}
    batch, _ = one("omh:step-count:2.0", body)
    assert (batch.start, batch.end) == ([SEVEN_TWENTY + start], [SEVEN_TWENTY + end])


@pytest.mark.parametrize(
    ("change", "pointer", "why"),
    [
        ({"heart_rate": of(60, "beat/min")}, "/heart_rate/unit", "not-allowed"),
        ({"heart_rate": {"value": "60", "unit": "beats/min"}}, "/heart_rate/value", "wrong-type"),
        ({"heart_rate": {"unit": "beats/min"}}, "/heart_rate/value", "required"),
        ({"heart_rate": None}, "/heart_rate", "wrong-type"),
        ({"effective_time_frame": {}}, "/effective_time_frame", "contradictory"),
        ({"effective_time_frame": POINT | NIGHT}, "/effective_time_frame", "contradictory"),
        (
            {"effective_time_frame": {"time_interval": {"start_date_time": CREATED}}},
            "/effective_time_frame/time_interval",
            "contradictory",
        ),
        (
            {"effective_time_frame": {"date_time": "2024-02-05 07:20:00Z"}},
            "/effective_time_frame/date_time",
            "malformed",
        ),
        (
            {"effective_time_frame": {"date_time": "2024-02-05T07:20:00+0100"}},
            "/effective_time_frame/date_time",
            "malformed",
        ),
        (
            {"effective_time_frame": {"date_time": "2024-02-05T07:20:00"}},
            "/effective_time_frame/date_time",
            "malformed",
        ),
        (
            {"effective_time_frame": {"date_time": "2024-02-05T07:20:00+23:00"}},
            "/effective_time_frame",
            "out-of-range",
        ),
        ({"descriptive_statistic": "minmum"}, "/descriptive_statistic", "not-allowed"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(change: JSON, pointer: str, why: str) -> None:
    assert fault(HEART, heart(**change)) == (pointer, why)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"uuid": "0f1c3b527a534a0e9d5e3c1f7f1a2b3c"}, "uuid"),
        ({"uuid": 1}, "uuid"),
        ({"source_creation_date_time": "yesterday"}, "source_creation_date_time"),
        ({"modality": "guessed"}, "modality"),
        ({"acquisition_rate": of(1, "Hz") | {"number_of_times": 1}, "schema_id": {}}, "schema_id/namespace"),
        ({"acquisition_rate": {"value": 1}}, "acquisition_rate"),
        ({"external_datasheets": [{}]}, "external_datasheets/0/datasheet_reference"),
    ],
)  # fmt: skip
def test_a_header_that_is_wrong_is_named_by_its_place(change: JSON, pointer: str) -> None:
    (found,) = faults({"header": header(HEART) | change, "body": heart()})
    assert found.pointer == f"/documents/0/header/{pointer}"


@pytest.mark.parametrize("missing", ["uuid", "source_creation_date_time", "schema_id"])
def test_a_header_lacks_a_member(missing: str) -> None:
    rest = {name: said for name, said in header(HEART).items() if name != missing}
    (found,) = faults({"header": rest, "body": heart()})
    assert (found.pointer, found.fault) == (f"/documents/0/header/{missing}", "required")


@pytest.mark.parametrize("schema_id", ["omh:heart-rate:3.0", "acme:heart-rate:2.0", "omh:x:1.0"])
def test_a_schema_that_is_not_taken_stops_the_sync(schema_id: str) -> None:
    (found,) = faults(document(schema_id, heart()))
    assert (found.code, found.pointer) == ("unknown-measure", "/documents/0/header/schema_id")


@pytest.mark.parametrize(
    "text", [b"[]", b"1", b'"x"', b"null", b'{"header":{}}', b'{"a":"\\ud800"}']
)
def test_what_is_no_document_is_refused(text: bytes) -> None:
    (found,) = read([Raw(text)]).faults
    assert (found.code, found.pointer[:12]) == ("invalid-document", "/documents/0")


def test_a_circumstance_in_endless_words_is_refused() -> None:
    body = BODIES["omh:calories-burned:1.0"] | {"activity_name": "x" * 101}
    assert fault("omh:calories-burned:1.0", body) == ("/activity_name", "not-allowed")
    body = BODIES["omh:calories-burned:1.0"] | {"activity_name": "a\0b"}
    assert fault("omh:calories-burned:1.0", body) == ("/activity_name", "not-allowed")


def test_more_circumstances_than_an_upload_may_have_are_for_the_next() -> None:
    body = BODIES["omh:calories-burned:1.0"]
    many = [body | {"activity_name": f"game {n}"} for n in range(MAX_STREAMS + 2)]
    groups, found = read(raw(*[document("omh:calories-burned:1.0", one) for one in many]))
    assert len(groups) == MAX_STREAMS
    assert [(no.code, no.pointer) for no in found] == [
        ("too-many-kinds", "/documents/32/body"),
        ("too-many-kinds", "/documents/33/body"),
    ]


def test_a_series_without_end_is_refused_whole() -> None:
    with pytest.raises(Invalid):
        read(raw(document(HEART, [heart()] * 10_001)))


def test_a_part_that_is_not_told_is_told_apart_from_one_below_zero() -> None:
    schema_id = "ieee:sleep-episode:1.0"
    body = BODIES[schema_id] | {"total_sleep_time": of(-1, "min")}
    batch, _ = one(schema_id, body)
    assert batch.components is not None
    assert (batch.components["light-minutes"], batch.components["total-minutes"]) == ([-1], [-2])


def test_a_time_in_a_member_that_no_schema_has_is_not_looked_at() -> None:
    strange = heart(word={"date_time": "2024-02-05 07:20:00+01:00"})
    groups, faults = read(raw(document(HEART, strange)))
    assert (len(groups), faults) == (1, [])


@pytest.mark.parametrize(
    "kind", [Header, *dict.fromkeys(schema.kind for schema in SCHEMAS.values())]
)
def test_every_time_of_a_schema_is_looked_at(kind: type) -> None:
    for holders, name in times(inspect.type_info(kind)):
        assert name in TIMES
        assert set(holders) <= HOLDERS


def times(kind: inspect.Type, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The members inside a type that are times, each with those that it is in."""
    match kind:
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from times(field.type, (*above, field.encode_name))
        case inspect.UnionType(types=types):
            for one in types:
                yield from times(one, above)
        case inspect.ListType(item_type=item):
            yield from times(item, above)
        case inspect.Metadata(type=inner):
            yield from times(inner, above)
        case inspect.DateTimeType():
            yield above[:-1], above[-1]
        case _:
            return
