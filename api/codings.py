"""Content codings of request bodies (RFC 9110, 8.4.1; zstd: RFC 8878, 9659), inflated within bounds.

One coding, and of it one gzip member or one Zstandard frame that ends where the body ends.
Members and frames after another are allowed by their formats, and phones have no use for them.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol, cast

from isal import igzip_lib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

EASY: Final = 256 << 10
"""Bytes that come out within half a millisecond: so much the event loop can wait for."""
PIECE: Final = 64 << 10
"""Bytes that are inflated between two looks at the clock."""
SECONDS: Final = 0.1
"""Of processor time, for one body. The largest takes 0.02; blocks that hold next to nothing, and
whose tables cost the more, can make it a hundred times as many."""
WINDOW_LOG: Final = 23
"""A Zstandard window of 8 MB at most, as RFC 9659 has it."""


class Bursting(Exception):
    """More comes out than may."""


class Damaged(Exception):
    """It is cut short, not of this coding, costs too much, or something follows its end."""


class Stream(Protocol):
    """What zlib, isal and Zstandard have in common."""

    @property
    def eof(self) -> bool:
        """Whether the one member or frame has ended."""

    @property
    def unused_data(self) -> bytes:
        """What followed it."""

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes:
        """The next bytes, at most so many."""


def _gzip() -> Stream:
    found: Stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return found


def _zstd() -> Stream:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG})


CODINGS: Mapping[str, Callable[[], Stream]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
"""By their names in Content-Encoding. `x-gzip` is gzip's old name."""

NO_GZIP = cast("type[Exception]", igzip_lib.IsalError)  # its stubs take the class for an instance
BROKEN = (NO_GZIP, zstd.ZstdError, EOFError)


async def inflated(coding: str, body: bytes, limit: int) -> bytes:
    """A whole body without its coding. What takes long is done in a thread.

    Raises:
        Bursting: more than `limit` bytes come out; no more than them were made.
        Damaged: it is not one whole stream of this coding.

    """
    if len(body) <= PIECE:
        try:
            return inflate(coding, body, min(limit, EASY))
        except Bursting:
            if limit <= EASY:
                raise
    return await asyncio.to_thread(inflate, coding, body, limit)


def inflate(coding: str, body: bytes, limit: int) -> bytes:
    """As `inflated`, at once."""
    stream, parts, left = CODINGS[coding](), [], limit
    until = time.thread_time() + SECONDS
    try:
        for at in range(0, len(body), PIECE):
            piece = body if len(body) <= PIECE else memoryview(body)[at : at + PIECE]
            parts.append(stream.decompress(piece, left + 1))
            left -= len(parts[-1])
            if left < 0:
                raise Bursting
            if time.thread_time() > until:
                raise Damaged
    except BROKEN:
        raise Damaged from None
    if not stream.eof or stream.unused_data:
        raise Damaged
    return b"".join(parts)
