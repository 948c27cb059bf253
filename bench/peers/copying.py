"""COPY into the table, two connections at once. What is copied was made ready before the clock runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import numpy as np

from bench.peers.table import HEART_RATE, empty, stored
from demo.series import Series
from migrations.databases import Connection, connected

Donation = tuple[UUID, Series]
Part = TypeVar("Part")

COLUMNS = ("resident", "measure", "start_ms", "value")
HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("of_resident", ">i4"), ("resident", "V16"),
        ("of_measure", ">i4"), ("measure", ">i2"),
        ("of_start", ">i4"), ("start", ">i8"),
        ("of_value", ">i4"), ("value", ">f8"),
    ]
)  # fmt: skip
"""A row as PostgreSQL's binary COPY takes it: the number of fields, then each with its length."""


async def records(address: str, donations: Sequence[Donation]) -> float:
    """Rows a second by asyncpg's `copy_records_to_table`, one donation a commit."""
    ready: list[list[tuple[object, ...]]] = [
        [(resident, HEART_RATE, start, value) for start, value in samples.pairs()]
        for resident, samples in donations
    ]

    async def copy(conn: Connection, part: Sequence[list[tuple[object, ...]]]) -> None:
        for rows in part:
            await conn.copy_records_to_table("sample", columns=COLUMNS, records=rows)

    return await _timed(address, ready, copy, sum(map(len, ready)))


async def binary(address: str, donations: Sequence[Donation]) -> float:
    """Rows a second by one COPY of all, in PostgreSQL's own binary form, on each connection."""
    ready = [_encoded(*donation) for donation in donations]

    async def copy(conn: Connection, part: Sequence[bytes]) -> None:
        await conn.copy_to_table("sample", columns=COLUMNS, source=_whole(part), format="binary")

    return await _timed(address, ready, copy, sum(len(rows) // ROW.itemsize for rows in ready))


async def _timed(
    address: str,
    ready: Sequence[Part],
    copy: Callable[[Connection, Sequence[Part]], Awaitable[None]],
    count: int,
) -> float:
    await empty(address)
    async with connected(address) as one, connected(address) as two:
        begun = time.perf_counter()
        await asyncio.gather(copy(one, ready[::2]), copy(two, ready[1::2]))
        took = time.perf_counter() - begun
    if await stored(address) != count:
        raise RuntimeError("copied, and not stored")
    return count / took


async def _whole(part: Sequence[bytes]) -> AsyncIterator[bytes]:
    yield HEAD
    for rows in part:
        yield rows
    yield TAIL


def _encoded(resident: UUID, samples: Series) -> bytes:
    rows = np.empty(len(samples.start), ROW)
    rows["fields"] = len(COLUMNS)
    for name in ("resident", "measure", "start", "value"):
        rows[f"of_{name}"] = ROW[name].itemsize
    rows["resident"], rows["measure"] = np.void(resident.bytes), HEART_RATE
    rows["start"], rows["value"] = samples.start, samples.value
    return rows.tobytes()
