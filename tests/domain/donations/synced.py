"""A phone that syncs heart rates with ids, a worker that compacts them, and what is found afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

from domain.db import Connection, begin
from domain.donations import compaction, store, streams
from domain.donations.compaction import Done
from domain.donations.keys import FileKeyProvider
from domain.donations.model import Batch, Deletion, Source, Stream, Upload, UploadAnswer
from domain.donations.walk import Due
from migrations.databases import connected
from tests.database import Database
from tests.domain.donations.conftest import NOW, NOW_MS

Sample = tuple[int, float, str | None]
"""Minutes before now, value, id."""

LONG_AGO = "UPDATE sample_deletion SET noted_at = noted_at - interval '8 days'"
"""What was noted has to be looked for in every segment by now."""


def batch(*samples: Sample, replaces: bool = False) -> Batch:
    """Heart rates; ids where any has one."""
    ids = [one[2] or str(uuid4()) for one in samples]
    return Batch(
        measure="heart-rate",
        unit="/min",
        utc_offset_minutes=60,
        start=[NOW_MS - 60_000 * one[0] for one in samples],
        value=[one[1] for one in samples],
        id=ids if any(one[2] for one in samples) else None,
        replaces=replaces,
    )


class Phone(NamedTuple):
    """One resident's watch: its uploads and readings, each in a transaction of its own."""

    conn: Connection
    keys: FileKeyProvider
    resident_id: UUID
    app: str

    async def give(
        self, *samples: Sample, replaces: bool = False, deletes: tuple[str, ...] = ()
    ) -> UploadAnswer:
        """Upload samples as one batch, and deletions."""
        upload = Upload(
            source=Source(app=self.app),
            batches=[batch(*samples, replaces=replaces)] if samples else [],
            deletions=[Deletion(measure="heart-rate", id=list(deletes))] if deletes else [],
        )
        async with begin(self.conn, resident=self.resident_id):
            return await store.donate(self.conn, self.keys, self.resident_id, upload, NOW)

    async def stream(self) -> Stream:
        """What is told of the stream."""
        async with begin(self.conn, resident=self.resident_id):
            found = await streams.streams(self.conn, self.resident_id)
        return next(one for one in found if one.source.app == self.app)

    async def read(self, limit: int = 1000) -> dict[int, float]:
        """Values by minutes before now, read page by page; no sample comes twice."""
        stream_id, since = (await self.stream()).stream_id, 0
        starts: list[int] = []
        values: list[float] = []
        while True:
            async with begin(self.conn, resident=self.resident_id):
                page = await streams.read(
                    self.conn, self.keys, self.resident_id, stream_id, since_ms=since, limit=limit
                )
            for one in page.batches:
                starts += one.start
                values += one.value or []
            if page.next_ms is None:
                break
            since = page.next_ms
        assert starts == sorted(set(starts))
        return {(NOW_MS - at) // 60_000: value for at, value in zip(starts, values, strict=True)}

    async def due(self) -> Due:
        """The stream as compaction finds it."""
        return Due(self.resident_id, (await self.stream()).stream_id, "heart")


@asynccontextmanager
async def working(database: Database) -> AsyncIterator[Connection]:
    """A connection as the worker's role."""
    async with connected(database.dsn("worker")) as conn:
        yield conn


async def compact(worker: Connection, phone: Phone) -> Done:
    """Visit the phone's stream, as if all of it were of closed days."""
    return await compaction.tend(worker, phone.keys, await phone.due(), NOW_MS)


class Killed(Exception):
    """The worker is gone, and its connection with it."""


class _Mortal:
    """A connection that dies before one of its statements."""

    def __init__(self, conn: Connection, statements: int) -> None:
        self._conn, self._left = conn, statements

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._conn, name)
        return (
            self._mortal(found) if name in {"execute", "fetch", "fetchrow", "fetchval"} else found
        )

    def _mortal(self, call: Any) -> Any:
        async def called(*args: object) -> object:
            if self._left == 0:
                self._conn.terminate()
                raise Killed
            self._left -= 1
            return await call(*args)

        return called


def mortal(conn: Connection, statements: int) -> Connection:
    """The connection, and so the worker, for so many statements."""
    return cast("Connection", _Mortal(conn, statements))
