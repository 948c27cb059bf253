"""A segment keeps every sample as it was, and opens in its own place with its own key only (T45)."""

import contextlib
import gzip
import os
from collections.abc import Sized
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.donations import segments
from domain.donations.columns import Columns, ascending, joined, without
from domain.donations.segments import (
    Place,
    Sealed,
    Unreadable,
    pack,
    seal,
    unpack,
    unseal,
    unsealed,
)

REAL = Path(__file__).parents[4] / "shared/data/wearables/heart_rate_one_person_5s.csv.gz"
KEY = bytes(range(32))
PLACE = Place(UUID(int=1), UUID(int=2), UUID(int=3), 4)
TIME = st.integers(-(2**53), 2**53)
VALUE = st.one_of(
    st.integers(-(2**53), 2**53).map(float),
    st.integers(20, 300).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(30, 45).map(lambda v: round(v, 1)),
)
SAMPLE = st.tuples(TIME, st.integers(0, 2**40), VALUE, st.integers(-840, 840))


def columns(samples: list[tuple[int, int, float, int]], *, interval: bool = False) -> Columns:
    """Samples of (start, span, value, offset)."""
    start = np.array([s[0] for s in samples], dtype=np.int64)
    end = start + np.array([s[1] for s in samples], dtype=np.int64) if interval else None
    value = np.array([s[2] for s in samples], dtype=np.float64)
    return Columns(start, end, (value,), np.array([s[3] for s in samples], dtype=np.int16))


def same(one: Columns, other: Columns) -> bool:
    """Whether both hold the same samples, of the same types."""
    return len(one.values) == len(other.values) and all(
        (a is None and b is None)
        or (a is not None and b is not None and a.dtype == b.dtype and np.array_equal(a, b))
        for a, b in zip(flat(one), flat(other), strict=True)
    )


def flat(one: Columns) -> list[NDArray[Any] | None]:
    """Every column."""
    return [one.start, one.end, one.offset, one.ids, *one.values]


HOUR = columns([(1_760_000_000_000 + 60_000 * i, 0, 60.0 + i % 7, 120) for i in range(60)])


def as_many(one: st.SearchStrategy[Any], samples: Sized) -> st.SearchStrategy[list[Any]]:
    """A column beside those samples."""
    return st.lists(one, min_size=len(samples), max_size=len(samples))


@given(st.lists(SAMPLE, min_size=1, max_size=50), st.booleans(), st.data())
def test_packing_loses_nothing(
    samples: list[tuple[int, int, float, int]], interval: bool, data: st.DataObject
) -> None:
    more = data.draw(st.lists(as_many(VALUE, samples), max_size=3))
    ids = data.draw(st.none() | as_many(st.integers(-(2**63), 2**63 - 1), samples))
    one = columns(samples, interval=interval)
    given_ = one._replace(
        values=(*one.values, *[np.array(value) for value in more]),
        ids=None if ids is None else np.array(ids, dtype=np.int64),
    )
    assert same(unpack(pack(given_)), given_)


def test_a_sealed_segment_opens_in_its_place() -> None:
    assert same(unseal(KEY, PLACE, seal(KEY, PLACE, HOUR)), HOUR)


@pytest.mark.parametrize(
    "elsewhere",
    [
        PLACE._replace(resident_id=UUID(int=9)),
        PLACE._replace(stream_id=UUID(int=9)),
        PLACE._replace(segment_id=UUID(int=9)),
        PLACE._replace(key_version=5),
        PLACE._replace(resident_id=PLACE.stream_id, stream_id=PLACE.resident_id),
    ],
)
def test_a_segment_moved_elsewhere_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(Unreadable):
        unseal(KEY, elsewhere, seal(KEY, PLACE, HOUR))


def test_another_key_does_not_open() -> None:
    with pytest.raises(Unreadable):
        unseal(bytes(32), PLACE, seal(KEY, PLACE, HOUR))


def test_a_nonce_from_another_segment_does_not_open() -> None:
    one, two = seal(KEY, PLACE, HOUR), seal(KEY, PLACE, HOUR)
    with pytest.raises(Unreadable):
        unseal(KEY, PLACE, two[: segments.NONCE] + one[segments.NONCE :])


def test_every_flipped_bit_is_noticed() -> None:
    sealed = seal(KEY, PLACE, HOUR)
    for bit in range(8 * len(sealed)):
        broken = bytearray(sealed)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unreadable):
            unseal(KEY, PLACE, bytes(broken))


@pytest.mark.parametrize("length", [0, 1, 12, 27, 28, 100])
def test_a_cut_segment_does_not_open(length: int) -> None:
    with pytest.raises(Unreadable):
        unseal(KEY, PLACE, seal(KEY, PLACE, HOUR)[:length])


def test_no_nonce_is_used_twice() -> None:
    one = columns([(1, 0, 60.0, 0)])
    nonces = {seal(KEY, PLACE, one)[: segments.NONCE] for _ in range(2_000)}
    assert len(nonces) == 2_000


PART = st.tuples(
    st.lists(SAMPLE, min_size=1, max_size=12), st.none() | st.sampled_from([KEY, KEY[::-1]]),
    st.lists(st.integers(1, 9), max_size=3),
)  # fmt: skip
"""Samples; with ids, the key that seals them; the ids that were deleted."""


@given(st.lists(PART, min_size=1, max_size=5), st.booleans())
def test_segments_opened_together_hold_what_they_hold_one_by_one(
    parts: list[tuple[Any, ...]], interval: bool
) -> None:
    stored, one_by_one = [], []
    for nth, (samples, key, dead) in enumerate(parts):
        found = columns(samples, interval=interval)
        ids = np.arange(len(samples), dtype=np.int64) % 10
        found = found._replace(ids=None if key is None else ids)
        place = PLACE._replace(segment_id=UUID(int=nth))
        stored.append(Sealed(key or KEY, place, seal(key or KEY, place, found), dead))
        one_by_one.append(without(found, np.array(dead, np.int64)))
    assert same(unsealed(stored), ascending(joined(one_by_one)))


def test_of_segments_opened_together_each_is_in_its_place_and_has_all_columns() -> None:
    whole, bare = HOUR, HOUR._replace(end=HOUR.start + 1)
    elsewhere = PLACE._replace(segment_id=UUID(int=9))
    good = Sealed(KEY, PLACE, seal(KEY, PLACE, whole), [])
    for bad in (good._replace(place=elsewhere), good._replace(body=seal(KEY, PLACE, bare))):
        with pytest.raises(Unreadable):
            unsealed([good, bad])


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else(garbage: bytes) -> None:
    with pytest.raises(Unreadable):
        unpack(garbage)


@given(st.data())
def test_damaged_columns_are_refused_or_read_in_bounds(data: st.DataObject) -> None:
    damaged = bytearray(pack(HOUR))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(6, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unreadable):
        assert len(unpack(bytes(damaged)).start) == 60


def test_a_claimed_count_beyond_bounds_is_refused() -> None:
    packed = bytearray(pack(columns([(1, 0, 60.0, 0)])))
    packed[2:6] = (segments.MAX_COUNT + 1).to_bytes(4, "little")
    with pytest.raises(Unreadable):
        unpack(bytes(packed))


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(Unreadable):
        unpack(bytes([2]) + pack(HOUR)[1:])


@pytest.mark.skipif(not REAL.exists(), reason="the real series is not beside the checkout")
def test_a_thousand_real_heart_rates_take_less_than_a_byte_each() -> None:
    with gzip.open(REAL, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64, max_rows=20_000)
    sizes = []
    for part in np.split(rows, 20):
        offset = np.full(len(part), 60, dtype=np.int16)
        real = Columns(part[:, 0] * 1000, None, (part[:, 1].astype(np.float64),), offset)
        sizes.append(len(seal(os.urandom(32), PLACE, real)))
    assert sum(sizes) / len(rows) < 1
