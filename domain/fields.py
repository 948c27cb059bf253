"""Field types for what strangers send: nothing passes here that PostgreSQL would choke on.

msgspec accepts NUL in strings, integers of any size and the years 1 and 9999; asyncpg would
answer those with an error whose text holds the value.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

CLEAN = r"^[^\x00]*$"
"""For a `Meta(pattern=…)` of one's own: any text without NUL."""

# `$` alone would let a line break pass at the end.
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=CLEAN)]
Note = Annotated[str, Meta(max_length=2_000, pattern=CLEAN)]
Prose = Annotated[str, Meta(min_length=1, max_length=50_000, pattern=CLEAN)]
Code = Annotated[
    str, Meta(max_length=64, pattern=r"^[a-z][a-z0-9-]*$(?!\n)", examples=["heart-rate"])
]
Language = Annotated[
    str, Meta(max_length=35, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$(?!\n)", examples=["sv"])
]
Zone = Annotated[
    str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$(?!\n)", examples=["Europe/Stockholm"])
]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256, in hex")]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Instant = Annotated[datetime, Meta(tz=True, examples=["2026-03-01T08:30:00Z"])]

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a stranger sends. Its instants lie between the years 1900 and 2200."""

    def __post_init__(self) -> None:
        for name in _instants(type(self)):
            moment = getattr(self, name)
            if moment is not None and not within_reason(moment):
                raise ValueError("A time lies outside 1900 to 2200.")


def within_reason(moment: datetime) -> bool:
    """Whether a time can be meant: with a zone, after 1900 and before 2200."""
    try:
        return EARLIEST <= moment < LATEST
    except (OverflowError, TypeError):
        return False


@cache
def _instants(kind: type[Struct]) -> tuple[str, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(f.name for f in msgspec.structs.fields(kind) if _holds_instant(hints[f.name]))


def _holds_instant(hint: Any) -> bool:  # noqa: ANN401 - any annotation at all
    if hint is datetime:
        return True
    if get_origin(hint) in {list, tuple, dict, set, frozenset}:
        return False
    return any(_holds_instant(inner) for inner in get_args(hint))
