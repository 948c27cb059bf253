"""Samples as a table: CSV (RFC 4180, UTF-8), a row for each value of a sample.

Lines that begin with # are said at the end, and belong to no row. What residents' apps have named
themselves is no formula (CWE-1236): an apostrophe goes before whatever a spreadsheet would compute.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from domain.donations.columns import Columns, Ints, runs
from domain.donations.exports.model import End, Form
from domain.donations.fhir.values import COMPOSITES
from domain.donations.measures import MEASURES, MINUTE, Component
from domain.donations.measures.over_time import SUFFIX
from domain.donations.own_reads import Run

HEADER = (
    "measure",
    "component",
    "start",
    "end",
    "value",
    "unit",
    "app",
    "device",
    "context",
    "stream",
)
_COMPUTED = re.compile(r"(^|[,;:|\t\r\n\"'])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])")
"""Where a cell begins with a sign of a formula, or a part of it would in another reading of separators."""
_QUOTED = re.compile(r'[",;\t\r\n#]')


def cell(text: str) -> str:
    """A text that a spreadsheet shows as it is, quoted where it must be."""
    plain = _COMPUTED.sub(r"\1'", text)
    return '"' + plain.replace('"', '""') + '"' if _QUOTED.search(plain) else plain


def rows(run: Run) -> Iterable[bytes]:
    """The rows of samples, as one piece."""
    source, measure = run.source, MEASURES[run.measure]
    context = " ".join(f"{name}={said}" for name, said in dict(source.context or {}).items())
    whose = ",".join(map(cell, (source.app, source.device or "", context)))
    absent = measure.code.removesuffix(SUFFIX) in COMPOSITES
    lines = list[str]()
    for part in runs(run.columns):
        times = _times(part)
        for component, value in zip(measure.components, part.values, strict=True):
            unit = "" if component.codes else cell(measure.unit or "")
            first, last = (
                f"{measure.code},{component.name},",
                f",{unit},{whose},{run.stream_id}\r\n",
            )
            said = _said(component, value.tolist())
            lines += [
                f"{first}{when},{one}{last}"
                for when, one in zip(times, said, strict=True)
                if not (absent and one == "-1")
            ]
    yield "".join(lines).encode()


def _times(part: Columns) -> list[str]:
    offset = int(part.offset[0])
    sign, (hours, minutes) = "+-"[offset < 0], divmod(abs(offset), 60)
    zone = f"{sign}{hours:02}:{minutes:02}"
    starts = [f"{at}{zone}" for at in _clock(part.start, offset)]
    if part.end is None:
        return [f"{start}," for start in starts]
    ends = _clock(part.end, offset)
    return [f"{start},{end}{zone}" for start, end in zip(starts, ends, strict=True)]


def _clock(at: Ints, offset: int) -> list[str]:
    local = (at + offset * MINUTE).astype("datetime64[ms]")
    shown: list[str] = np.datetime_as_string(local, unit="ms").tolist()
    return shown


def _said(component: Component, value: Sequence[float]) -> list[str]:
    if component.codes:
        return [component.codes[int(at)] for at in value]
    return [str(int(one)) if one.is_integer() else repr(one) for one in value]


def _end(end: End) -> bytes:
    if end.complete:
        return f"# complete: {end.samples} samples\r\n".encode()
    return f"# not complete: broke off after {end.samples} samples\r\n".encode()


CSV = Form(
    media_type="text/csv",
    suffix="csv",
    page=10_000,
    begin=",".join(HEADER).encode() + b"\r\n",
    between=b"",
    of=rows,
    end=_end,
)
