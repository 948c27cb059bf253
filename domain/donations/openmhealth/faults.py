"""Why a document is refused, as JSON pointers and codes: nothing that its author wrote is repeated."""

import re

import msgspec

from domain.donations.openmhealth.model import Fault, No

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises."""

_PLACE = re.compile(r" - at `\$([^`]*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_STARTS: tuple[tuple[str, Fault], ...] = (
    ("Invalid enum value", "not-allowed"),
    ("Invalid RFC3339", "malformed"),
    ("Expected `str` matching", "malformed"),
    ("Expected `datetime` with", "malformed"),
    ("Number out of range", "out-of-range"),
    ("Integer value out of range", "out-of-range"),
    ("Expected `", "wrong-type"),
)

_FLAT = bytes.maketrans(b"123456789+", b"000000000-")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
TIMES = frozenset(
    {
        "date_time",
        "start_date_time",
        "end_date_time",
        "creation_date_time",
        "source_creation_date_time",
        "source_last_modification_date_time",
    }
)
HOLDERS = frozenset(
    {
        "header",
        "acquisition_provenance",
        "body",
        "effective_time_frame",
        "time_interval",
        "sleep_events",
        "snore_events",
        "snore_time_frame",
    }
)
"""Members with times inside. The schemas leave others open, and their names are the author's own."""


def invalid(place: str, error: Exception) -> No:
    """What msgspec found in the document, or the part of one, at that pointer."""
    message = str(error)
    found = _PLACE.search(message)
    steps = "".join(f"/{a or b}" for a, b in _STEP.findall(found[1])) if found else ""
    if missing := _MISSING.match(message):
        return No("invalid-document", f"{place}{steps}/{missing[1]}", "required")
    return No("invalid-document", place + steps, _fault(message, error))


def _fault(message: str, error: Exception) -> Fault:
    for start, fault in _STARTS:
        if message.startswith(start):
            return fault
    return "contradictory" if isinstance(error, msgspec.ValidationError) else "malformed"


def may_stray(document: bytes) -> bool:
    """Whether a time in it may be spelled in a way that msgspec takes and RFC 3339, 5.6 does not.

    Those are a space for the T, and an offset without a colon. Few documents look like it.
    """
    flat = document.translate(_FLAT)
    # Most documents have neither of the first two, and one byte is looked for much faster.
    spaced = b" " in document and b"00 00:" in flat
    escaped = b"\\" in document and b"\\u00" in document
    return spaced or escaped or b'-0000"' in flat


def strayed(document: object, place: str = "") -> str | None:
    """The pointer of the first time of its schema that is spelled so."""
    if isinstance(document, dict):
        pairs = [(str(name), part) for name, part in document.items() if name in TIMES | HOLDERS]
    elif isinstance(document, list):
        pairs = [(str(at), part) for at, part in enumerate(document)]
    else:
        return None
    for name, part in pairs:
        if name in TIMES and isinstance(part, str) and not _TIME.fullmatch(part):
            return f"{place}/{name}"
        if found := strayed(part, f"{place}/{name}"):
            return found
    return None
