"""The queue of jobs: put, claim, complete, postpone; and the round a worker makes."""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from uuid import UUID

import structlog

from domain.db import BUCKETS, Connection, Pool, begin, bucket_of, fetch_all
from domain.jobs.model import LEASE, LONGEST_WAIT, Job, Kind, backoff

Do = Callable[[Connection, Job], Awaitable[bool]]
"""Does a job in a transaction of its own. False: not yet, nothing of it is kept."""

CLAIMED_AT_ONCE = 20

log = structlog.get_logger()


class NotYet(Exception):
    """A job cannot be done now; rolls back what it has begun."""


async def put(conn: Connection, kind: Kind, resident_id: UUID, about: int | None = None) -> None:
    """Queue a job. It exists once this transaction has committed, or not at all."""
    sql = "INSERT INTO job (bucket, kind, resident_id, about) VALUES ($1, $2, $3, $4)"
    await conn.execute(sql, bucket_of(resident_id), kind, resident_id, about)


async def claim(conn: Connection, bucket: int, limit: int) -> list[Job]:
    """Lease what is due in a bucket. In a transaction of its own: the lease counts once it commits."""
    sql = """
        UPDATE job j
           SET leased_until = clock_timestamp() + $3, attempts = least(j.attempts + 1, 1000)
          FROM (SELECT job_id
                  FROM job
                 WHERE bucket = $1 AND due_at <= clock_timestamp()
                   AND (leased_until IS NULL OR leased_until <= clock_timestamp())
                 ORDER BY due_at
                 LIMIT $2
                   FOR UPDATE SKIP LOCKED) due
         WHERE j.bucket = $1 AND j.job_id = due.job_id
        RETURNING j.bucket, j.job_id, j.kind, j.resident_id, j.about, j.attempts, j.leased_until
    """
    return await fetch_all(conn, Job, sql, bucket, limit, LEASE)


async def complete(conn: Connection, job: Job) -> bool:
    """Take a job off the queue, in the transaction that does it. False: the lease is lost, leave it."""
    sql = """
        DELETE FROM job WHERE bucket = $1 AND job_id = $2 AND leased_until = $3
        RETURNING job_id
    """
    done = await conn.fetchval(sql, job.bucket, job.job_id, job.leased_until)
    return done is not None


async def postpone(conn: Connection, job: Job, wait: timedelta) -> None:
    """Give a job back, to be claimed again after a while."""
    sql = """
        UPDATE job SET leased_until = NULL, due_at = clock_timestamp() + $4
         WHERE bucket = $1 AND job_id = $2 AND leased_until = $3
    """
    await conn.execute(sql, job.bucket, job.job_id, job.leased_until, wait)


async def work(pool: Pool, by_kind: Mapping[Kind, Do]) -> int:
    """Do what is due in every bucket. How many jobs are done."""
    done = 0
    for bucket in range(BUCKETS):
        async with pool.acquire() as conn:
            async with begin(conn, job="claim"):
                claimed = await claim(conn, bucket, CLAIMED_AT_ONCE)
            for job in claimed:
                done += await _attempt(conn, job, by_kind[job.kind])
    return done


async def _done(do: Do, conn: Connection, job: Job) -> None:
    if not await do(conn, job):
        raise NotYet


async def _attempt(conn: Connection, job: Job, do: Do) -> bool:
    """Do a job and take it off the queue in one transaction, or give it back."""
    wait = LONGEST_WAIT
    try:
        async with begin(conn, job="work"):
            if not await complete(conn, job):
                return False
            await _done(do, conn, job)
    except NotYet:
        wait = min(LONGEST_WAIT, backoff(job.attempts, 1.0))
    except Exception as error:  # noqa: BLE001 - one job that fails must not stop the others
        # Its text and its frames may hold what must not be in a log; its class does not.
        log.error(  # noqa: TRY400
            "job_failed", kind=job.kind, attempts=job.attempts, error=type(error).__name__
        )
        wait = backoff(job.attempts, random.random())  # noqa: S311 - jitter, not a secret
    else:
        return True
    async with begin(conn, job="work"):
        await postpone(conn, job, wait)
    return False
