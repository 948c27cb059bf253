"""Samples of one kind, as the columns of a batch, and which entry each came with."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from domain.donations.fhir.values import Row
from domain.donations.measures import Measure
from domain.donations.model import MAX_SAMPLES, Batch


class Samples(NamedTuple):
    """What one Observation says of one measure: columns of equal length.

    `until`: where the period ended as which a moment was told.
    """

    measure: Measure
    unit: str | None
    offset: int
    start: Sequence[int]
    end: Sequence[int] | None
    rows: Sequence[Row]
    until: int | None = None


class Part(NamedTuple):
    """A batch, the entry of each of its samples, and the ends of those that were told as periods.

    `where`: what of an entry holds the values.
    """

    batch: Batch
    entries: list[int]
    untils: list[int | None]
    where: str = "resource.value"


class Kind(NamedTuple):
    """What samples have in common that go into one batch."""

    measure: str
    unit: str | None
    offset: int
    named: bool
    replaces: bool


class Group:
    """Samples of one kind from one source."""

    def __init__(self, kind: Kind, measure: Measure) -> None:
        self.kind = kind
        self._measure = measure
        self._start: list[int] = []
        self._end: list[int] = []
        self._rows: list[Row] = []
        self._names: list[str] = []
        self._entries: list[int] = []
        self._untils: list[int | None] = []

    def add(self, samples: Samples, entry: int, name: str | None) -> None:
        """Take samples in. All of one Observation have its name."""
        count = len(samples.start)
        self._start += samples.start
        if samples.end is not None:
            self._end += samples.end
        self._rows += samples.rows
        self._entries += [entry] * count
        self._untils += [samples.until] * count
        if name is not None:
            self._names += [name] * count

    def parts(self) -> Iterator[Part]:
        """As batches, none larger than may be."""
        where = "resource.component" if len(self._measure.components) > 1 else "resource.value"
        for first in range(0, len(self._start), MAX_SAMPLES):
            some = slice(first, first + MAX_SAMPLES)
            yield Part(self._batch(some), self._entries[some], self._untils[some], where)

    def _batch(self, some: slice) -> Batch:
        columns: list[Any] = [list(column) for column in zip(*self._rows[some], strict=True)]
        names = [component.name for component in self._measure.components]
        is_number = self._measure.is_number
        return Batch(
            measure=self.kind.measure,
            unit=self.kind.unit,
            utc_offset_minutes=self.kind.offset,
            start=self._start[some],
            end=self._end[some] if self._end else None,
            value=columns[0] if is_number else None,
            components=None if is_number else dict(zip(names, columns, strict=True)),
            id=self._names[some] if self.kind.named else None,
            replaces=self.kind.replaces,
        )


def left(part: Part, at: Sequence[int]) -> Part:
    """The samples of a part at these positions."""
    batch = part.batch

    def some(column: Sequence[Any]) -> list[Any]:
        return [column[position] for position in at]

    less = Batch(
        measure=batch.measure,
        unit=batch.unit,
        utc_offset_minutes=batch.utc_offset_minutes,
        start=some(batch.start),
        end=None if batch.end is None else some(batch.end),
        value=None if batch.value is None else some(batch.value),
        components=batch.components and {k: some(v) for k, v in batch.components.items()},
        id=None if batch.id is None else some(batch.id),
        replaces=batch.replaces,
    )
    return Part(less, some(part.entries), some(part.untils), part.where)
