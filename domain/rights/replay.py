"""The journal of what has ended and the database: copied out, held against each other, carried out again.

A restored database is told by the journal itself: it lacks what a line names. Nothing
of a restore has to be noted anywhere, and a replica that takes over is not mistaken for one.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog

from domain.consents import gate
from domain.db import BEGINNING, Connection, Pool, begin, fetch_all
from domain.errors import Unauthenticated, Unavailable
from domain.rights import journal, once_more
from domain.rights.journal import Entry

BATCH = 500

Tell = Callable[[int], None]
log = structlog.get_logger()


class ErasuresMissing(Unavailable):
    """This database was restored, and what ended after its backup has not been ended again."""

    retry_after = 60


class Replayed(NamedTuple):
    """What a replay came to. `failed`: do it again; until then nothing is served."""

    lines: int
    missing: int
    failed: int


async def copy_out(pool: Pool, path: Path) -> int:
    """Write what the file does not have yet. How many lines.

    Raises:
        JournalUnreadable: it has not been begun, or its last lines are damaged.

    """
    last = journal.tail(path)
    known = {entry.erasure_id for entry in last}
    since = last[0].erased_at - journal.OVERLAP if last else journal.BEGINNING
    written, after = 0, BEGINNING
    while True:
        async with pool.acquire() as conn, begin(conn, job="journal"):
            found = await _since(conn, since, after)
        new = [entry for entry in found if entry.erasure_id not in known]
        if new:
            journal.write(path, new)
        written += len(new)
        if len(found) < BATCH:
            return written
        since, after = found[-1].erased_at, found[-1].erasure_id


async def check(conn: Connection, path: Path) -> None:
    """That all that the journal names has ended here.

    Raises:
        ErasuresMissing: this is an older database, and the replay has not been run.
        JournalUnreadable: nobody can tell.

    """
    for some in _batches(journal.tail(path)):
        async with begin(conn):
            if await _missing(conn, some):
                raise ErasuresMissing("medverka journal replay")


async def replay(pool: Pool, path: Path, tell: Tell) -> Replayed:
    """Carry out again what the database lacks. To be run after every restore, before traffic.

    What is in the database then is of before those erasures, so all of it in their scope goes; what was
    consented to then is closed, also where it was given anew later: nobody can tell, and asking is safe.
    Run twice, or killed and run again, it does no more than once.

    Raises:
        JournalUnreadable: it is not there, or damaged.

    """
    done = Replayed(0, 0, 0)
    for some in _batches(journal.entries(path)):
        async with pool.acquire() as conn:
            async with begin(conn, job="replay"):
                missing = await _missing(conn, some)
            again = [await _carried_out(conn, entry) for entry in missing]
        failed = done.failed + again.count(False)
        done = Replayed(done.lines + len(some), done.missing + len(missing), failed)
        tell(done.lines)
    return done


async def _carried_out(conn: Connection, entry: Entry) -> bool:
    try:
        async with begin(conn, job="replay"):
            await _again(conn, entry)
    except Exception as error:  # noqa: BLE001 - one must not stop the others, and all are counted
        log.error("replay_failed", erasure_id=entry.erasure_id, error=type(error).__name__)  # noqa: TRY400
        return False
    return True


async def _again(conn: Connection, entry: Entry) -> None:
    """One of them, and the note that it was. It is journalled anew where something was there."""
    sql = """
        INSERT INTO erasure (resident_id, erasure_id, scope, erased_at, terms)
        VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
    """
    resident_id = entry.resident_id
    try:
        if not await gate.drain(conn, resident_id):
            raise Unavailable
        await once_more.carry_out(conn, entry)
    except Unauthenticated:
        pass  # began after the backup, or gone before it
    await conn.execute(
        sql, resident_id, entry.erasure_id, entry.scope, entry.erased_at, entry.terms
    )


def _batches(many: Iterable[Entry]) -> Iterable[list[Entry]]:
    rest = iter(many)
    while some := list(islice(rest, BATCH)):
        yield some


async def _missing(conn: Connection, some: Sequence[Entry]) -> list[Entry]:
    """Those that the database does not have. Naming them is what lets the API's role see them."""
    sql = "SELECT set_config('app.erasures', $1, true) AS named"
    await conn.execute(sql, ",".join(str(entry.erasure_id) for entry in some))
    sql = """
        SELECT e.erasure_id
          FROM unnest($1::uuid[], $2::uuid[]) AS n (resident_id, erasure_id)
          JOIN erasure e USING (resident_id, erasure_id)
    """
    ids = [entry.resident_id for entry in some], [entry.erasure_id for entry in some]
    there = {row["erasure_id"] for row in await conn.fetch(sql, *ids)}
    return [entry for entry in some if entry.erasure_id not in there]


async def _since(conn: Connection, since: datetime, after: UUID) -> list[Entry]:
    sql = """
        SELECT erasure_id, resident_id, scope, erased_at, terms
          FROM erasure
         WHERE (erased_at, erasure_id) > ($1, $2)
         ORDER BY erased_at, erasure_id
         LIMIT $3
    """
    return await fetch_all(conn, Entry, sql, since, after, BATCH)
