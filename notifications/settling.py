"""After the requests have begun: hear the answers, give up dead addresses, write what became of each."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from uuid import UUID

import structlog

from domain.db import BROKEN, Connection, Pool, begin
from notifications import addresses, devices, figures, recording
from notifications.addresses import Address
from notifications.claims import LEASE
from notifications.deciding import Going, Mailed, Pushed
from notifications.devices import Because, Reachable
from notifications.errands import RETIRING, STOPPING, Errand, Result, Said, results
from notifications.post import Posted
from notifications.push import Answer, Begun

TOGETHER_SECONDS = 0.25
"""How long answers of a batch are waited for to be written together."""
AGAIN_SECONDS = 0.5

log = structlog.get_logger()


class Heard(NamedTuple):
    """Of a batch: how many requests were accepted, refused for what we are, and not even begun."""

    accepted: int = 0
    refused: int = 0
    not_begun: int = 0

    def plus(self, other: "Heard") -> "Heard":
        """Both together."""
        return Heard(*(one + more for one, more in zip(self, other, strict=True)))


class _Open(NamedTuple):
    errand: Errand
    begun: Sequence[Begun | Posted]

    @property
    def is_over(self) -> bool:
        return all(map(_is_over, self.begun))


def _is_over(begun: Begun | Posted) -> bool:
    return begun.answer.done() or begun.started.cancelled()


async def settle(
    pool: Pool, going: Going, begun: Sequence[Pushed] | Sequence[Mailed], *, proven: bool
) -> Heard:
    """Write the end of each errand that was begun soon after its last answer.

    `proven`: of late the service has accepted something of ours. Then an address of another sender
    is a wrong address, and not a sign that we are the wrong sender.
    """
    since, heard = monotonic(), Heard()
    open_ = [_Open(errand, each) for errand, each in begun]
    while open_:
        answers = [b.answer for one in open_ for b in one.begun if not _is_over(b)]
        if answers:
            await asyncio.wait(answers, timeout=TOGETHER_SECONDS)
        over = [one for one in open_ if one.is_over]
        open_ = [one for one in open_ if not one.is_over]
        now = going.at + timedelta(seconds=monotonic() - since)
        heard = heard.plus(
            await _write(pool, going, over, now, proven=proven or heard.accepted > 0)
        )
    return heard


async def _write(
    pool: Pool, going: Going, over: Sequence[_Open], now: datetime, *, proven: bool
) -> Heard:
    answers = [[_answer(one) for one in begun] for _, begun in over]
    verdicts = Counter(one.verdict if one else "not-begun" for each in answers for one in each)
    if proven or verdicts["accepted"]:
        answers = [[_another_s(one) for one in each] for each in answers]
    moved = await _give_up(pool, over, answers)
    written = [
        result
        for (errand, _), each in zip(over, answers, strict=True)
        for result in results(errand, _said(errand, each, moved), now, random.random())  # noqa: S311 - jitter
    ]
    await _record(pool, going, written)
    figures.count(verdicts, written)
    refused = sum(one is not None and one.verdict in STOPPING for each in answers for one in each)
    return Heard(verdicts["accepted"], refused, verdicts["not-begun"])


def _answer(begun: Begun | Posted) -> Answer | None:
    """What the service said, or what stood in the way. None: it was not begun, and nobody is to blame."""
    answer = begun.answer.result() if begun.answer.done() and not begun.answer.cancelled() else None
    if answer and answer.verdict == "later" and begun.started.cancelled():
        return None
    return answer


def _another_s(answer: Answer | None) -> Answer | None:
    if answer and answer.verdict == "sender-mismatch":
        return answer._replace(verdict="invalid-target")
    return answer


def _said(errand: Errand, answers: Sequence[Answer | None], moved: AbstractSet[UUID]) -> list[Said]:
    return [
        Said(device.device_id, answer, device.device_id in moved)
        for device, answer in zip(errand.devices, answers, strict=True)
    ]


async def _give_up(
    pool: Pool, over: Sequence[_Open], answers: Sequence[Sequence[Answer | None]]
) -> set[UUID]:
    """Retire the addresses that no longer hold. Which devices had another by then, or are gone.

    In a transaction of its own: nothing of the outbox is locked while a device's row is waited for.
    """
    dead = [
        (device, _because(answer))
        for (errand, _), each in zip(over, answers, strict=True)
        for device, answer in zip(errand.devices, each, strict=True)
        if answer and answer.verdict in RETIRING
    ]
    if not dead:
        return set()
    dead.sort(key=lambda one: (one[0].resident_id, one[0].device_id))
    async with pool.acquire() as conn, begin(conn, job="retire"):
        return {one.device_id for one, because in dead if not await _retire(conn, one, because)}


def _because(answer: Answer) -> Because:
    return "unregistered" if answer.verdict == "unregistered" else "invalid-target"


async def _retire(conn: Connection, device: Reachable | Address, because: Because) -> bool:
    if isinstance(device, Address):
        return await addresses.give_up(conn, device)
    return await devices.retire(
        conn, device.resident_id, device.device_id, device.value_hash, because
    )


async def _record(pool: Pool, going: Going, written: Sequence[Result]) -> None:
    """As long as the lease may hold: later another worker has the rows, and says it all again."""
    until = monotonic() + LEASE.total_seconds()
    while written and monotonic() < until:
        try:
            await recording.record(pool, going.bucket, going.leased_until, written)
        except BROKEN as error:
            log.warning("recording_waits", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return
