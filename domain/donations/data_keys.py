"""The wrapped data keys of a resident, as rows: found, made at first need."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

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
    missing = sorted(set(scopes) - {scope for scope, _ in ring.keys})
    if not missing:
        return ring
    await _make(conn, provider, resident_id, missing)
    return await opened(conn, provider, resident_id, scopes)  # another request may have been first


async def _make(
    conn: Connection, provider: KeyProvider, resident_id: UUID, scopes: Sequence[str]
) -> None:
    sql = """
        INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
        SELECT $1, made.scope, 1, made.kek, made.wrapped
          FROM unnest($2::text[], $3::text[], $4::bytea[]) AS made (scope, kek, wrapped)
            ON CONFLICT DO NOTHING
    """
    wrapped = [await provider.wrap(new_key(), context(resident_id, scope, 1)) for scope in scopes]
    keks, sealed = [key.kek_id for key in wrapped], [key.sealed for key in wrapped]
    await conn.execute(sql, resident_id, scopes, keks, sealed)
