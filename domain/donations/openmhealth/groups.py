"""Points of one kind, as the columns of a batch."""

from typing import Any, NamedTuple, TypeAlias, get_args

import msgspec
from msgspec import UNSET

from domain.donations.measures import MEASURES, Measure, Scale
from domain.donations.measures.over_time import SUFFIX
from domain.donations.model import MAX_CONTEXT, Batch
from domain.donations.openmhealth.frames import PartOfDay, Span
from domain.donations.openmhealth.quantities import UCUM, Quantity
from domain.donations.openmhealth.schemas import FRAME, Schema

Context: TypeAlias = tuple[tuple[str, str], ...]
"""Circumstances by name, in the order of their names."""

STATISTIC, MODALITY, PART = "descriptive_statistic", "modality", "part_of_day"
LONGEST = 100
"""Characters of a circumstance."""
SPREADS = {"standard deviation": 1, "quartile deviation": 1, "variance": 2, "count": 0}
"""Statistics that are no level: their unit converts by this power of its factor, and without offset."""
PARTS_OF_DAY = frozenset(get_args(PartOfDay))


class Kind(NamedTuple):
    """What points have in common that go into one batch. `told`: how their time frame is told."""

    schema: Schema
    told: str
    offset: int
    units: tuple[str, ...]
    about: tuple[Any, ...]
    self_reported: bool


class Unsaid(Exception):
    """A circumstance is said in words that are not kept, or all are longer than is kept: its member."""


class Group:
    """Points of one kind, and where each stood."""

    def __init__(self, kind: Kind, measure: Measure, context: Context) -> None:
        self.kind = kind
        self.measure = measure
        self.context = context
        self.places: list[str] = []
        self._spans = measure.longest_ms is not None
        self._start: list[int] = []
        self._end: list[int] = []
        self._rows: list[tuple[float, ...]] = []
        self._ids: list[str] = []

    def add(self, when: Span, row: tuple[float, ...], name: str, place: str) -> None:
        """Take a point in."""
        start, end = when.start, when.end
        self._start.append(start)
        if self._spans:
            # Nothing spans no time. How it was told is a circumstance, so that it is told so again.
            self._end.append(start + 1 if end is None or end == start else end)
        self._rows.append(row)
        self._ids.append(name)
        self.places.append(place)

    def batch(self) -> Batch:
        """The points as an upload has them."""
        unit, columns = self._columns()
        names = [component.name for component in self.measure.components]
        return Batch(
            measure=self.measure.code,
            unit=unit,
            utc_offset_minutes=self.kind.offset,
            start=self._start,
            end=self._end if self._spans else None,
            value=columns[0] if self.measure.is_number else None,
            components=None if self.measure.is_number else dict(zip(names, columns, strict=True)),
            id=self._ids,
        )

    def _columns(self) -> tuple[str | None, list[Any]]:
        columns = [list(column) for column in zip(*self._rows, strict=True)]
        if self.kind.schema.is_composite:
            return self.measure.unit, self._ordered(columns)
        unit = UCUM[self.kind.units[0]]
        power = SPREADS.get(dict(self.context).get(STATISTIC, ""))
        if power is None:
            return unit, columns
        factor = self.measure.units.get(unit, Scale()).factor ** power
        return self.measure.unit, [[number * factor for number in column] for column in columns]

    def _ordered(self, columns: list[list[float]]) -> list[list[float]]:
        """A composite's columns as the measure has them; what this version cannot say is not told."""
        said = {part.component: at for at, part in enumerate(self.kind.schema.said)}
        silent = [-1.0] * len(self._rows)
        return [
            columns[said[component.name]] if component.name in said else silent
            for component in self.measure.components
        ]


def opened(kind: Kind) -> Group:
    """A group without points. Raises `Unsaid`."""
    context = _context(kind)
    measure = MEASURES[kind.schema.measure]
    spans = measure.longest_ms is not None
    is_span = kind.told in {"interval", *PARTS_OF_DAY}
    is_plain = STATISTIC not in context and kind.told != "reversed" and is_span is spans
    if kind.told in PARTS_OF_DAY:
        context[PART] = kind.told
    elif kind.told in {"unknown", "reversed"} or (kind.told == "moment" and not is_plain):
        context[FRAME] = kind.told
    if len(msgspec.json.encode(context)) > MAX_CONTEXT:
        raise Unsaid
    chosen = measure if is_plain else MEASURES[measure.code + SUFFIX]
    return Group(kind, chosen, tuple(sorted(context.items())))


def _context(kind: Kind) -> dict[str, str]:
    names = kind.schema.circumstances
    said = {n: _text(n, v) for n, v in zip(names, kind.about, strict=True) if v is not UNSET}
    if kind.self_reported:
        said[MODALITY] = "self-reported"
    if kind.schema.is_composite:
        free = iter(kind.units)
        said |= {
            name: _text(name.removesuffix("_unit"), unit)
            for name, unit in zip(free, free, strict=True)
        }
    return said


def _text(name: str, said: Any) -> str:  # noqa: ANN401 - whatever a circumstance can be
    if isinstance(said, bool):
        return "true" if said else "false"
    if isinstance(said, Quantity):
        return f"{said.value!r} {said.unit}"
    text = str(said)
    if not 0 < len(text) <= LONGEST or "\0" in text:
        raise Unsaid(f"/{name}")
    return text
