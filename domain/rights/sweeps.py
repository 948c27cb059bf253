"""What the worker does in rounds: finish what requests left, and keep the promises about time.

Each resident is a transaction of its own; one that fails does not stop the others, and several
workers may make their rounds at once.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import structlog

from domain.db import BEGINNING, Connection, Pool, begin
from domain.jobs import store as jobs
from domain.jobs.model import Job
from domain.residents import emails
from domain.residents import store as residents
from domain.rights import announcing, endings, erase, rounds, unused, unused_keys, withdraw
from domain.surveys import assigning, assignments, concerns, scheduling
from notifications import devices

BATCH = 500

Find = Callable[[Connection, UUID, int], Awaitable[list[UUID]]]
"""Residents with something to do, in the order of their ids, after one of them."""
Do = Callable[[Connection, UUID], Awaitable[object]]

log = structlog.get_logger()


async def sweep(pool: Pool) -> dict[str, int]:
    """One round. How much of each was done."""
    return {
        "announced": await announcing.walk(pool),
        "withdrawals_finished": await _each(pool, open_withdrawals, withdraw.finish),
        "jobs_done": await jobs.work(
            pool, {"erase-account": _erase_account, "destroy-keys": _destroy_keys}
        ),
        "unused_erased": await _each(pool, unused.overdue, unused.erase),
        "erased_looked_at_again": await _each(pool, erase.recent, erase.destroy),
        "replies_purged": await _purge(pool, purge_replies),
        "devices_retired": await _purge(pool, devices.retire_stale),
        "emails_purged": await _purge(pool, emails.purge_removed),
        "logins_purged": await _purge(pool, residents.purge_closed_logins),
        "assignments_made": await assigning.walk(pool, datetime.now(UTC)),
        "assignments_cancelled": await _purge(pool, scheduling.cancel),
        "assignments_expired": await _purge(pool, assignments.expire),
        "assignments_knocked": await _purge(pool, assignments.knock),
        "told_of_unseen_answers": await _purge(pool, concerns.tell_overdue),
        **await endings.tell(pool),
        **await rounds.go(pool),
    }


async def open_withdrawals(conn: Connection, after: UUID, limit: int) -> list[UUID]:
    """Residents with a withdrawal that is not drained or not destroyed, or a block that is not drained."""
    sql = """
        SELECT resident_id
          FROM (SELECT resident_id FROM withdrawal
                 WHERE drained_at IS NULL OR destroyed_at IS NULL
                 UNION
                SELECT resident_id FROM block WHERE drained_at IS NULL) owed
         WHERE resident_id > $1
         ORDER BY resident_id
         LIMIT $2
    """
    return [row["resident_id"] for row in await conn.fetch(sql, after, limit)]


async def purge_replies(conn: Connection, limit: int) -> int:
    """Forget answers that no retry asks for any more, after 72 hours."""
    sql = """
        WITH gone AS (
            DELETE FROM reply r
             USING (SELECT actor_id, route, key FROM reply
                     WHERE made_at < now() - interval '72 hours'
                     LIMIT $1) old
             WHERE r.actor_id = old.actor_id AND r.route = old.route AND r.key = old.key
            RETURNING 1)
        SELECT count(*) AS gone FROM gone
    """
    gone: int = await conn.fetchval(sql, limit)
    return gone


async def _erase_account(conn: Connection, job: Job) -> bool:
    return await erase.finish(conn, job.resident_id)


async def _destroy_keys(conn: Connection, job: Job) -> bool:
    return await unused_keys.destroy(conn, job.resident_id)


async def _each(pool: Pool, find: Find, do: Do) -> int:
    """Do something for each resident found. How many times it said that it was done."""
    done, after = 0, BEGINNING
    while True:
        async with pool.acquire() as conn:
            async with begin(conn, job="find"):
                found = await find(conn, after, BATCH)
            for resident_id in found:
                done += await _one(conn, do, resident_id)
        if len(found) < BATCH:
            return done
        after = found[-1]


async def _one(conn: Connection, do: Do, resident_id: UUID) -> bool:
    try:
        async with begin(conn, job="sweep"):
            return bool(await do(conn, resident_id))
    except Exception as error:  # noqa: BLE001 - one resident must not stop the round
        # Its text and its frames may hold what must not be in a log; its class does not.
        log.error("sweep_failed", step=do.__name__, error=type(error).__name__)  # noqa: TRY400
        return False


async def _purge(pool: Pool, purge: Callable[[Connection, int], Awaitable[int]]) -> int:
    total = 0
    while True:
        async with pool.acquire() as conn, begin(conn, job="purge"):
            gone = await purge(conn, BATCH)
        total += gone
        if gone < BATCH:
            return total
