"""No connection to a database that was restored, until its erasures have been carried out again."""

from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from api.settings import Settings
from domain.rights import replay


class Replayed:
    """How a pool connects: each new server is held against the journal of erasures, once.

    A restored database is a server that has just started. One that was found whole serves on
    where the journal cannot be reached for a while.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._whole: datetime | None = None

    async def __call__(self, *address: Any, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection. Raises `ErasuresMissing`, `JournalUnreadable`."""
        conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(*address, **options)
        try:
            await self._look(conn)
        except BaseException:
            await conn.close()
            raise
        return conn

    async def _look(self, conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        sql = "SELECT pg_postmaster_start_time() AS started"
        started = await conn.fetchval(sql)
        if started != self._whole:
            await replay.check(conn, self._journal)
            self._whole = started


def connecting(settings: Settings) -> dict[str, Any]:
    """What a pool is opened with, where a journal is kept."""
    if not settings.erasure_journal:
        return {}
    return {"connect": Replayed(Path(settings.erasure_journal))}
