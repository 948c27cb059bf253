"""An upload as JSON, its columns of numbers read straight into arrays: an object for each takes as long as the rest.

What is odd in any way is read again as it is declared (`model.Upload`), which tells what is wrong.
"""

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import simdjson
from msgspec import Meta, Raw
from msgspec.structs import asdict
from numpy.typing import NDArray

from domain.donations.model import MAX_BATCHES, MAX_SAMPLES, SAFE, Batch, Upload

SMALL = 2_000
"""Bytes of a body that is read as fast as it is declared."""
_NONE = Raw(b"null")


class _Batch(Batch, frozen=True, kw_only=True):
    start: Raw  # type: ignore[assignment] # its numbers are yet to be read
    end: Raw = _NONE  # type: ignore[assignment]
    value: Raw = _NONE  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Nothing: a `Batch` is to be made of it."""


class _Upload(Upload, frozen=True, kw_only=True):
    batches: Annotated[list[_Batch], Meta(max_length=MAX_BATCHES)] = []  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Nothing: an `Upload` is to be made of it."""


_SENT = msgspec.json.Decoder(_Upload)
_DECLARED = msgspec.json.Decoder(Upload)


def upload(body: bytes) -> Upload:
    """Read an upload, its times and values as arrays where it is not small. Raises msgspec.DecodeError."""
    if len(body) > SMALL:
        try:
            sent = _SENT.decode(body)
            batches = [_batch(one) for one in sent.batches]
            return Upload(source=sent.source, batches=batches, deletions=sent.deletions)
        except (msgspec.DecodeError, TypeError, ValueError, AttributeError, RuntimeError):
            pass
    return _DECLARED.decode(body)


def _batch(sent: _Batch) -> Batch:
    numbers = {
        "start": _instants(sent.start),
        "end": None if sent.end == _NONE else _instants(sent.end),
        "value": None if sent.value == _NONE else _column(sent.value, "d", np.float64),
    }
    return Batch(**asdict(sent) | numbers)


def _instants(raw: Raw) -> NDArray[Any]:
    found = _column(raw, "i", np.int64)
    if np.minimum.reduce(found) < -SAFE or np.maximum.reduce(found) > SAFE:
        raise ValueError
    return found


def _column(raw: Raw, kind: Literal["i", "d"], dtype: type[np.generic]) -> NDArray[Any]:
    """One column's numbers. Raises Type-, Value-, Attribute- or RuntimeError where it holds anything else."""
    text = bytes(raw)
    array: Any = simdjson.Parser().parse(text)
    found = np.frombuffer(array.as_buffer(of_type=kind), dtype)
    if text.count(b"[") > 1 or not 0 < len(found) <= MAX_SAMPLES:
        raise ValueError  # an array within it is read as if it were none
    return found
