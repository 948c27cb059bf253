"""What an upload of documents says, and what it is answered: by document, with JSON pointers."""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct

from domain.donations.model import (
    ACTIONS,
    MAX_CONTEXT,
    MAX_SAMPLES,
    MAX_SOURCE,
    Action,
    Reason,
    Source,
)
from domain.fields import Input

MAX_POINTS = MAX_SAMPLES
MAX_STREAMS, MAX_BATCHES = 32, 256
"""Of one upload: kinds of circumstances, and batches of one measure, unit, offset and circumstances."""

Code = Literal[Reason, "invalid-document", "too-many-kinds"]
Fault = Literal[
    "required", "wrong-type", "not-allowed", "malformed", "out-of-range", "contradictory"
]
DOCUMENT_ACTIONS: dict[str, Action] = {
    **{str(code): action for code, action in ACTIONS.items()},
    "invalid-document": "fix",
    "too-many-kinds": "retry",
}


class Documents(Input, frozen=True, kw_only=True):
    """Data points and data series of Open mHealth or IEEE 1752.1 from one source, in any mixture.

    Each is checked against its own schema, which leaves unknown members open. At most 10,000
    points in all, a series counting as many as it has.
    """

    source: Source
    documents: Annotated[
        list[Raw],
        Meta(
            min_length=1,
            max_length=MAX_POINTS,
            description="Objects of a header and a body",
            extra_json_schema={"items": {"type": "object"}},
        ),
    ]

    def __post_init__(self) -> None:
        """Refuse a source whose name leaves no room for circumstances, or has some already."""
        if len(msgspec.json.encode(self.source)) > MAX_SOURCE - MAX_CONTEXT - 16:
            raise ValueError("the source is longer than a stream's name may get")
        if self.source.context is not UNSET:
            raise ValueError("the circumstances are in the documents")


class Refused(Struct, frozen=True, kw_only=True):
    """What was not stored, and what the app should do about it (as for batches).

    `invalid-document`: it is not what its schema says, or says it in a way not taken here; `fault`
    is why. `too-many-kinds`: sent in an upload of its own it will be taken.
    """

    code: Code
    action: Action
    fault: Fault | None = None
    count: int
    pointers: Annotated[
        list[str],
        Meta(
            description="JSON pointers (RFC 6901) into the upload",
            examples=[["/documents/3/body/heart_rate/value"]],
        ),
    ]


class DocumentsAnswer(Struct, frozen=True, kw_only=True):
    """What became of an upload of documents, counted in points. Accepted is stored."""

    accepted: int
    duplicates: int
    rejected: int
    refused: list[Refused]


class No(Struct, frozen=True):
    """One point, or document, that is refused."""

    code: Code
    pointer: str
    fault: Fault | None = None


def refused(faults: Iterable[No]) -> list[Refused]:
    """The refusals, those of one kind together."""
    pointers: dict[tuple[Code, Fault | None], list[str]] = {}
    for no in faults:
        pointers.setdefault((no.code, no.fault), []).append(no.pointer)
    return [
        Refused(
            code=code, action=DOCUMENT_ACTIONS[code], fault=fault, count=len(found), pointers=found
        )
        for (code, fault), found in pointers.items()
    ]
