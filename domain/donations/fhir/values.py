"""What an Observation says, as the unit and the columns of its measure."""

from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET, UnsetType

from domain.donations.fhir.codes import COMPONENT_OF, UCUM
from domain.donations.fhir.outcomes import Unfit
from domain.donations.fhir.resources import Component, Observation, Quantity
from domain.donations.fhir.terms import code_of, event_of
from domain.donations.measures import Component as Column
from domain.donations.measures import Measure
from domain.donations.measures.over_time import SUFFIX

Row: TypeAlias = tuple[float | str, ...]
Said: TypeAlias = Observation | Component

SHORT = {"IU": "[iU]", "in": "[in_i]", "hertz": "Hz"}
"""Codes that HealthKitOnFHIR says are UCUM's, and what they are there."""
COUNTS = frozenset(
    {"", "count", "steps", "step", "flights", "floors", "falls", "strokes", "puffs",
     "wheelchair pushes", "measurements", "events"}
)  # fmt: skip
"""Words for what a bare number counts: HealthKitOnFHIR gives such a number no code."""
UNSAID = -1.0
COMPOSITES = frozenset({"physical-activity", "sleep-episode"})
"""Measures of which any part may be left unsaid."""


class Value(NamedTuple):
    """A sample's unit, None where it has no number, and one value for each of its columns."""

    unit: str | None
    row: Row


def value_of(observation: Observation, measure: Measure) -> Value:
    """What it says of the measure. Raises Unfit."""
    quantity = observation.value_quantity
    if measure.is_number and quantity is not UNSET:
        unit, number = _number(quantity, measure, "resource.value")
        return Value(unit, (number,))
    parts = _parts(observation, measure)
    units: list[str] = []
    row = tuple([_column(parts, column, measure, units) for column in measure.components])
    if len(set(units)) > 1:
        raise Unfit("wrong-unit", "resource.component")
    return Value(units[0] if units else measure.unit, row)


def _parts(observation: Observation, measure: Measure) -> dict[str, tuple[str, Said]]:
    """What tells each column, and where it stands: the value the first one, unless a component does."""
    parts: dict[str, tuple[str, Said]] = {}
    for at, component in enumerate(observation.component):
        for coding in component.code.coding:
            name = COMPONENT_OF.get((coding.system, coding.code))
            if name is not None:
                parts.setdefault(name, (f"resource.component[{at}]", component))
    parts.setdefault(measure.components[0].name, ("resource", observation))
    return parts


def _column(
    parts: dict[str, tuple[str, Said]], column: Column, measure: Measure, units: list[str]
) -> float | str:
    where, said = parts.get(column.name, ("resource", None))
    if said is None or not _has_value(said):
        return _unsaid(column, measure, where)
    if column.codes:
        return _code(said, column, f"{where}.value")
    if said.value_integer is not UNSET:
        units.append(_count(measure, f"{where}.value"))
        return float(said.value_integer)
    if said.value_quantity is UNSET:
        raise Unfit("wrong-columns", f"{where}.value", "value")
    unit, number = _number(said.value_quantity, measure, f"{where}.value")
    units.append(unit)
    return number


def _has_value(said: Said) -> bool:
    values = (said.value_quantity, said.value_codeable_concept, said.value_string,
              said.value_boolean, said.value_integer)  # fmt: skip
    return values.count(UNSET) < len(values)


def check_choice(said: Said, where: str) -> None:
    """Refuse more than one value, of whatever types. Raises Unfit."""
    values = (said.value_quantity, said.value_codeable_concept, said.value_string,
              said.value_boolean, said.value_integer, said.value_sampled_data,
              said.value_attachment if isinstance(said, Observation) else UNSET)  # fmt: skip
    if values.count(UNSET) < len(values) - 1:
        raise Unfit("invalid-resource", f"{where}.value", "structure")


def _unsaid(column: Column, measure: Measure, where: str) -> float | str:
    if column.codes and column.codes[0] == "unspecified" and column is not measure.components[0]:
        return "unspecified"
    if column.name == "protection":
        return "unspecified"
    if measure.code.removesuffix(SUFFIX) in COMPOSITES:
        return UNSAID
    if len(measure.components) > 1:
        raise Unfit("wrong-columns", "resource.component")
    raise Unfit("wrong-columns", f"{where}.value")


def _code(said: Said, column: Column, where: str) -> str:
    found: str | None = None
    if said.value_codeable_concept is not UNSET:
        found = code_of(said.value_codeable_concept.coding, column)
    elif said.value_string is not UNSET:
        found = event_of(said.value_string, column)
        spaced = said.value_string.replace(" ", "-")  # "momentary emotion"
        found = spaced if spaced in column.codes else found
    elif said.value_boolean is not UNSET and column.name == "protection":
        found = "protected" if said.value_boolean else "unprotected"
    if found is None:
        raise Unfit("unknown-code", where)
    return found


def _number(quantity: Quantity, measure: Measure, where: str) -> tuple[str, float]:
    if isinstance(quantity.value, UnsetType):
        raise Unfit("wrong-columns", f"{where}.value")
    return unit_of(quantity, measure, where), quantity.value


def unit_of(quantity: Quantity, measure: Measure, where: str) -> str:
    """The UCUM code of a quantity; a bare number counts. Raises Unfit."""
    code: Any = quantity.code
    if quantity.system == UCUM:
        unit: str = code if code in measure.units else SHORT.get(code, "")
        if unit in measure.units:
            return unit
        raise Unfit("wrong-unit", f"{where}.code")
    if quantity.system is UNSET and code is UNSET and (quantity.unit or "") in COUNTS:
        return _count(measure, f"{where}.code")
    raise Unfit("wrong-unit", f"{where}.system")


def _count(measure: Measure, where: str) -> str:
    if measure.unit is None or "{count}" not in measure.units:
        raise Unfit("wrong-unit", where)
    return measure.unit
