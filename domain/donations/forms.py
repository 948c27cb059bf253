"""Samples between the columns that are sent and those that are stored: units and codes become numbers."""

import struct
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.donations.columns import Columns, Ints, fingerprints, runs
from domain.donations.measures import MEASURES, SAME, Component, Measure, Scale
from domain.donations.model import Batch

UNKNOWN = -1.0
"""Stands for a code that the component does not know."""
DECIMALS = 9
"""Of a converted number: 98.6 degrees Fahrenheit are 37 degrees Celsius, and pack as such."""

Floats = NDArray[np.float64]
Column: TypeAlias = Sequence[float] | Sequence[float | str] | Floats
"""Of an upload: lists as they are declared, or an array as `wire` reads it."""


def columns_of(batch: Batch, measure: Measure) -> Columns | None:
    """The samples in the measure's own unit; None where they have other components than it has."""
    values = _values(batch, measure)
    if values is None:
        return None
    return Columns(
        _instants(batch.start),
        None if batch.end is None else _instants(batch.end),
        values,
        np.full(len(batch.start), batch.utc_offset_minutes, dtype=np.int16),
        None if batch.id is None else fingerprints(batch.id),
    )


def _instants(column: Sequence[int] | Ints) -> Ints:
    if isinstance(column, np.ndarray):  # as `wire` reads it
        return column
    return np.fromiter(column, np.int64, len(column))


def _values(batch: Batch, measure: Measure) -> tuple[Floats, ...] | None:
    named: Mapping[str, Column] = batch.components or {
        "value": () if batch.value is None else batch.value
    }
    if named.keys() != {component.name for component in measure.components}:
        return None
    scale = SAME if batch.unit is None else measure.units[batch.unit]
    values = []
    for component in measure.components:
        column = named[component.name]
        taken = _positions(column, component) if component.codes else _numbers(column, scale)
        if taken is None:
            return None
        values.append(taken)
    return tuple(values)


def _positions(column: Column, component: Component) -> Floats:
    known: dict[float | str, int] = {code: at for at, code in enumerate(component.codes)}
    return np.fromiter(map(known.get, column, repeat(UNKNOWN)), np.float64, len(column))


def _numbers(column: Column, scale: Scale) -> Floats | None:
    try:
        numbers = column if isinstance(column, np.ndarray) else _floats(column)
    except struct.error:  # a word among them
        return None
    if scale == SAME:
        return numbers
    with np.errstate(over="ignore"):  # beyond any bound is beyond any bound
        return np.round(numbers * scale.factor + scale.offset, DECIMALS)


def _floats(column: Sequence[float | str]) -> Floats:
    packed = struct.pack(f"{len(column)}d", *column)  # three times as fast as np.array
    return np.frombuffer(packed, np.float64)


def batches(measure: str, columns: Columns) -> list[Batch]:
    """Samples as they could be uploaded again: a batch per run of one offset from UTC."""
    return [
        Batch(
            measure=measure,
            unit=MEASURES[measure].unit,
            utc_offset_minutes=int(run.offset[0]),
            start=run.start.tolist(),
            end=None if run.end is None else run.end.tolist(),
            value=value_of(measure, run),
            components=components_of(measure, run),
        )
        for run in runs(columns)
    ]


def value_of(measure: str, columns: Columns) -> list[float] | None:
    """The column of a measure that is one number."""
    return columns.values[0].tolist() if MEASURES[measure].is_number else None


def components_of(measure: str, columns: Columns) -> dict[str, list[float | str]] | None:
    """The columns of a measure that is more than one number, by name."""
    if MEASURES[measure].is_number:
        return None
    pairs = zip(MEASURES[measure].components, columns.values, strict=True)
    return {component.name: _told(component, value) for component, value in pairs}


def _told(component: Component, value: Floats) -> list[float | str]:
    numbers: list[float] = value.tolist()
    return [component.codes[int(at)] for at in numbers] if component.codes else [*numbers]
