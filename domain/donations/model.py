"""What an upload says and what it is answered. The rules over its samples are in `admission.py`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from domain import fields
from domain.fields import CLEAN, Input, Name

MAX_BATCHES = 32
MAX_SAMPLES = 10_000
SAFE = 2**53 - 1  # RFC 8259 §6: integers that every JSON reader keeps exact

Millis = Annotated[int, Meta(ge=-SAFE, le=SAFE)]
Action = Literal["stop", "fix", "skip", "retry"]
Reason = Literal[
    "unknown-measure",
    "wrong-unit",
    "wrong-time-frame",
    "no-grant",
    "time-out-of-bounds",
    "implausible-value",
    "outside-consent",
]

ACTIONS: dict[Reason, Action] = {
    "unknown-measure": "stop",
    "wrong-unit": "fix",
    "wrong-time-frame": "fix",
    "no-grant": "stop",
    "time-out-of-bounds": "fix",
    "implausible-value": "fix",
    "outside-consent": "skip",
}


class Source(Input, frozen=True, kw_only=True):
    """Where samples come from. The same measure from another app or device is another stream."""

    app: Annotated[Name, Meta(examples=["se.region.medverka"])]
    device: Annotated[Name | None, Meta(examples=["Pixel Watch 3"])] = None


class Batch(Input, frozen=True, kw_only=True):
    """Samples of one measure as columns, one entry per sample, in any order.

    `start` and `end` are milliseconds since 1970 in UTC. `end` belongs to measures over an
    interval (steps) and to no other. `utc_offset_minutes` is what the clock on the wall
    differed from UTC where and when the samples were taken.
    """

    measure: fields.Code
    unit: Annotated[
        str, Meta(max_length=32, pattern=CLEAN, description="UCUM code", examples=["/min"])
    ]
    utc_offset_minutes: Annotated[int, Meta(ge=-840, le=840, examples=[120])]
    start: Annotated[list[Millis], Meta(min_length=1, max_length=MAX_SAMPLES)]
    end: Annotated[list[Millis], Meta(max_length=MAX_SAMPLES)] | None = None
    value: Annotated[list[float], Meta(min_length=1, max_length=MAX_SAMPLES)]

    def __post_init__(self) -> None:
        """Refuse columns that do not pair up: which value belongs to which time cannot be known."""
        columns: list[Sequence[float]] = (
            [self.value] if self.end is None else [self.value, self.end]
        )
        if any(len(column) != len(self.start) for column in columns):
            raise ValueError("the columns differ in length")


class Upload(Input, frozen=True, kw_only=True):
    """What one source has to give since its last upload. Sending a sample again is harmless."""

    source: Source
    batches: Annotated[list[Batch], Meta(min_length=1, max_length=MAX_BATCHES)]


class Rejection(Struct, frozen=True, kw_only=True):
    """Samples of a batch that were not stored, and what the app should do about them.

    `stop`: end this sync until the resident has been asked. `fix`: do not send again unless
    corrected. `skip`: never send these again, go on with others. `retry`: send again later.
    """

    code: Reason
    action: Action
    count: int
    indices: Annotated[
        list[int] | None, Meta(description="Positions in the batch; null where all of it")
    ] = None


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """What became of one batch: `accepted + duplicates + rejected counts` is its length."""

    stream_id: UUID | None
    accepted: int
    duplicates: int
    rejected: list[Rejection]


class UploadAnswer(Struct, frozen=True, kw_only=True):
    """What became of an upload, batch by batch in the order sent. Accepted is stored."""

    accepted: int
    duplicates: int
    rejected: int
    batches: list[BatchAnswer]


def total(batches: list[BatchAnswer]) -> UploadAnswer:
    """The answer to a whole upload, with its sums."""
    return UploadAnswer(
        accepted=sum(b.accepted for b in batches),
        duplicates=sum(b.duplicates for b in batches),
        rejected=sum(r.count for b in batches for r in b.rejected),
        batches=batches,
    )


class Stream(Struct, frozen=True, kw_only=True):
    """All samples of one measure from one source.

    `newest_ms` is the start of the newest sample ever taken in: where a sync may go on from.
    """

    stream_id: UUID
    measure: str
    category: str
    unit: str
    source: Source
    samples: int
    newest_ms: int
    created_at: datetime
    last_upload_at: datetime


class Deleted(Struct, frozen=True, kw_only=True):
    """How many samples were deleted."""

    samples: int
