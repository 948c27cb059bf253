"""An upload read fast is the upload that was declared, and what is odd in it is told in the same words."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.donations import wire
from domain.donations.columns import Columns
from domain.donations.forms import columns_of
from domain.donations.measures import MEASURES
from domain.donations.model import MAX_SAMPLES, SAFE, Batch, Upload

MANY = 400
"""Samples of an upload that is not small."""
TIMES = [1_760_000_000_000 + 60_000 * n for n in range(MANY)]


def body(**changed: Any) -> bytes:
    """An upload of heart rates, with something else in its batch."""
    batch = {
        "measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 60, "start": TIMES,
        "value": [60.0] * MANY, **changed,
    }  # fmt: skip
    batch = {name: column for name, column in batch.items() if column is not ...}
    return msgspec.json.encode({"source": {"app": "a"}, "batches": [batch]})


def declared(sent: bytes) -> Upload:
    return msgspec.json.decode(sent, type=Upload)


def plain(batch: Batch) -> dict[str, Any]:
    """A batch with lists for arrays."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in msgspec.structs.asdict(batch).items()
    }


def told(read: Callable[[bytes], Upload], sent: bytes) -> tuple[object, ...]:
    """What an upload says, or why it cannot be read."""
    try:
        found = read(sent)
    except (msgspec.DecodeError, UnicodeError) as no:
        return type(no), str(no)
    return [plain(one) for one in found.batches], found.source, found.deletions


def same(sent: bytes) -> None:
    """It is read as it is declared, or refused in the same words."""
    assert told(wire.upload, sent) == told(declared, sent)


NUMBER: st.SearchStrategy[Any] = st.one_of(
    st.integers(-SAFE, SAFE), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**53, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, None, True, "60", [1], [], {}]),
)  # fmt: skip


@given(st.data(), st.sampled_from(["start", "end", "value"]))
def test_an_upload_is_read_as_it_is_declared(data: st.DataObject, name: str) -> None:
    column: list[Any] = list(TIMES)
    for _ in range(data.draw(st.integers(0, 2))):
        column[data.draw(st.integers(0, MANY - 1))] = data.draw(NUMBER)
    same(body(**{name: column}))


@pytest.mark.parametrize("name", ["start", "end", "value"])
@pytest.mark.parametrize(
    "column",
    [..., None, [], 5, "x", {}, [[1]], [TIMES], [[at] for at in TIMES], TIMES[1:], TIMES * 26],
)
def test_an_odd_column_is_refused_in_the_same_words(name: str, column: Any) -> None:
    assert len(TIMES * 26) > MAX_SAMPLES
    same(body(**{name: column}))


@pytest.mark.parametrize(
    ("plain_", "odd"),
    [
        (b"[1760000000000", b"[01760000000000"), (b"[60.0", b"[+60.0"), (b"[60.0", b"[NaN"),
        (b"[60.0", b"[1e999"), (b"[60.0", b"[60."), (b"60.0]", b"60.0,]"), (b'"a"', b'"\xff"'),
        (b"[60.0", b"[ 60.0"), (b'"unit"', b'"start":[1],"unit"'), (b'"unit"', b'"more":1,"unit"'),
        (b"[60.0", b"[" * 5_000),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_in_the_same_words(plain_: bytes, odd: bytes) -> None:
    assert plain_ in body()
    same(body().replace(plain_, odd, 1))


def test_what_has_other_than_numbers_is_read_too() -> None:
    ids = [f"sample-{n}" for n in range(MANY)]
    same(body(id=ids, replaces=True))
    same(body(value=..., components={"systolic": [120] * MANY, "diastolic": [80] * MANY}))


def test_times_and_values_are_arrays_and_come_to_the_same_columns() -> None:
    (quick,), (slow,) = wire.upload(body()).batches, declared(body()).batches
    assert [type(one).__name__ for one in (quick.start, quick.value)] == ["ndarray"] * 2
    found, expected = (columns_of(one, MEASURES["heart-rate"]) for one in (quick, slow))
    assert found is not None
    assert expected is not None
    assert numbers(found) == numbers(expected)


def numbers(columns: Columns) -> list[tuple[str, list[float]]]:
    found: Any = columns.start, columns.offset, *columns.values
    return [(str(one.dtype), one.tolist()) for one in found]
