"""The worker's lane of knocks: claim, decide and begin, record; several workers may run at once.

`LISTEN` is a hint that saves waiting, and looking is the truth: a hint that is lost costs two seconds.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from time import monotonic, time

import structlog

from domain.db import BROKEN, BUCKETS, Connection, Pool, begin
from notifications import claims, dead_letters, figures, recording
from notifications.claims import Claimed
from notifications.deciding import Gate, Going, Ways, decide
from notifications.errands import STOPPED
from notifications.hints import Hints
from notifications.post import Post
from notifications.push import Pusher
from notifications.ready import Ended
from notifications.settling import Heard, settle
from notifications.shares import shares

BATCH = 100
"""Knocks of one transaction, at most."""
AT_ONCE = 3
"""Batches that are decided side by side."""
CONNECTIONS = AT_ONCE + 4
"""What a worker's pool has to have: to decide, to record, to listen, to tidy."""
MOST_UNDER_WAY = 1_000
"""Requests that wait for an answer while another batch is begun: a slow service is not asked ever
more. With the batches being decided about what a pusher has room for (`fcm`)."""
ASKED = 500
"""Prompt ones that leave is asked for at once."""
POLL_SECONDS = 2.0
UNHINTED_SECONDS = 0.5
"""Between two looks, without LISTEN (behind a pooler)."""
TIDY_SECONDS = 60.0
PROVEN_SECONDS = 600.0
"""How long something that was accepted shows that we are who we should be."""
SLOW_SECONDS = 5.0
"""How long to let be a service to which nothing could be begun."""

log = structlog.get_logger()


class Worker:
    """One process's lane. `run` goes on until it is told to stop, and leaves nothing half done."""

    def __init__(
        self, pool: Pool, gate: Gate, pusher: Pusher | None, post: Post | None = None
    ) -> None:
        self._pool = pool
        self._gate = gate
        self._ways = Ways(pusher, post)
        self._hints = Hints(pool)
        self._answers = set[asyncio.Task[Heard]]()
        self._under_way = 0
        self._room = asyncio.Event()
        self._room.set()
        self._closed_until = 0.0
        self._trying = False
        self._bulk_from = 0.0
        self._look_again = 0.0
        self._left = (0, 0)
        self._proven_until = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Knock until `stopping` is set; then finish what was begun, and take nothing more."""
        beside = [asyncio.create_task(self._hints.listen()), asyncio.create_task(tidy(self._pool))]
        try:
            while not stopping.is_set():
                if not await self._round(stopping):
                    await self._pause(stopping)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            if self._answers:
                await asyncio.wait(self._answers)

    async def once(self) -> int:
        """One look into every bucket, and the answers to it. How many knocks were claimed."""
        claimed = await self._round(asyncio.Event())
        if self._answers:
            await asyncio.wait(self._answers)
        return claimed

    async def _round(self, stopping: asyncio.Event) -> int:
        """Visit the buckets that were hinted at; all of them every few seconds, and while more is found.

        How many knocks were claimed.
        """
        hinted = self._hints.taken() if monotonic() < self._look_again else set()
        buckets = iter(hinted or random.sample(range(BUCKETS), BUCKETS))
        lanes = 1 if self._trying else AT_ONCE
        claimed = sum(await asyncio.gather(*(self._lane(buckets, stopping) for _ in range(lanes))))
        if not hinted and not claimed:
            self._look_again = monotonic() + POLL_SECONDS
        return claimed

    async def _lane(self, buckets: Iterable[int], stopping: asyncio.Event) -> int:
        claimed = 0
        for bucket in buckets:
            for one in [*self._hints.taken(), bucket]:
                if stopping.is_set() or monotonic() < self._closed_until:
                    return claimed
                claimed += await self._safely(self._visit, one)
            if self._trying and claimed:
                break
        return claimed

    async def _safely(self, visit: Callable[[int], Awaitable[int]], bucket: int) -> int:
        """What goes wrong in one bucket stops no other. Its rows come back when their lease ends."""
        try:
            return await visit(bucket)
        except (*BROKEN, TimeoutError) as error:
            log.warning("knocking_failed", error=type(error).__name__)
            await asyncio.sleep(1)
        except Exception as error:  # noqa: BLE001 - its text may hold what must not be in a log
            log.error("knocking_failed", error=type(error).__name__)  # noqa: TRY400
        return 0

    async def _visit(self, bucket: int) -> int:
        await self._room.wait()
        async with self._pool.acquire() as conn:
            claimed = await self._claim(conn, bucket)
            if claimed:
                await self._knock(conn, bucket, claimed)
        return len(claimed)

    async def _claim(self, conn: Connection, bucket: int) -> list[Claimed]:
        most = 1 if self._trying else BATCH
        in_bulk = {}
        async with begin(conn, job="claim", durable=False):
            claimed = await claims.prompt(conn, bucket, most)
            if not claimed and monotonic() >= self._bulk_from:
                in_bulk = await claims.waiting_in_bulk(conn, bucket, most)
        if claimed:
            await self._may(conn, len(claimed))
        elif in_bulk:
            async with begin(conn, job="claim", durable=False):
                room = await claims.allow(conn, min(most, sum(in_bulk.values())), bulk=True)
            if not room:
                self._bulk_from = monotonic() + _to_next_second()
                return []
            order = random.sample(list(in_bulk), len(in_bulk))
            async with begin(conn, job="claim", durable=False):
                claimed = await claims.bulk(conn, bucket, shares(in_bulk, room, order))
        return claimed

    async def _may(self, conn: Connection, wanted: int) -> None:
        """Wait until so many prompt ones may go, and ask for some of the next in the same second."""
        while wanted > self._allowed(0):
            async with begin(conn, job="claim", durable=False):
                more = await claims.allow(conn, max(wanted, ASKED), bulk=False)
            self._allowed(more)
            if wanted > self._allowed(0):
                await asyncio.sleep(_to_next_second())
        self._allowed(-wanted)

    def _allowed(self, more: int) -> int:
        """How many prompt ones may still go in this second: what is not used is lost with it."""
        second = int(time())
        left = self._left[1] if self._left[0] == second else 0
        self._left = (second, left + more)
        return left + more

    async def _knock(self, conn: Connection, bucket: int, claimed: Sequence[Claimed]) -> None:
        """Decide a batch. Where one row of it cannot be understood, each is decided alone."""
        try:
            async with begin(conn, job="knock"):
                going = await decide(conn, self._gate, self._ways, bucket, claimed)
        except (*BROKEN, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - a class, never a text
            if len(claimed) == 1:
                log.error("knock_dead", error=type(error).__name__)  # noqa: TRY400
                dead = Ended("dead", type(error).__name__)
                async with begin(conn, job="knock"):
                    await recording.end(
                        conn, bucket, claimed[0].leased_until, {claimed[0].message_id: dead}
                    )
                return
            for one in claimed:
                await self._knock(conn, bucket, [one])
            return
        self._hear_post(going)
        await self._hear(going)

    def _hear_post(self, going: Going) -> None:
        """What a mail server says is of itself: it stops no push service, and proves none."""
        if not going.letters:
            return
        task = asyncio.create_task(settle(self._pool, going, going.letters, proven=False))
        self._answers.add(task)
        task.add_done_callback(self._settled)

    async def _hear(self, going: Going) -> None:
        begun = [one for _, each in going.errands for one in each]
        if not begun:
            return
        self._count(len(begun))
        for one in begun:
            one.answer.add_done_callback(self._answered)
        proven = monotonic() < self._proven_until
        task = asyncio.create_task(settle(self._pool, going, going.errands, proven=proven))
        self._answers.add(task)
        task.add_done_callback(lambda done: self._heard(done, len(begun)))
        if self._trying:
            await asyncio.wait([task])

    def _settled(self, task: "asyncio.Task[Heard]") -> Heard | None:
        self._answers.discard(task)
        if task.cancelled():
            return None
        if error := task.exception():
            log.error("recording_failed", error=type(error).__name__)
            return None
        return task.result()

    def _heard(self, task: "asyncio.Task[Heard]", count: int) -> None:
        heard = self._settled(task)
        if heard is None:
            return
        if heard.refused:
            self._close(STOPPED.total_seconds(), "push_refused")
            figures.STOPPED.set(1)
        elif heard.not_begun == count:
            self._close(SLOW_SECONDS, "nothing_begun")
        elif heard.accepted:
            self._trying, self._proven_until = False, monotonic() + PROVEN_SECONDS
            figures.STOPPED.set(0)

    def _answered(self, _: object) -> None:
        self._count(-1)

    def _count(self, more: int) -> None:
        self._under_way += more
        figures.UNDER_WAY.set(self._under_way)
        if self._under_way < MOST_UNDER_WAY:
            self._room.set()
        else:
            self._room.clear()

    def _close(self, seconds: float, why: str) -> None:
        """Send nothing for a while; then one knock at a time, until one is accepted."""
        if monotonic() >= self._closed_until:
            log.error(why, seconds=seconds)
        self._closed_until = monotonic() + seconds
        self._trying = True

    async def _pause(self, stopping: asyncio.Event) -> None:
        """Until a hint, the next look, or the end; for bulk that may go, until the next second."""
        seconds = POLL_SECONDS if self._hints.on else UNHINTED_SECONDS
        if self._bulk_from > monotonic():
            seconds = min(seconds, self._bulk_from - monotonic())
        hinted = asyncio.create_task(self._hints.wait())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait([hinted, stopped], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (hinted, stopped):
            task.cancel()


def _to_next_second() -> float:
    """Until then: what was granted for a second is over with it."""
    return 1 - time() % 1


async def tidy(pool: Pool) -> None:
    """End what is too late, and forget what ended long ago, for ever."""
    while True:
        with suppress(*BROKEN, TimeoutError):
            await tidied(pool)
        await asyncio.sleep(TIDY_SECONDS)


async def tidied(pool: Pool) -> None:
    """One round of it, a bucket at a time."""
    for bucket in range(BUCKETS):
        for step in (claims.expire, dead_letters.purge):
            done = dead_letters.AT_ONCE
            while done == dead_letters.AT_ONCE:
                async with pool.acquire() as conn, begin(conn, job="tidy"):
                    done = await step(conn, bucket, dead_letters.AT_ONCE)
