"""Writing a resident's donations bit by bit, each page in a short transaction of its own.

What is erased meanwhile comes on no later page, and the end says that it is not complete.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from uuid import UUID

import structlog

from domain.damage import Damaged
from domain.db import BROKEN, Connection, Pool, begin
from domain.donations import own_reads
from domain.donations.exports.documents import FHIR, JSON, OPEN_MHEALTH
from domain.donations.exports.model import End, Form, Format
from domain.donations.exports.table import CSV
from domain.donations.keys import KeyProvider
from domain.donations.own_reads import Mark, Most, Run, Wanted
from domain.errors import Refusal

ACQUIRE_SECONDS = 30.0
"""A stream waits its turn: its connections are few."""
BROKE_OFF = (*BROKEN, Damaged, Refusal)

FORMS: Mapping[Format, Form] = MappingProxyType(
    {"csv": CSV, "json": JSON, "fhir": FHIR, "open-mhealth": OPEN_MHEALTH}
)

log = structlog.get_logger()


class Own:
    """One resident's donations: where they are read from, and what of them is wanted."""

    def __init__(self, pool: Pool, keys: KeyProvider, resident_id: UUID, wanted: Wanted) -> None:
        self._pool = pool
        self._keys = keys
        self._id = resident_id
        self._wanted = wanted

    async def written(self, form: Form) -> AsyncIterator[bytes]:
        """In pieces. No connection is held while the caller sends one."""
        samples, complete, left_out, between = 0, False, set[str](), b""
        yield form.begin
        try:
            at_first = await self._streams()
            async for run in self._runs(form.page):
                pieces = form.of(run)
                if pieces is None:
                    left_out.add(run.measure)
                    continue
                for piece in pieces:
                    yield between + piece
                    between = form.between
                samples += len(run.columns.start)
            complete = at_first <= await self._streams()
        except BROKE_OFF as no:
            log.warning("donations_export_broke_off", error=type(no).__name__)
        yield form.end(End(complete, samples, sorted(left_out)))

    async def _runs(self, page: int) -> AsyncIterator[Run]:
        mark: Mark | None = None
        while True:
            async with self._reading() as conn:
                found = await own_reads.read(
                    conn, self._keys, self._id, self._wanted, mark, Most(page)
                )
            for run in found.runs:
                yield run
            if found.mark is None:
                return
            mark = found.mark

    async def _streams(self) -> set[UUID]:
        """The streams there are: one that has gone was erased."""
        async with self._reading() as conn:
            return await _streams(conn, self._id, self._wanted.measures)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as conn,
            begin(conn, resident=self._id),
        ):
            yield conn


async def _streams(conn: Connection, resident_id: UUID, measures: Sequence[str]) -> set[UUID]:
    sql = """
        SELECT stream_id
          FROM stream
         WHERE resident_id = $1 AND ($2::text[] = '{}' OR measure = ANY($2))
    """
    return {row["stream_id"] for row in await conn.fetch(sql, resident_id, measures)}
