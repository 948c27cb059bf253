"""Devices: where knocks go. An address (FID or token) belongs to the resident who registered it last."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from domain.db import BEGINNING, Connection, fetch_all, find_one
from domain.errors import NotFound
from domain.fields import Input, Language
from notifications import outbox
from notifications.kinds import Kind

STALE = timedelta(days=270)
"""After so long without its app a token is of no use (Firebase's own bound)."""
MOST = 20
"""Devices of a resident that are knocked on: with one more, the one not seen for the longest gives way."""

AppVersion = Annotated[
    str, Meta(max_length=40, pattern=r"^[0-9A-Za-z.+-]*$(?!\n)", examples=["2.4.1"])
]
ValueKind = Literal["fid", "token"]
Platform = Literal["android", "ios", "web"]
Because = Literal["unregistered", "invalid-target", "stale", "signed-out", "too-many"]


class Registration(Input, frozen=True, kw_only=True):
    """What an app says of the device that it runs on. `value`: the FID, or the older token, from Firebase."""

    value_kind: ValueKind
    value: Annotated[
        str, Meta(pattern=r"^[!-~]{1,4096}$(?!\n)", examples=["cBnXq2vTQ0mY7J4rKpL1sA"])
    ]
    platform: Platform
    language: Annotated[Language, Meta(description="Of the words on its lock screen")]
    app_version: AppVersion | None = None


class Device(Struct, frozen=True, kw_only=True):
    """A device as its resident sees it. `retired_because`: why it is not knocked on any more."""

    device_id: UUID
    platform: Platform
    language: str
    app_version: str | None
    registered_at: datetime
    seen_at: datetime
    retired_at: datetime | None
    retired_because: Because | None


class Reachable(Struct, frozen=True, kw_only=True):
    """A device that can be knocked on."""

    resident_id: UUID
    device_id: UUID
    value_kind: ValueKind
    value: str
    value_hash: bytes
    platform: Platform
    language: str


def hash_of(kind: ValueKind, value: str) -> bytes:
    """Under what an address is found. It is no secret from who has the address."""
    return hashlib.sha256(f"{kind}\n{value}".encode()).digest()


async def register(
    conn: Connection, resident_id: UUID, device_id: UUID, given: Registration
) -> Device:
    """Note a device, or that it was seen again, under the address that it has now.

    The resident's other devices are told of one that is new. Doing it again changes but `seen_at`.
    """
    digest = hash_of(given.value_kind, given.value)
    known = await _take(conn, resident_id, device_id, digest)
    sql = """
        INSERT INTO device AS d (resident_id, device_id, value_kind, value, value_hash, platform,
                                 language, app_version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (resident_id, device_id) DO UPDATE
           SET value_kind = excluded.value_kind, value = excluded.value,
               value_hash = excluded.value_hash, platform = excluded.platform,
               language = excluded.language, app_version = excluded.app_version,
               seen_at = clock_timestamp(), retired_at = NULL, retired_because = NULL
        RETURNING device_id, platform, language, app_version, registered_at, seen_at, retired_at,
                  retired_because
    """
    device = await find_one(
        conn, Device, sql, resident_id, device_id, given.value_kind, given.value, digest,
        given.platform, given.language, given.app_version,
    )  # fmt: skip
    if device is None:
        raise NotFound
    if not known:
        await _tell_others(conn, resident_id, device_id)
    return device


async def _take(conn: Connection, resident_id: UUID, device_id: UUID, digest: bytes) -> bool:
    """Have the address be this device's, whosever it was. Whether the device was known and live."""
    sql = "SELECT set_config('app.device', $1, true) AS named"
    await conn.execute(sql, digest.hex())
    sql = """
        WITH before AS (
            DELETE FROM device_value v
             USING device d
             WHERE d.resident_id = $1 AND d.device_id = $2 AND v.value_hash = d.value_hash
               AND v.resident_id = $1 AND v.device_id = $2 AND v.value_hash <> $3),
        now_its AS (
            INSERT INTO device_value AS v (value_hash, resident_id, device_id) VALUES ($3, $1, $2)
                ON CONFLICT (value_hash) DO UPDATE SET resident_id = $1, device_id = $2)
        SELECT EXISTS (SELECT FROM device
                        WHERE resident_id = $1 AND device_id = $2 AND retired_at IS NULL) AS known
    """
    known: bool = await conn.fetchval(sql, resident_id, device_id, digest)
    return known


async def _tell_others(conn: Connection, resident_id: UUID, device_id: UUID) -> None:
    """Of a new device; and let the one not seen for the longest give way where there are too many."""
    sql = """
        SELECT device_id
          FROM device
         WHERE resident_id = $1 AND retired_at IS NULL AND device_id <> $2
         ORDER BY seen_at DESC
    """
    others = [row["device_id"] for row in await conn.fetch(sql, resident_id, device_id)]
    for one in others[MOST - 1 :]:
        await _retire(conn, resident_id, one, None, "too-many")
    if others:
        await outbox.promise(conn, resident_id, Kind.DEVICE_ADDED, device_id)


async def of_resident(
    conn: Connection, resident_id: UUID, after: UUID | None, limit: int
) -> list[Device]:
    """A resident's devices, in the order of their ids. One whose address is another's now is left out."""
    sql = """
        SELECT d.device_id, d.platform, d.language, d.app_version, d.registered_at, d.seen_at,
               d.retired_at, d.retired_because
          FROM device d
         WHERE d.resident_id = $1 AND d.device_id > $2
           AND (d.retired_at IS NOT NULL
                OR EXISTS (SELECT FROM device_value v
                            WHERE v.resident_id = $1 AND v.value_hash = d.value_hash
                              AND v.device_id = d.device_id))
         ORDER BY d.device_id
         LIMIT $3
    """
    return await fetch_all(conn, Device, sql, resident_id, after or BEGINNING, limit)


async def remove(conn: Connection, resident_id: UUID, device_id: UUID) -> None:
    """Forget a device.

    Raises:
        NotFound: the resident has no such device.

    """
    sql = """
        WITH address AS (DELETE FROM device_value WHERE resident_id = $1 AND device_id = $2)
        DELETE FROM device WHERE resident_id = $1 AND device_id = $2 RETURNING device_id
    """
    if await conn.fetchval(sql, resident_id, device_id) is None:
        raise NotFound


async def reachable(conn: Connection, resident_ids: Sequence[UUID]) -> list[Reachable]:
    """The devices of residents that can be knocked on: seen of late, and under addresses still theirs."""
    sql = """
        SELECT resident_id, device_id, value_kind, value, value_hash, platform, language
          FROM device
         WHERE resident_id = ANY ($1) AND retired_at IS NULL AND seen_at > statement_timestamp() - $2::interval
         ORDER BY resident_id, device_id
    """
    found = await fetch_all(conn, Reachable, sql, resident_ids, STALE)
    # Two statements: the directory lives where the hash does, not the resident.
    sql = "SELECT value_hash, resident_id, device_id FROM device_value WHERE value_hash = ANY ($1)"
    rows = await conn.fetch(sql, [one.value_hash for one in found]) if found else []
    theirs = {tuple(row.values()) for row in rows}
    return [d for d in found if (d.value_hash, d.resident_id, d.device_id) in theirs]


async def retire(
    conn: Connection, resident_id: UUID, device_id: UUID, value_hash: bytes, because: Because
) -> bool:
    """Knock on a device no more, if its address is still the one that was sent to. Whether it was."""
    return await _retire(conn, resident_id, device_id, value_hash, because)


async def retire_all(conn: Connection, resident_id: UUID, because: Because) -> None:
    """Knock on none of a resident's devices, until each is registered again."""
    sql = "SELECT device_id FROM device WHERE resident_id = $1 AND retired_at IS NULL"
    for row in await conn.fetch(sql, resident_id):
        await _retire(conn, resident_id, row["device_id"], None, because)


async def retire_stale(conn: Connection, limit: int) -> int:
    """Retire devices that no app has shown for `STALE`. How many."""
    sql = """
        SELECT resident_id, device_id, value_hash
          FROM device
         WHERE retired_at IS NULL AND seen_at <= now() - $1::interval
         LIMIT $2
    """
    rows = await conn.fetch(sql, STALE, limit)
    for row in rows:
        await _retire(conn, row["resident_id"], row["device_id"], row["value_hash"], "stale")
    return len(rows)


async def _retire(
    conn: Connection, resident_id: UUID, device_id: UUID, value_hash: bytes | None, because: Because
) -> bool:
    sql = """
        WITH live AS (
            SELECT value_hash FROM device
             WHERE resident_id = $1 AND device_id = $2 AND retired_at IS NULL
               AND ($3::bytea IS NULL OR value_hash = $3)
               FOR UPDATE),
        address AS (
            DELETE FROM device_value v USING live
             WHERE v.value_hash = live.value_hash AND v.resident_id = $1 AND v.device_id = $2)
        UPDATE device d
           SET retired_at = clock_timestamp(), retired_because = $4, value = NULL, value_hash = NULL
          FROM live
         WHERE d.resident_id = $1 AND d.device_id = $2
        RETURNING d.device_id
    """
    return await conn.fetchval(sql, resident_id, device_id, value_hash, because) is not None
