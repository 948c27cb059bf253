"""What carries knocks, measured without worker and database: our carrier, and the stand-in's ceiling."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from uuid import uuid4

from notifications.fcm import Fcm
from notifications.firebase import Account
from notifications.push import Begun, Knock, Target
from tests.fcm.plan import Plan
from tests.fcm.standin import StandIn

BATCH = 100
UNDER_WAY = 8
"""Batches at once."""
PROCESSES = 2


def knocks(count: int) -> list[Knock]:
    """So many, each for a device of its own, whose value is as long as FCM's are."""
    return [
        Knock(uuid4(), Target(uuid4(), "fid", f"{n:0>152}", "android", "sv"), timedelta(hours=1), "k", urgent=False)
        for n in range(count)
    ]  # fmt: skip


def account(there: StandIn) -> Account:
    """The stand-in's."""
    return Account(
        credentials=str(there.account), address=there.address, authority=str(there.authority)
    )


def carried(by: Account, count: int) -> float:
    """Messages a second that one process carries."""
    return asyncio.run(_carried(by, knocks(count)))


def ceiling(there: StandIn, count: int) -> float:
    """Messages a second that the stand-in answers at once, when two processes do nothing but ask."""
    there.plan(Plan())
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
        begun = [processes.submit(carried, account(there), count) for _ in range(PROCESSES)]
        return sum(one.result() for one in begun)


async def _carried(by: Account, waiting: Sequence[Knock]) -> float:
    pusher = Fcm(by)
    try:
        await pusher.begin(knocks(1))[0].answer  # the token, and the first connection
        begun = time.perf_counter()
        under_way: deque[list[Begun]] = deque()
        for i in range(0, len(waiting), BATCH):
            under_way.append(pusher.begin(waiting[i : i + BATCH]))
            if len(under_way) >= UNDER_WAY:
                await _accepted(under_way.popleft())
        for batch in under_way:
            await _accepted(batch)
        return len(waiting) / (time.perf_counter() - begun)
    finally:
        await pusher.close()


async def _accepted(batch: Sequence[Begun]) -> None:
    causes = Counter([(await one.answer).cause for one in batch])
    if causes.keys() != {"accepted"}:
        raise RuntimeError(f"not all were accepted: {causes}")
