"""Where a resident's donations come from: which sources fell silent, and what apps say of their permissions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Annotated
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Meta, Struct

from domain.consents import gate
from domain.db import Connection, fetch_all
from domain.donations.measures.over_time import SUFFIX
from domain.donations.model import Source
from domain.donations.silence import UPLOADS_WITHIN, Heard, Silence, silence
from domain.fields import Code, Input, Instant, Name

OF_LATE = timedelta(days=14)
"""A source that has been silent for longer than this beyond what is usual is not told of any more."""


class Giver(Input, frozen=True, kw_only=True):
    """An app, and the device that it has samples of, whatever their circumstances."""

    app: Annotated[Name, Meta(examples=["se.region.medverka"])]
    device: Annotated[Name | None, Meta(examples=["Pixel Watch 3"])] = None


class Permission(Input, frozen=True, kw_only=True):
    """Whether the phone lets the app read a measure. What cannot be known is left out."""

    measure: Code
    granted: bool


class Permissions(Input, frozen=True, kw_only=True):
    """What an app may read of a device, by its own clock at `told_at`. The latest that was told counts."""

    source: Giver
    permissions: Annotated[list[Permission], Meta(min_length=1, max_length=500)]
    told_at: Instant

    def __post_init__(self) -> None:
        """Refuse what says two things of one measure (ValueError)."""
        super().__post_init__()
        if len({one.measure for one in self.permissions}) < len(self.permissions):
            raise ValueError("a measure stands more than once")


class Noted(Struct, frozen=True, kw_only=True):
    """Of how many streams it was noted. Nothing is kept of a measure that was never given."""

    streams: int


class Feed(Struct, frozen=True, kw_only=True):
    """One stream, and why nothing comes from it; null where it can be expected to go on.

    Also null for what is said over a time (`…-over-time`): that comes when it comes.
    `permitted` is what the app last said, null where it never did.
    """

    stream_id: UUID
    measure: str
    category: str
    context: dict[str, str]
    newest_ms: int
    last_upload_at: datetime
    permitted: bool | None
    silence: Silence | None


class Giving(Struct, frozen=True, kw_only=True):
    """A source, when it was last heard of, and its streams."""

    source: Giver
    last_upload_at: datetime
    streams: list[Feed]


async def note(conn: Connection, resident_id: UUID, told: Permissions) -> Noted:
    """Note what an app says of its permissions. Saying it again, or late, changes nothing."""
    # Locked in the order in which uploads lock them.
    sql = """
        WITH told AS (
            SELECT s.stream_id, t.granted, least($6, clock_timestamp()) AS at
              FROM unnest($4::text[], $5::boolean[]) AS t (measure, granted)
              JOIN stream s ON s.resident_id = $1 AND s.measure = t.measure
             WHERE s.source::jsonb ->> 'app' = $2
               AND s.source::jsonb ->> 'device' IS NOT DISTINCT FROM $3
             ORDER BY s.measure, s.source
               FOR UPDATE OF s)
        UPDATE stream s
           SET permitted = told.granted,
               permitted_since = CASE WHEN s.permitted = told.granted THEN s.permitted_since
                                      ELSE told.at END,
               permission_told_at = told.at
          FROM told
         WHERE s.resident_id = $1 AND s.stream_id = told.stream_id
           AND (s.permission_told_at IS NULL OR s.permission_told_at <= told.at)
    """
    measures = [one.measure for one in told.permissions]
    granted = [one.granted for one in told.permissions]
    done = await conn.execute(
        sql, resident_id, told.source.app, told.source.device, measures, granted, told.told_at
    )
    return Noted(streams=int(done.rpartition(" ")[2]))


async def giving(
    conn: Connection, resident_id: UUID, after: Giver | None, limit: int, now: datetime
) -> list[Giving]:
    """The resident's sources in the order of their names, each with all of its streams."""
    sql = """
        WITH named AS (
            SELECT *, source::jsonb ->> 'app' AS app,
                   coalesce(source::jsonb ->> 'device', '') AS device
              FROM stream
             WHERE resident_id = $1),
        shown AS (
            SELECT app, device, max(last_upload_at) AS sent_at
              FROM named
             WHERE $2::text IS NULL OR (app, device) > ($2, $3::text)
             GROUP BY app, device
             ORDER BY app, device
             LIMIT $4)
        SELECT app, device, sent_at, n.stream_id, n.measure, n.category, n.source, n.head_ms,
               n.last_upload_at, n.permitted, n.permission_told_at
          FROM shown JOIN named n USING (app, device)
         ORDER BY app, device, n.measure, n.stream_id
    """
    collects = await gate.collecting(conn, resident_id)
    key = (after.app, after.device or "") if after else (None, None)
    rows = await conn.fetch(sql, resident_id, *key, limit)
    return [
        Giving(
            source=Giver(app=app, device=device or None),
            last_upload_at=sent_at,
            streams=[_feed(row, collects.get(row["category"]), now) for row in of_source],
        )
        for (app, device, sent_at), of_source in groupby(rows, key=_named)
    ]


class Silent(Struct, frozen=True):
    """A source that has sent nothing for longer than phones do, and when it last did."""

    resident_id: UUID
    app: str
    device: str
    sent_at: datetime


async def fallen_silent(conn: Connection, resident_ids: Sequence[UUID]) -> list[Silent]:
    """Of these residents the sources that stopped of late. What stopped long ago is known by now."""
    sql = """
        SELECT resident_id, source::jsonb ->> 'app' AS app,
               coalesce(source::jsonb ->> 'device', '') AS device, max(last_upload_at) AS sent_at
          FROM stream
         WHERE resident_id = ANY ($1)
         GROUP BY 1, 2, 3
        HAVING max(last_upload_at) < now() - $2::interval
           AND max(last_upload_at) > now() - $2::interval - $3::interval
    """
    return await fetch_all(conn, Silent, sql, resident_ids, UPLOADS_WITHIN, OF_LATE)


def _named(row: Record) -> tuple[str, str, datetime]:
    return row["app"], row["device"], row["sent_at"]


def _feed(row: Record, collects: bool | None, now: datetime) -> Feed:  # noqa: FBT001
    newest = datetime.fromtimestamp(row["head_ms"] / 1000, UTC)
    heard = Heard(collects, row["permitted"], row["permission_told_at"], row["sent_at"], newest)
    regular = not row["measure"].endswith(SUFFIX)
    context = msgspec.json.decode(row["source"], type=Source).context
    return Feed(
        stream_id=row["stream_id"],
        measure=row["measure"],
        category=row["category"],
        context=dict(context or {}),
        newest_ms=row["head_ms"],
        last_upload_at=row["last_upload_at"],
        permitted=row["permitted"],
        silence=silence(heard, now) if regular else None,
    )
