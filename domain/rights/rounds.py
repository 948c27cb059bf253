"""Rounds: walks over all residents for what nobody's request tells of.

A stretch's promises and the round's place are one transaction behind the round's row: whoever is
killed, and however many walk, everyone is told once.
"""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b
from uuid import UUID

from msgspec import Struct

from domain.consents import gate, review
from domain.db import Connection, Pool, begin, find_one
from domain.donations import sources
from notifications import outbox
from notifications.kinds import Kind
from notifications.outbox import About

STRETCH = 500
"""Residents looked at in one transaction."""
REST = timedelta(days=1)
"""From the beginning of one round of silences to that of the next."""


class _Round(Struct, frozen=True):
    round_id: UUID
    kind: str
    notice_id: UUID | None
    notice_version: int | None
    after_resident: UUID


async def go(pool: Pool) -> dict[str, int]:
    """All rounds that are due, to their ends. How many were told."""
    told = {"told_of_silences": 0, "told_to_review": 0}
    while True:
        async with pool.acquire() as conn, begin(conn, job="round"):
            at = await _due(conn)
            if at is None:
                return told
            kind = "told_of_silences" if at.kind == "silences" else "told_to_review"
            told[kind] += await _step(conn, at)


async def _due(conn: Connection) -> _Round | None:
    """One to go on with, that no other worker has in hand."""
    sql = """
        SELECT round_id, kind, notice_id, notice_version,
               coalesce(after_resident, '00000000-0000-0000-0000-000000000000') AS after_resident
          FROM round
         WHERE after_resident IS NOT NULL OR (kind = 'silences' AND begun_at < now() - $1::interval)
         ORDER BY round_id
         LIMIT 1
           FOR UPDATE SKIP LOCKED
    """
    return await find_one(conn, _Round, sql, REST)


async def _step(conn: Connection, at: _Round) -> int:
    sql = """
        SELECT resident_id
          FROM resident
         WHERE resident_id > $1
         ORDER BY resident_id
         LIMIT $2
    """
    who = [row["resident_id"] for row in await conn.fetch(sql, at.after_resident, STRETCH)]
    sql = """
        UPDATE round
           SET after_resident = $2,
               begun_at = CASE WHEN after_resident IS NULL THEN clock_timestamp() ELSE begun_at END
         WHERE round_id = $1
    """
    await conn.execute(sql, at.round_id, who[-1] if len(who) == STRETCH else None)
    if at.notice_id is None or at.notice_version is None:
        return await _tell_of_silences(conn, who)
    asked = await review.to_ask_again(conn, at.notice_id, at.notice_version, who)
    those = [About(one.resident_id, at.notice_id, one.study_id) for one in asked]
    return len(await outbox.promise_each(conn, Kind.CONSENT_TO_REVIEW, those))


async def _tell_of_silences(conn: Connection, who: Sequence[UUID]) -> int:
    """Once for each silence: not where it has been told since the source was last heard of."""
    sql = """
        SELECT t.resident_id, t.about, t.sent_at
          FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS t (resident_id, about, sent_at)
         WHERE NOT EXISTS (
               SELECT FROM message m
                WHERE m.resident_id = t.resident_id AND m.kind = 'source-silent'
                  AND m.about = t.about AND m.created_at > t.sent_at)
    """
    quiet = await sources.fallen_silent(conn, who)
    named = [_about(one) for one in quiet]
    rows = await conn.fetch(
        sql, [one.resident_id for one in quiet], named, [one.sent_at for one in quiet]
    )
    those = [
        About(row["resident_id"], row["about"], None)
        for row in rows
        if any((await gate.collecting(conn, row["resident_id"])).values())
    ]
    return len(await outbox.promise_each(conn, Kind.SOURCE_SILENT, those))


def _about(source: sources.Silent) -> UUID:
    """A source has no id of its own: a hash of its name stands for it."""
    name = f"{source.app}\x00{source.device}".encode()
    return UUID(bytes=blake2b(name, digest_size=16).digest(), version=5)
