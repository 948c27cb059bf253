"""What an upload says and what it is answered. The rules over its samples are in `admission.py`."""

from collections.abc import Sized
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from domain import fields
from domain.errors import Refusal
from domain.fields import CLEAN, Input, Name

MAX_BATCHES = 32
MAX_SAMPLES = 10_000
MAX_UPLOAD = 100_000
"""The most samples and deletions of one upload, all together."""
MAX_CONTEXT, MAX_SOURCE = 600, 2_500
"""Bytes of circumstances, and of a source with them, as JSON: its index takes rows of 2,700."""
SAFE = 2**53 - 1  # RFC 8259 §6: integers that every JSON reader keeps exact

Millis = Annotated[int, Meta(ge=-SAFE, le=SAFE)]
SampleId = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=64)]
Circumstance = Annotated[str, Meta(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
Action = Literal["stop", "fix", "skip", "retry"]
Reason = Literal[
    "unknown-measure",
    "wrong-unit",
    "wrong-time-frame",
    "wrong-columns",
    "no-grant",
    "time-out-of-bounds",
    "unknown-code",
    "implausible-value",
    "outside-consent",
]

ACTIONS: dict[Reason, Action] = {
    "unknown-measure": "stop",
    "wrong-unit": "fix",
    "wrong-time-frame": "fix",
    "wrong-columns": "fix",
    "no-grant": "stop",
    "time-out-of-bounds": "fix",
    "unknown-code": "fix",
    "implausible-value": "fix",
    "outside-consent": "skip",
}


class Source(Input, frozen=True, kw_only=True):
    """Where samples come from. The same measure from another app or device is another stream.

    So it is under other circumstances: `context` has those that all samples share, by the names
    and in the words of Open mHealth (`temporal_relationship_to_meal`: `fasting`).
    """

    app: Annotated[Name, Meta(examples=["se.region.medverka"])]
    device: Annotated[Name | None, Meta(examples=["Pixel Watch 3"])] = None
    context: Annotated[dict[Circumstance, Name], Meta(min_length=1, max_length=12)] | UnsetType = (
        UNSET
    )

    def __post_init__(self) -> None:
        """Order the circumstances; refuse them where they are longer than a stream's name may get."""
        if self.context is not UNSET:
            size = len(msgspec.json.encode(self.context)), len(msgspec.json.encode(self))
            if size[0] > MAX_CONTEXT or size[1] > MAX_SOURCE:
                raise ValueError("the source is longer than a stream's name may get")
            msgspec.structs.force_setattr(self, "context", dict(sorted(self.context.items())))


class Batch(Input, frozen=True, kw_only=True, omit_defaults=True):
    """Samples of one measure as columns, one entry per sample, in any order.

    `start` and `end` are milliseconds since 1970 in UTC. `end` belongs to measures over an
    interval (steps) and to no other. `utc_offset_minutes` is what the clock on the wall
    differed from UTC where and when the samples were taken. A measure of one number has `value`;
    one of several values (blood pressure) or of codes (sleep stages) has `components`, all it has,
    by name. `unit` belongs to numbers. `id` is what the phone's store calls each sample: kept as a
    fingerprint, so that the sample can be replaced or deleted by it. With `replaces`, each sample
    takes the place of what was given before under its id.
    """

    measure: fields.Code
    unit: (
        Annotated[
            str, Meta(max_length=32, pattern=CLEAN, description="UCUM code", examples=["/min"])
        ]
        | None
    ) = None
    utc_offset_minutes: Annotated[int, Meta(ge=-840, le=840, examples=[120])]
    start: Annotated[list[Millis], Meta(min_length=1, max_length=MAX_SAMPLES)]
    end: Annotated[list[Millis], Meta(max_length=MAX_SAMPLES)] | None = None
    value: Annotated[list[float], Meta(min_length=1, max_length=MAX_SAMPLES)] | None = None
    components: (
        Annotated[
            dict[fields.Code, Annotated[list[float | Word], Meta(max_length=MAX_SAMPLES)]],
            Meta(min_length=1, max_length=16, examples=[{"systolic": [120], "diastolic": [80]}]),
        ]
        | None
    ) = None
    id: Annotated[list[SampleId], Meta(max_length=MAX_SAMPLES)] | None = None
    replaces: bool = False

    def __post_init__(self) -> None:
        """Refuse columns that do not pair up: which value belongs to which time cannot be known."""
        if (self.value is None) is (self.components is None):
            raise ValueError("a batch has either value or components")
        columns: list[Sized | None] = [self.value, self.end, self.id]
        columns += (self.components or {}).values()
        if any(column is not None and len(column) != len(self.start) for column in columns):
            raise ValueError("the columns differ in length")
        if self.replaces and (self.id is None or len(set(self.id)) != len(self.id)):
            raise ValueError("what replaces has an id, each another")


class Deletion(Input, frozen=True, kw_only=True):
    """Samples of one measure that the phone's store has deleted, by the ids they were given with."""

    measure: fields.Code
    id: Annotated[list[SampleId], Meta(min_length=1, max_length=MAX_SAMPLES)]


class Upload(Input, frozen=True, kw_only=True):
    """What one source has to give since its last upload. Sending a sample again is harmless."""

    source: Source
    batches: Annotated[list[Batch], Meta(max_length=MAX_BATCHES)] = []
    deletions: Annotated[list[Deletion], Meta(max_length=MAX_BATCHES)] = []

    def __post_init__(self) -> None:
        """Refuse what holds nothing, and what holds more than one transaction should."""
        size = sum(len(b.start) for b in self.batches) + sum(len(d.id) for d in self.deletions)
        if not 0 < size <= MAX_UPLOAD:
            raise ValueError("an upload holds at least one sample or deletion, at most 100,000")


class TooManyUploads(Refusal):
    """This source has sent more uploads within a minute than are taken."""

    status = 429

    def __init__(self, seconds: int) -> None:
        """Say after how many seconds to go on."""
        super().__init__("Go on after Retry-After, with larger batches.")
        self.retry_after = seconds


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
    """What became of an upload, batch by batch in the order sent. Accepted is stored.

    `deletions` is how many ids were noted as deleted, whether or not they had been given.
    """

    accepted: int
    duplicates: int
    rejected: int
    deletions: int = 0
    batches: list[BatchAnswer]


def total(batches: list[BatchAnswer], deletions: int = 0) -> UploadAnswer:
    """The answer to a whole upload, with its sums."""
    return UploadAnswer(
        accepted=sum(b.accepted for b in batches),
        duplicates=sum(b.duplicates for b in batches),
        rejected=sum(r.count for b in batches for r in b.rejected),
        deletions=deletions,
        batches=batches,
    )


class Stream(Struct, frozen=True, kw_only=True):
    """All samples of one measure from one source.

    `newest_ms` is the start of the newest sample ever taken in: where a sync may go on from; null
    where there is none yet. `last_upload_key` is the Idempotency-Key of the last upload that was
    taken in, so that an app that lost its memory knows how far it had come. What was deleted by its
    id counts among `samples` for some days.
    """

    stream_id: UUID
    measure: str
    category: str
    unit: str | None
    source: Source
    samples: int
    newest_ms: int | None
    created_at: datetime
    last_upload_at: datetime
    last_upload_key: str | None


class Deleted(Struct, frozen=True, kw_only=True):
    """How many samples were deleted."""

    samples: int
