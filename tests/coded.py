"""Bodies under codings, among them a gzip member that costs far more than it holds (RFC 1951, 3.2.7)."""

import gzip
import sys
import zlib
from collections.abc import Callable, Mapping

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}

LENGTHS = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1)
"""The order in which a block tells the lengths of its code lengths' codes, up to that of 1."""
HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def tables(size: int) -> bytes:
    """About `size` bytes of blocks that each make a Huffman table anew and hold nothing."""
    eight = _number("".join(_empty(last=False) for _ in range(8)))  # whole bytes
    last = _number(_empty(last=True))
    return (
        HEAD
        + eight * (size // len(eight))
        + last
        + zlib.crc32(b"").to_bytes(4, "little")
        + bytes(4)
    )


def _number(bits: str) -> bytes:
    """Bits in the order of the stream: the first one is the lowest of the first byte."""
    return int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")


def _empty(*, last: bool) -> str:
    """One block whose codes are a space, the end of the block and one distance, a bit each."""
    codes = {18: "0", 1: "11"}  # and "10" would be 0
    head = [f"{last:d}", "01", _field(0, 5), _field(0, 5), _field(len(LENGTHS) - 4, 4)]
    head += [_field(len(codes.get(length, "")) or 2 * (length == 0), 3) for length in LENGTHS]
    zeros = codes[18] + _field(32 - 11, 7)
    more = codes[18] + _field(138 - 11, 7) + codes[18] + _field(223 - 138 - 11, 7)
    return "".join([*head, zeros, codes[1], more, codes[1], codes[1], "1"])


def _field(value: int, width: int) -> str:
    """A number as the stream has it, its lowest bit first."""
    return f"{value:0{width}b}"[::-1]
