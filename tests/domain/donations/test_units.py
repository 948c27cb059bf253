"""A unit of the right kind is converted as the standard has it; one of another kind is not known."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ucumvert import PintUcumRegistry  # type: ignore[import-untyped]

from domain.donations.units import KINDS, SAME, Scale, scales

MOLAR = {"glucose", "ketones"}
"""A mass becomes an amount by what weighs so much; the standard knows nothing of it."""
ANNOTATION = re.compile(r"\{[^}]*\}")
DIFFERENCES = {"temperature difference"}

pairs = st.sampled_from(
    [(kind, own, other) for kind, units in KINDS.items() for own in units for other in units]
)


@pytest.fixture(scope="module")
def ucum() -> PintUcumRegistry:
    return PintUcumRegistry()


def converted(number: float, by: Scale) -> float:
    return number * by.factor + by.offset


@given(pairs, st.floats(-1e6, 1e6))
def test_a_number_converted_there_and_back_is_the_same(
    pair: tuple[str, str, str], number: float
) -> None:
    kind, own, other = pair
    there = converted(number, scales(kind, own)[other])
    assert converted(there, scales(kind, other)[own]) == pytest.approx(number, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - MOLAR - DIFFERENCES))
def test_every_unit_converts_as_ucum_has_it(kind: str, ucum: PintUcumRegistry) -> None:
    own = next(iter(KINDS[kind]))
    for code, scale in scales(kind, own).items():
        one, to = (ucum.from_ucum(ANNOTATION.sub("1", text)) for text in (code, own))
        for number in (1.0, 36.6):
            theirs = ucum.Quantity(number, one.units).to(to.units).magnitude
            assert converted(number, scale) == pytest.approx(theirs, rel=1e-5), code


@pytest.mark.parametrize(
    ("kind", "own", "other", "number", "expected"),
    [
        ("glucose", "mmol/L", "mg/dL", 99, 5.495),
        ("glucose", "mg/dL", "mmol/L", 5.5, 99.09),
        ("temperature", "Cel", "[degF]", 98.6, 37),
        ("temperature", "Cel", "K", 310.15, 37),
        ("temperature difference", "Cel", "[degF]", 9, 5),
        ("pressure", "mm[Hg]", "kPa", 16, 120.01),
        ("mass", "kg", "[lb_av]", 150, 68.04),
        ("fraction", "%", "1", 0.97, 97),
        ("oxygen uptake", "mL/min/kg", "[MET]", 10, 35),
        ("ketones", "mmol/L", "mg/dL", 10.41, 1),
    ],
)
def test_known_values(kind: str, own: str, other: str, number: float, expected: float) -> None:
    assert converted(number, scales(kind, own)[other]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("kind", "unit"), [(k, u) for k, units in KINDS.items() for u in units])
def test_a_unit_stays_what_it_is(kind: str, unit: str) -> None:
    assert scales(kind, unit)[unit] is SAME
