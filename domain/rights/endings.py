"""Choices that run out: residents are told two weeks ahead, and when it has happened."""

from datetime import datetime, timedelta

from domain.consents import gate
from domain.db import Connection, Pool, begin
from domain.rights import unused
from domain.surveys import declared_facts
from notifications import outbox
from notifications.kinds import Kind
from notifications.outbox import About

AHEAD = timedelta(days=14)
BEHIND = timedelta(days=7)
"""How long ago a choice may have run out to be told of still: for workers that stood still."""
BATCH = 500


async def tell(pool: Pool) -> dict[str, int]:
    """Tell of what runs out and has run out, once each. How many were told."""
    return {
        "told_of_expiring": await _tell_of(pool, Kind.CONSENT_EXPIRING, timedelta(0), AHEAD),
        "told_of_ended": await _tell_of(pool, Kind.CONSENT_ENDED, -BEHIND, timedelta(0)),
    }


async def _tell_of(pool: Pool, kind: Kind, since: timedelta, until: timedelta) -> int:
    """Page through a stretch of time; many choices may run out in the same instant."""
    told, limit = 0, BATCH
    async with pool.acquire() as conn:
        async with begin(conn, job="endings"):
            sql = "SELECT now() AS now"
            now: datetime = await conn.fetchval(sql)
        after = now + since
        while True:
            async with begin(conn, job="endings"):
                found = await _page(conn, after, now + until, limit)
                told += await _promise(conn, kind, found)
            if len(found) < limit:
                return told
            if found[-1].valid_until == found[0].valid_until:
                limit *= 2
            # The last instant is read again: its others may be on the next page.
            after = found[-1].valid_until - timedelta(microseconds=1)


async def _page(
    conn: Connection, after: datetime, until: datetime, limit: int
) -> list[gate.Ending]:
    """What runs out, in the turn of one worker; nothing where another one has it."""
    sql = "SELECT pg_try_advisory_xact_lock(hashtext('medverka'), hashtext('endings')) AS mine"
    return await gate.ending(conn, after, until, limit) if await conn.fetchval(sql) else []


async def _promise(conn: Connection, kind: Kind, found: list[gate.Ending]) -> int:
    """Tell those who have not been told, and look whether what they donated has a use left."""
    those = [About(one.resident_id, one.item_id, one.study_id) for one in found]
    since = min((one.valid_until for one in found), default=None)
    if since is None:
        return 0
    told = await outbox.promise_each(conn, kind, those, unless_since=since - AHEAD - BEHIND)
    if kind is Kind.CONSENT_ENDED:
        for resident_id in sorted(set(told)):
            await unused.mark(conn, resident_id)
            await declared_facts.forget(conn, resident_id)
    return len(told)
