"""Every measure's row is whole: its category, units, bounds and codes fit together."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.consents.categories import CATEGORIES, SENSITIVE
from domain.donations.columns import Columns
from domain.donations.forms import batches, columns_of
from domain.donations.measures import MEASURES, Measure
from domain.donations.measures.over_time import SUFFIX
from domain.donations.units import KINDS, SAME

NOTICE = Path(__file__).parents[3] / "migrations/0007_platform_notice.sql"
rows = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())


def is_loinc(code: str) -> bool:
    """Whether the last digit is the check of the others (Luhn)."""
    number, _, check = code.partition("-")
    doubled = [int(d) * (2 if at % 2 == 0 else 1) for at, d in enumerate(reversed(number))]
    return (-sum(d // 10 + d % 10 for d in doubled)) % 10 == int(check)


@rows
def test_units_and_bounds_are_there_where_a_component_is_a_number(measure: Measure) -> None:
    numbers = [component for component in measure.components if not component.codes]
    assert all(component.low < component.high for component in numbers)
    if not numbers:
        assert (measure.unit, measure.units) == (None, {})
    else:
        assert measure.unit is not None
        assert measure.units[measure.unit] == SAME
        assert measure.is_number is (measure.components[0].name == "value")


@rows
def test_every_name_and_code_is_well_formed(measure: Measure) -> None:
    codes = [code for component in measure.components for code in component.codes]
    names = [component.name for component in measure.components]
    assert len(set(names)) == len(names) <= 16
    for name in (measure.code, *names):
        assert re.fullmatch(r"[a-z][a-z0-9-]{0,63}", name)
    assert all(re.fullmatch(r"[a-z0-9-]{1,64}", code) for code in codes)
    assert all(len(set(c.codes)) == len(c.codes) for c in measure.components)
    assert measure.names.keys() == {"en", "sv"}
    loinc = [*measure.loinc, *(c.loinc for c in measure.components if c.loinc)]
    assert all(is_loinc(code) for code in loinc), loinc


@rows
def test_a_measure_belongs_to_a_category_of_the_consents(measure: Measure) -> None:
    assert measure.category in CATEGORIES


def test_every_category_has_measures() -> None:
    assert {measure.category for measure in MEASURES.values()} == CATEGORIES.keys()


def test_no_measure_and_no_foreign_code_is_there_twice() -> None:
    assert all(code == measure.code for code, measure in MEASURES.items())
    for system in ("loinc", "open_mhealth", "ieee"):
        codes = Counter(code for m in MEASURES.values() for code in getattr(m, system))
        assert codes.most_common(1)[0][1] == 1, codes


def test_every_summary_of_codes_needs_an_interval() -> None:
    timed = [measure for measure in MEASURES.values() if measure.summary == "time"]
    assert all(measure.longest_ms and measure.components[0].codes for measure in timed)


def test_the_platform_keeps_each_category_by_a_choice_and_no_sensitive_one_with_others() -> None:
    items = re.findall(r"'keep', '[^']+',\s+ARRAY\[([^\]]+)\]", NOTICE.read_text())
    offered = [set(re.findall(r"[a-z-]+", item)) for item in items]
    assert sorted(code for item in offered for code in item) == sorted(CATEGORIES)
    assert all(item <= SENSITIVE or item.isdisjoint(SENSITIVE) for item in offered)


def test_a_unit_of_another_kind_is_not_among_those_taken() -> None:
    mass = KINDS["mass"].keys()
    assert all(mass.isdisjoint(m.units) for m in MEASURES.values() if m.unit not in mass)


@given(st.data())
def test_what_is_read_back_in_the_form_it_was_sent_in_is_the_same(data: st.DataObject) -> None:
    measure = MEASURES[data.draw(st.sampled_from(sorted(MEASURES)))]
    count = data.draw(st.integers(1, 20))
    start = np.arange(count, dtype=np.int64)
    columns = Columns(
        start,
        None if measure.longest_ms is None else start + 1,
        tuple([
            np.array(data.draw(st.lists(
                st.integers(int(c.low), int(c.highest)).map(float), min_size=count, max_size=count)))
            for c in measure.components
        ]),
        np.full(count, 60, dtype=np.int16),
    )  # fmt: skip
    (batch,) = batches(measure.code, columns)
    again = columns_of(batch, measure)
    assert again is not None
    assert [v.tolist() for v in again.values] == [v.tolist() for v in columns.values]
    assert (batch.value is None) is not measure.is_number


def test_what_is_said_over_a_time_is_a_measure_of_its_own() -> None:
    for code, measure in MEASURES.items():
        if code.endswith(SUFFIX):
            assert measure.category == MEASURES[code.removesuffix(SUFFIX)].category
            assert not measure.open_mhealth
