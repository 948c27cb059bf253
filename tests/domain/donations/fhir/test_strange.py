"""Whatever stands anywhere in an entry, it is read as the columns of a batch or refused with its place."""

import copy
from collections.abc import Iterator
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from domain.donations.admission import judge_all
from domain.donations.fhir.answers import Tally, bundle, issues
from tests.domain.donations.fhir import documents as d
from tests.domain.donations.fhir.taken import NOW_MS, OPEN, read

Path: TypeAlias = tuple[str | int, ...]

_RATE = {"value": 60, "unit": "beats/min"}
_POINT = d.point(
    "omh:heart-rate:2.0", {"heart_rate": _RATE, "effective_time_frame": {"date_time": d.at(0)}}
)
DOCUMENTS = [
    d.heart_rate(1), d.steps(2), d.pressure(3), d.asleep(4, 0), d.asleep(5, 4), d.series("1 E 3"),
    d.attached("omh:heart-rate:2.0", _POINT),
]  # fmt: skip
ODD: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, -1e308, 1e-320, 2**63, "", "x", "\0", "NaN", "E", [], {}, [[]],
    {"": 0}, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    d.LOINC, "8867-4", "entered-in-error", "corrected", "a" * 2_000, "Patient/me", "1 2 3 U",
    "1e999", d.of(1e308, "/min"),
]  # fmt: skip


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, step))


@st.composite
def entries(draw: st.DrawFn) -> d.JSON:
    urls = st.sampled_from(["Observation", "Observation/x", "Observation?identifier=a%7Cb"])
    methods = st.sampled_from(["POST", "PUT", "DELETE"])
    entry = d.entry(copy.deepcopy(draw(st.sampled_from(DOCUMENTS))), draw(methods), draw(urls))
    for _ in range(draw(st.integers(1, 3))):
        *steps, last = draw(st.sampled_from(list(places(entry)) or [("resource",)]))
        inner: Any = entry
        for step in steps:
            inner = inner[step]
        inner[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return entry


@given(entries())
def test_it_is_read_or_refused(entry: d.JSON) -> None:
    reader, found = read(entry)
    tally = Tally(reader)
    for part in [part for one in found for part in one.parts]:
        tally.give(part)
        (verdict,) = judge_all([part.batch], OPEN, NOW_MS)
        rejected = sum(one.count for one in verdict.rejected)
        assert len(verdict.columns.start) + verdict.duplicates + rejected == len(part.entries)
    (answer,) = bundle("batch", 1, tally).entry
    assert answer.response.status[0] in {"2", "4"}
    assert all(issue.expression for issue in issues(reader.faults))
