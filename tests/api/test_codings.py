"""What a coding hides comes out whole, within its bound, or not at all."""

import gzip
import random
import time

import pytest

from api.codings import EASY, PIECE, SECONDS, Bursting, Damaged, inflate, inflated
from tests.coded import COMPRESS, tables

SIZES = (0, 1, 5_000, PIECE, EASY - 1, EASY, EASY + 1, 1_000_000)
NOISE = random.Random(1).randbytes(max(SIZES))  # noqa: S311 - no secret
ONE_BLOCK = b"\x01\x00\x00"
"""Zstandard's last block, empty."""


def zstd_frame(window: int) -> bytes:
    """An empty frame with a window descriptor (RFC 8878, 3.1.1.1.2)."""
    return b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + ONE_BLOCK


@pytest.mark.parametrize("coding", COMPRESS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("plain", [True, False])
async def test_it_comes_out_whole(coding: str, size: int, *, plain: bool) -> None:
    body = bytes(size) if plain else NOISE[:size]
    coded = COMPRESS[coding](body)
    assert await inflated(coding, coded, size) == body
    if size:
        with pytest.raises(Bursting):
            await inflated(coding, coded, size - 1)


@pytest.mark.parametrize("coding", COMPRESS)
@pytest.mark.parametrize("size", SIZES)
def test_one_whole_stream_and_nothing_else_is_taken(coding: str, size: int) -> None:
    coded = COMPRESS[coding](NOISE[:size])
    cuts = {*range(min(20, len(coded))), len(coded) // 2, len(coded) - 1}
    for odd in [*(coded[:cut] for cut in cuts), coded + b"\0", coded + coded, b" " + coded]:
        with pytest.raises(Damaged):
            inflate(coding, odd, 2 * size)


@pytest.mark.parametrize("at", [-8, -4, -1])
def test_gzip_is_held_to_its_checksum_and_size(at: int) -> None:
    coded = bytearray(gzip.compress(b"abc"))
    coded[at] ^= 1
    with pytest.raises(Damaged):
        inflate("gzip", bytes(coded), 10)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"") * 50_000),
        ("zstd", COMPRESS["zstd"](b"") * 50_000),
        ("zstd", b"\x50\x2a\x4d\x18\0\0\0\0" * 50_000),
    ],
)
def test_many_empty_streams_are_refused_at_the_first(coding: str, body: bytes) -> None:
    begun = time.thread_time()
    with pytest.raises(Damaged):
        inflate(coding, body, 1 << 20)
    assert time.thread_time() - begun < 0.01


@pytest.mark.parametrize(
    ("window", "fits"), [(13 << 3, True), (13 << 3 | 1, False), (21 << 3, False)]
)
def test_a_window_of_8_mb_is_the_largest(window: int, *, fits: bool) -> None:
    if fits:
        assert inflate("zstd", zstd_frame(window), 10) == b""
    else:
        with pytest.raises(Damaged):
            inflate("zstd", zstd_frame(window), 10)


def test_blocks_that_cost_much_and_hold_little_are_given_up() -> None:
    assert inflate("gzip", tables(10_000), 0) == b""  # a few are what they are
    body = tables(4 << 20)
    begun = time.thread_time()
    with pytest.raises(Damaged):
        inflate("gzip", body, 8 << 20)
    assert time.thread_time() - begun < 3 * SECONDS
