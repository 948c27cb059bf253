"""A change of the key-encryption key: what the older ones wrapped is wrapped by the one in force.

In batches, each a transaction that changes only what is still as it was read: it may be stopped
anywhere and begun again, several may do it at once, and what is destroyed meanwhile stays so. No
lock is taken, since the data keys and what they sealed stay the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

from msgspec import Struct

from domain.damage import Damaged
from domain.db import BEGINNING, Connection, Pool, begin, fetch_all
from domain.donations import sealed_emails
from domain.donations.keys import KeyProvider, WrappedKey, context, opened_text
from domain.residents import person_number, sealed_numbers
from domain.residents.sealed_numbers import Sealed

BATCH = 500

Old = TypeVar("Old")
New = TypeVar("New")
Tell = Callable[[int], None]
"""Hears after each batch how many it changed."""


class Turned(NamedTuple):
    """What a walk came to. `damaged` did not open, and is as it was."""

    changed: int = 0
    damaged: int = 0

    def plus(self, more: "Turned") -> "Turned":
        return Turned(self.changed + more.changed, self.damaged + more.damaged)


class Key(Struct, frozen=True):
    """A data key as it is stored."""

    resident_id: UUID
    scope: str
    version: int
    kek: str
    wrapped: bytes

    @property
    def bound(self) -> bytes:
        return context(self.resident_id, self.scope, self.version)

    @property
    def as_wrapped(self) -> WrappedKey:
        return WrappedKey(self.kek, self.wrapped)


async def rewrap(pool: Pool, provider: KeyProvider, tell: Tell) -> Turned:
    """Wrap every data key under the key-encryption key in force. Raises `KeyUnavailable`."""

    async def anew(key: Key) -> WrappedKey:
        return await provider.wrap(await provider.unwrap(key.as_wrapped, key.bound), key.bound)

    current = await provider.current()
    at, total = (BEGINNING, "", 0), Turned()
    while True:
        async with pool.acquire() as conn, begin(conn, job="keys"):
            found = await _wrapped_by_others(conn, current, at)
        if not found:
            return total
        at = (found[-1].resident_id, found[-1].scope, found[-1].version)
        total = total.plus(await _turn(pool, found, anew, _keep))
        tell(total.changed)


async def reseal_numbers(pool: Pool, provider: KeyProvider, tell: Tell) -> Turned:
    """Seal every person number under the key-encryption key in force. Raises `KeyUnavailable`."""

    async def anew(one: Sealed) -> bytes:
        plain = await opened_text(provider, one.sealed, person_number.context(one.resident_id))
        return await person_number.seal(provider, one.resident_id, plain)

    find, keep = sealed_numbers.sealed_by_others, sealed_numbers.replace
    return await _reseal(pool, await provider.current(), find, anew, keep, tell)


async def reseal_emails(pool: Pool, provider: KeyProvider, tell: Tell) -> Turned:
    """Seal every e-mail address under the key-encryption key in force. Raises `KeyUnavailable`."""

    async def anew(one: Sealed) -> bytes:
        plain = await sealed_emails.opened(provider, one.resident_id, one.sealed)
        return await sealed_emails.seal(provider, one.resident_id, plain)

    find, keep = sealed_emails.sealed_by_others, sealed_emails.replace
    return await _reseal(pool, await provider.current(), find, anew, keep, tell)


async def _reseal(
    pool: Pool,
    current: str,
    find: Callable[[Connection, str, UUID, int], Awaitable[list[Sealed]]],
    anew: Callable[[Sealed], Awaitable[bytes]],
    keep: Callable[[Connection, Sequence[Sealed], Sequence[bytes]], Awaitable[int]],
    tell: Tell,
) -> Turned:
    at, total = BEGINNING, Turned()
    while True:
        async with pool.acquire() as conn, begin(conn, job="keys"):
            found = await find(conn, current, at, BATCH)
        if not found:
            return total
        at = found[-1].resident_id
        total = total.plus(await _turn(pool, found, anew, keep))
        tell(total.changed)


async def counted(conn: Connection) -> Mapping[str, int]:
    """How many data keys each key-encryption key wraps."""
    sql = "SELECT kek, count(*) AS keys FROM data_key GROUP BY kek"
    return {row["kek"]: row["keys"] for row in await conn.fetch(sql)}


async def _turn(
    pool: Pool,
    found: Sequence[Old],
    anew: Callable[[Old], Awaitable[New]],
    keep: Callable[[Connection, Sequence[Old], Sequence[New]], Awaitable[int]],
) -> Turned:
    """Do one batch: outside any transaction what may take long, then what is stored."""

    async def tried(one: Old) -> tuple[Old, New] | None:
        try:
            return one, await anew(one)
        except Damaged:
            return None

    pairs = [pair for pair in await asyncio.gather(*map(tried, found)) if pair]
    async with pool.acquire() as conn, begin(conn, job="keys"):
        changed = await keep(conn, [old for old, _ in pairs], [new for _, new in pairs])
    return Turned(changed, len(found) - len(pairs))


async def _wrapped_by_others(
    conn: Connection, kek_id: str, after: tuple[UUID, str, int]
) -> list[Key]:
    sql = """
        SELECT resident_id, scope, version, kek, wrapped
          FROM data_key
         WHERE (resident_id, scope, version) > ($2, $3, $4::int) AND kek <> $1
         ORDER BY resident_id, scope, version
         LIMIT $5
    """
    return await fetch_all(conn, Key, sql, kek_id, *after, BATCH)


async def _keep(conn: Connection, before: Sequence[Key], after: Sequence[WrappedKey]) -> int:
    sql = """
        WITH changed AS (
            UPDATE data_key k
               SET kek = n.kek, wrapped = n.wrapped
              FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bytea[], $5::text[], $6::bytea[])
                   AS n (resident_id, scope, version, before, kek, wrapped)
             WHERE k.resident_id = n.resident_id AND k.scope = n.scope AND k.version = n.version
               AND k.wrapped = n.before
            RETURNING 1)
        SELECT count(*) AS changed FROM changed
    """
    rows = [
        (old.resident_id, old.scope, old.version, old.wrapped, *new)
        for old, new in zip(before, after, strict=True)
    ]
    columns = zip(*rows, strict=True) if rows else [[]] * 6
    changed: int = await conn.fetchval(sql, *columns)
    return changed
