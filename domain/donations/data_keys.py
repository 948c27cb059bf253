"""The wrapped data keys of a resident, as rows: found, made at first need."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import astuple

from domain.damage import Damaged
from domain.db import Connection
from domain.donations.keys import KeyProvider, WrappedKey, context, new_key


class KeyMissing(Damaged):
    """Something is said to be sealed with a version of a key that is not there."""


class Opened(dict[tuple[str, int], bytes]):
    """Data keys by scope and version. Looking up one that is not there raises `KeyMissing`."""

    def __missing__(self, name: tuple[str, int]) -> bytes:
        raise KeyMissing


class Ring(NamedTuple):
    """A resident's opened data keys."""

    keys: Opened

    def newest(self, scope: str) -> int:
        """The version to seal with."""
        return max(version for held, version in self.keys if held == scope)


async def opened(
    conn: Connection, provider: KeyProvider, resident_id: UUID, scopes: Sequence[str]
) -> Ring:
    """The data keys of these scopes. Raises `KeyUnavailable`, `KeyForeign`."""
    sql = """
        SELECT scope, version, kek, wrapped
          FROM data_key
         WHERE resident_id = $1 AND scope = ANY($2)
    """
    rows = await conn.fetch(sql, resident_id, scopes)
    return await ring_of(provider, resident_id, rows)


async def ring_of(provider: KeyProvider, resident_id: UUID, rows: Iterable[Iterable[Any]]) -> Ring:
    """The keys of rows of scope, version, kek and wrapped. Raises `KeyUnavailable`, `KeyForeign`."""
    names, sealed = [], []
    for scope, version, kek, wrapped in rows:
        names.append((scope, version))
        sealed.append((WrappedKey(kek, wrapped), context(resident_id, scope, version)))
    return Ring(Opened(zip(names, await provider.unwrap_all(sealed), strict=True)))


async def opened_or_made(
    conn: Connection, provider: KeyProvider, resident_id: UUID, scopes: Sequence[str]
) -> Ring:
    """The data keys of these scopes, each with at least one."""
    ring = await opened(conn, provider, resident_id, scopes)
    _, new = await with_new(provider, ring, resident_id, scopes)
    if not new:
        return ring
    await _store(conn, resident_id, new)
    return await opened(conn, provider, resident_id, scopes)  # another request may have been first


class NewKey(Struct, frozen=True):
    """A data key to be stored, the first of its scope."""

    scope: str
    kek: str
    wrapped: bytes
    version: int = 1


async def with_new(
    provider: KeyProvider, ring: Ring, resident_id: UUID, scopes: Iterable[str]
) -> tuple[Ring, list[NewKey]]:
    """The ring with a key of each scope, and those of them that are yet to be stored. Raises `KeyUnavailable`."""
    keys, new = Opened(ring.keys), []
    for scope in sorted(set(scopes) - {scope for scope, _ in keys}):
        key = new_key()
        new.append(NewKey(scope, *await provider.wrap(key, context(resident_id, scope, 1))))
        keys[scope, 1] = key
    return Ring(keys), new


async def _store(conn: Connection, resident_id: UUID, new: Sequence[NewKey]) -> None:
    sql = """
        INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
        SELECT $1, made.scope, made.version, made.kek, made.wrapped
          FROM unnest($2::text[], $3::text[], $4::bytea[], $5::integer[]) AS made (scope, kek, wrapped, version)
            ON CONFLICT DO NOTHING
    """
    await conn.execute(sql, resident_id, *zip(*map(astuple, new), strict=True))
