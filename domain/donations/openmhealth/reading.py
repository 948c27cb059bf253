"""Documents into batches: one for each measure, unit, offset from UTC and set of circumstances."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from domain.donations.openmhealth.faults import UNREADABLE, invalid, may_stray, strayed
from domain.donations.openmhealth.frames import AnyFrame, Span, extent, milliseconds, minutes_off
from domain.donations.openmhealth.groups import Group, Kind, Unsaid, opened
from domain.donations.openmhealth.headers import Document, Header
from domain.donations.openmhealth.model import MAX_BATCHES, MAX_POINTS, MAX_STREAMS, No
from domain.donations.openmhealth.quantities import PARTS, Quantity
from domain.donations.openmhealth.schemas import FRAME, SCHEMAS, Schema
from domain.errors import Invalid

NOT_TOLD = -1.0
"""Stands for a part of a composite that a document does not mention."""
_NEGATIVE = -2.0
"""Stands for a part that is told, and below zero: no part can be."""
_ARRAY = ord("[")

_document = msgspec.json.Decoder(Document).decode
_series = msgspec.json.Decoder(list[Raw]).decode


class Read(NamedTuple):
    """The points of an upload that are as their schemas have them, and what is refused."""

    groups: list[Group]
    faults: list[No]


def read(documents: Sequence[Raw]) -> Read:
    """Check documents, and sort their points into groups.

    Raises:
        Invalid: there are more points than one upload may hold.

    """
    reader = _Reader(may_stray(b" ".join(documents)))
    for index, document in enumerate(documents):
        reader.document(document, f"/documents/{index}")
    return Read(list(reader.groups.values()), reader.faults)


class _Reader:
    def __init__(self, is_suspicious: bool) -> None:  # noqa: FBT001 - of a private class
        self.groups: dict[tuple[Any, ...], Group] = {}
        self.faults: list[No] = []
        self._is_suspicious = is_suspicious
        self._points = 0

    def document(self, raw: Raw, place: str) -> None:
        try:
            document = _document(raw)
        except UNREADABLE as error:
            self.faults.append(invalid(place, error))
            return
        fault = self._fault(document.header, raw, place)
        schema = SCHEMAS.get(document.header.schema_id)
        if fault is not None:
            self.faults.append(fault)
        elif schema is None:
            self.faults.append(No("unknown-measure", f"{place}/header/schema_id"))
        elif memoryview(document.body)[0] == _ARRAY:
            self._series(schema, document, f"{place}/body")
        else:
            self._point(schema, document.header, document.body, f"{place}/body")

    def _fault(self, header: Header, raw: Raw, place: str) -> No | None:
        if missing := header.missing():
            return No("invalid-document", f"{place}/header/{missing}", "required")
        if self._is_suspicious and may_stray(bytes(raw)):
            found = strayed(msgspec.json.decode(raw), place)
            return No("invalid-document", found, "malformed") if found else None
        return None

    def _series(self, schema: Schema, document: Document, place: str) -> None:
        if document.header.uuid is UNSET:  # Open mHealth's own headers are of points
            self.faults.append(No("invalid-document", place, "wrong-type"))
            return
        for index, body in enumerate(_series(document.body)):
            self._point(schema, document.header, body, f"{place}/{index}")

    def _point(self, schema: Schema, header: Header, raw: Raw, place: str) -> None:
        self._points += 1
        if self._points > MAX_POINTS:
            raise Invalid("It holds more than 10,000 points.")
        try:
            body = schema.decode(raw)
        except UNREADABLE as error:
            self.faults.append(invalid(place, error))
            return
        frame, *said = schema.members(body)
        try:
            told, when = _when(frame, header)
        except (ValueError, OverflowError):
            self.faults.append(No("invalid-document", f"{place}/{FRAME}", "out-of-range"))
            return
        units, row = _parts(schema, said) if schema.is_composite else _numbers(said)
        kind = (schema, told, when.offset, units, schema.about(body), header.self_reported())
        group = self.groups.get(kind) or self._open(Kind(*kind), place)
        if group is not None:
            group.add(when, row, header.name(), place)

    def _open(self, kind: Kind, place: str) -> Group | None:
        try:
            group = opened(kind)
        except Unsaid as unsaid:
            self.faults.append(No("invalid-document", f"{place}{unsaid}", "not-allowed"))
            return None
        contexts = {group.context, *(other.context for other in self.groups.values())}
        if len(contexts) > MAX_STREAMS or len(self.groups) >= MAX_BATCHES:
            self.faults.append(No("too-many-kinds", place))
            return None
        self.groups[kind] = group
        return group


def _when(frame: AnyFrame | UnsetType, header: Header) -> tuple[str, Span]:
    """How a time frame is told, and what it is; where it is missing, when the data were made."""
    if isinstance(frame, UnsetType):
        created = header.created()
        return "unknown", Span(milliseconds(created), None, minutes_off(created))
    at = frame.date_time
    if at is not UNSET:
        return "moment", Span(milliseconds(at), None, minutes_off(at))
    if isinstance(frame.time_interval, UnsetType):
        raise TypeError  # its Struct has seen to it
    when = extent(frame.time_interval, minutes_off(header.created()))
    if when.end is not None and when.end < when.start:
        return "reversed", Span(when.end, when.start, when.offset)
    return when.part or ("moment" if when.end == when.start else "interval"), when


def _numbers(said: Sequence[Any]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The unit, and the numbers, of members that share it. A bare number is one of steps."""
    first = said[0]
    if isinstance(first, float):
        return ("steps",), (first,)
    if len(said) == 1:
        return (first.unit,), (first.value,)
    return (first.unit,), tuple([quantity.value for quantity in said])


def _parts(schema: Schema, said: Sequence[Any]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The numbers of a composite, each in its own unit, and the units of parts that have any."""
    free, row = [], []
    for part, found in zip(schema.said, said, strict=True):
        number = NOT_TOLD if found is UNSET else found
        if isinstance(number, Quantity):
            if part.unit == "1":
                free += [f"{part.member}_unit", number.unit]
            number = number.value * PARTS.get(part.unit or "", {}).get(number.unit, 1)
        row.append(_NEGATIVE if found is not UNSET and number < 0 else float(number))
    return tuple(free), tuple(row)
