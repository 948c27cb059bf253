"""Delivery receipts: what an app saw of knocks. The inbox, and not this, says what was read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from domain.db import Connection, fetch_all
from domain.fields import Input, Instant
from notifications.refs import ref

MOST = 500
LATEST_MESSAGES = 1_000
"""Receipts are of late messages: so many, the newest, are looked through for what a reference names."""

What = Literal["delivered", "opened", "dismissed"]


class Delivery(Input, frozen=True, kw_only=True):
    """What became of one knock on a device. `ref` is from the push; `at` is by the device's clock."""

    ref: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
    device_id: UUID
    what: What
    at: Instant


class Deliveries(Input, frozen=True, kw_only=True):
    """Receipts that an app has gathered."""

    deliveries: Annotated[list[Delivery], Meta(min_length=1, max_length=MOST)]


class Received(Struct, frozen=True, kw_only=True):
    """How many receipts were new, and the places of those whose message or device is not here (any more)."""

    recorded: int
    unknown: list[int]


async def record(conn: Connection, resident_id: UUID, given: Sequence[Delivery]) -> Received:
    """Record receipts, each kind of one once for a message and device; the first counts."""
    sql = """
        SELECT message_id FROM message WHERE resident_id = $1 ORDER BY message_id DESC LIMIT $2
    """
    rows = await conn.fetch(sql, resident_id, LATEST_MESSAGES)
    known = {ref(row["message_id"]): row["message_id"] for row in rows}
    sql = "SELECT device_id FROM device WHERE resident_id = $1"
    devices = {row["device_id"] for row in await conn.fetch(sql, resident_id)}
    told = [one.ref in known and one.device_id in devices for one in given]
    found = [one for one, here in zip(given, told, strict=True) if here]
    sql = """
        WITH new AS (
            INSERT INTO delivery (resident_id, message_id, device_id, what, happened_at)
            SELECT $1, r.message_id, r.device_id, r.what, r.happened_at
              FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
                   AS r (message_id, device_id, what, happened_at)
                ON CONFLICT DO NOTHING
            RETURNING 1)
        SELECT count(*) AS recorded FROM new
    """
    recorded: int = await conn.fetchval(
        sql, resident_id, [known[one.ref] for one in found], [one.device_id for one in found],
        [one.what for one in found], [one.at for one in found],
    )  # fmt: skip
    unknown = [at for at, here in enumerate(told) if not here]
    return Received(recorded=recorded, unknown=unknown)


class Kept(Struct, frozen=True, kw_only=True):
    """A receipt as it is kept."""

    message_id: UUID
    device_id: UUID
    what: What
    happened_at: datetime
    recorded_at: datetime


async def of_resident(conn: Connection, resident_id: UUID) -> list[Kept]:
    """A resident's receipts, by message."""
    sql = """
        SELECT message_id, device_id, what, happened_at, recorded_at
          FROM delivery
         WHERE resident_id = $1
         ORDER BY message_id, device_id, what
    """
    return await fetch_all(conn, Kept, sql, resident_id)
