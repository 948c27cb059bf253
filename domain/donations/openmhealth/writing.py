"""Samples as data points again: in the newest schema that can say all that is known of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import msgspec

from domain.donations.columns import Columns
from domain.donations.measures import MEASURES
from domain.donations.measures.over_time import SUFFIX
from domain.donations.model import Source
from domain.donations.openmhealth.frames import EPOCH
from domain.donations.openmhealth.groups import MODALITY, PART
from domain.donations.openmhealth.quantities import UCUM
from domain.donations.openmhealth.schemas import FRAME, Said, Schema, told

Document: TypeAlias = dict[str, Any]
Row: TypeAlias = Sequence[float]


def is_told(measure: str) -> bool:
    """Whether there is a schema in which samples of that measure can be given out."""
    return bool(told(measure.removesuffix(SUFFIX)))


def documents(
    measure: str, columns: Columns, source: Source, stream_id: UUID
) -> Iterator[Document]:
    """Samples of a stream as data points with IEEE headers; nothing where no schema has the measure.

    Their uuids are made of stream and start, so that the same sample always has the same.
    """
    if not is_told(measure):
        return
    writer = _Writer(measure, dict(source.context or {}))
    ends = [None] * len(columns.start) if columns.end is None else columns.end.tolist()
    offsets = columns.offset.tolist()
    rows = zip(*[values.tolist() for values in columns.values], strict=True)
    for start, end, offset, row in zip(columns.start.tolist(), ends, offsets, rows, strict=True):
        yield writer.document(stream_id, start, end, offset, row)


class _Writer:
    def __init__(self, measure: str, context: dict[str, str]) -> None:
        self._measure = MEASURES[measure]
        self._versions = told(measure.removesuffix(SUFFIX))
        self._context = context
        self._names = {component.name: at for at, component in enumerate(self._measure.components)}
        self._fitting: dict[tuple[bool, ...], tuple[Schema, dict[str, str]]] = {}

    def document(
        self, stream_id: UUID, start: int, end: int | None, offset: int, row: Row
    ) -> Document:
        """One data point."""
        clock = timezone(timedelta(minutes=offset))
        times = [_at(ms, clock) for ms in (start, end) if ms is not None]
        schema, context = self._chosen(times, row)
        namespace, name, version = schema.schema_id.split(":")
        is_known = context.get(FRAME) is None
        header = {
            "uuid": str(uuid5(stream_id, str(start))),
            "schema_id": {"namespace": namespace, "name": name, "version": version},
            "source_creation_date_time": times[-1 if is_known else 0],
        }
        if MODALITY in self._context:
            header["modality"] = self._context[MODALITY]
        return {"header": header, "body": self._body(schema, context, times, row)}

    def _chosen(self, times: list[str], row: Row) -> tuple[Schema, dict[str, str]]:
        """The newest schema that fits, and what of the circumstances it can say."""
        parts = tuple([number >= 0 for number in row]) if self._versions[0].is_composite else ()
        if parts not in self._fitting:
            self._fitting[parts] = self._choose(times, row)
        return self._fitting[parts]

    def _choose(self, times: list[str], row: Row) -> tuple[Schema, dict[str, str]]:
        for schema in self._versions:
            if self._says_all(schema, row) and self._is_valid(schema, self._context, times, row):
                return schema, self._context
        # A circumstance of no schema, from another wire form: left out.
        return self._versions[0], {}

    def _says_all(self, schema: Schema, row: Row) -> bool:
        said = {part.component for part in schema.said}
        silent = {name for name in self._names if name not in said}
        sayable = {*schema.circumstances, MODALITY, FRAME, PART}
        sayable |= {f"{part.member}_unit" for part in schema.said}
        return self._context.keys() <= sayable and all(row[self._names[n]] < 0 for n in silent)

    def _is_valid(
        self, schema: Schema, context: Mapping[str, str], times: list[str], row: Row
    ) -> bool:
        try:
            msgspec.convert(self._body(schema, context, times, row), schema.kind)
        except msgspec.ValidationError:
            return False
        return True

    def _body(
        self, schema: Schema, context: Mapping[str, str], times: list[str], row: Row
    ) -> Document:
        body: Document = {}
        for part in schema.said:
            number = row[self._names[part.component]]
            if not schema.is_composite or number >= 0:
                body[part.member] = self._said(schema, part, number)
        for name in schema.circumstances:
            if name in context:
                body[name] = schema.retold(name, context[name])
        if (frame := _frame(context, times)) is not None:
            body[FRAME] = frame
        return body

    def _said(self, schema: Schema, part: Said, number: float) -> Any:  # noqa: ANN401
        plain = int(number) if number.is_integer() else number
        free = self._context.get(f"{part.member}_unit")
        units = schema.units[part.member]
        if not units and free is None:
            return plain
        ucum = self._measure.unit
        return {
            "value": plain,
            "unit": free or part.unit or next(unit for unit in units if UCUM[unit] == ucum),
        }


def _frame(context: Mapping[str, str], times: list[str]) -> Document | None:
    if context.get(FRAME) == "unknown":
        return None
    if len(times) == 1 or context.get(FRAME) == "moment":
        return {"date_time": times[0]}
    if PART in context:
        return {"time_interval": {"date": times[0][:10], "part_of_day": context[PART]}}
    first, last = reversed(times) if context.get(FRAME) == "reversed" else times
    return {"time_interval": {"start_date_time": first, "end_date_time": last}}


def _at(ms: int, clock: timezone) -> str:
    moment: datetime = EPOCH + timedelta(milliseconds=ms)
    return moment.astimezone(clock).isoformat(timespec="milliseconds")
