"""The one place that opens transactions, and the few words every store uses to read rows."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import uuid_utils.compat
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pooled: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Row = TypeVar("Row", bound=msgspec.Struct)
LastWords = Callable[[], str]

BUCKETS = 64
BEGINNING = UUID(int=0)
"""Before every id: what is read on from one begins here. With `$1 IS NULL OR id > $1` in its place a plan
made once for all values reads from the first row each time."""
BROKEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement may raise while PostgreSQL, or the way to it, is away. The last: as it goes."""


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): new rows land side by side in an index, and need no sequence."""
    return uuid_utils.compat.uuid7()


def bucket_of(resident_id: UUID) -> int:
    """The queue bucket of a resident, 0 to 63. The last bits of a UUIDv7 are random."""
    return resident_id.int % BUCKETS


def opening(
    *,
    subject: bytes | None = None,
    resident: UUID | None = None,
    member: UUID | None = None,
    study: UUID | None = None,
    job: str | None = None,
    durable: bool = True,
) -> str:
    """`BEGIN` with what row-level security goes by, as one round trip (pitfall: no parameters here).

    Where it is not `durable` the COMMIT does not wait for the disk: a crash of PostgreSQL may undo it.
    """
    words = ["BEGIN"]
    if not durable:
        words.append("SET LOCAL synchronous_commit = off")
    if subject is not None:
        words.append(f"SET LOCAL app.subject = '{subject.hex()}'")
    if resident is not None:
        words.append(f"SET LOCAL app.resident = '{UUID(int=resident.int)}'")
    if member is not None:
        words.append(f"SET LOCAL app.member = '{UUID(int=member.int)}'")
    if study is not None:
        words.append(f"SET LOCAL app.study = '{UUID(int=study.int)}'")
    if job is not None:
        if not job.isidentifier():
            raise ValueError(job)
        words.append(f"SET LOCAL app.job = '{job}'")
    return "; ".join(words)


@asynccontextmanager
async def begin(
    conn: Connection, *, last: LastWords | None = None, **scope: Any
) -> AsyncIterator[None]:
    """A transaction in the given scope (see `opening`): commits at the end, rolls back on any error.

    `last` gives a statement of literals that goes with the COMMIT, in its round trip.
    """
    await conn.execute(opening(**scope))
    try:
        yield
        await conn.execute(f"{last() if last else ''} COMMIT")
    except BaseException:
        if not conn.is_closed():
            await conn.execute("ROLLBACK")
        raise


async def say(conn: Connection, words: str) -> None:
    """Run what `calling` gave, in a round trip of its own."""
    if words:
        await conn.execute(words)


def as_json(value: object) -> str:
    """JSON as text, for `$1::text::jsonb` and arrays of it."""
    return msgspec.json.encode(value).decode()


def text_array(values: Iterable[UUID | int | str]) -> str:
    """An array of ids, numbers or codes for `$1::text::…[]`: of a list asyncpg looks at each element in Python."""
    return f"{{{','.join(map(str, values))}}}"


Value: TypeAlias = UUID | int | str | bytes | None


def calling(procedure: str, *values: Value | Sequence[Value]) -> str:
    """The call of a procedure, with nothing in it that could break out: digits alone."""
    return f"CALL {procedure}({', '.join(map(_literal, values))});"


def _literal(value: Value | Sequence[Value]) -> str:
    match value:
        case None:
            return "NULL"
        case int():
            return str(value)
        case UUID():
            return f"'{UUID(int=value.int)}'::uuid"
        case bytes():
            return f"'\\x{value.hex()}'::bytea"
        case str():
            return f"convert_from('\\x{value.encode().hex()}', 'UTF8')"
        case _:
            return f"ARRAY[{', '.join(map(_literal, value))}]" if value else "'{}'"


async def act_for(conn: Connection, resident_id: UUID) -> None:
    """Let the rest of this transaction see one resident's rows. The caller has checked the right to it."""
    sql = "SELECT set_config('app.resident', $1, true) AS resident"
    await conn.execute(sql, str(resident_id))


async def fetch_all(conn: Connection, row: type[Row], sql: str, *args: object) -> list[Row]:
    """Every row as a Struct whose fields are the columns."""
    return [msgspec.convert(dict(record), row) for record in await conn.fetch(sql, *args)]


async def find_one(conn: Connection, row: type[Row], sql: str, *args: object) -> Row | None:
    """The one row as a Struct, or None."""
    record = await conn.fetchrow(sql, *args)
    return None if record is None else msgspec.convert(dict(record), row)


async def open_pool(dsn: str, size: int, **options: Any) -> Pool:
    """A pool whose connections speak jsonb by msgspec and are handed back without a reset.

    The reset is safe to leave out while only `SET LOCAL` and transaction locks are used,
    which a drill holds (rls, T41).
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=options.pop("min_size", 0),
        max_size=size,
        init=_speak_json,
        reset=_leave_as_is,
        **options,
    )


async def _speak_json(conn: Connection) -> None:
    for name in ("json", "jsonb"):
        await conn.set_type_codec(
            name, schema="pg_catalog", encoder=as_json, decoder=msgspec.json.decode
        )


async def _leave_as_is(conn: Connection) -> None:
    if conn.is_in_transaction():
        await conn.execute("ROLLBACK")
