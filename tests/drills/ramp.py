"""`make drill-ramp`: T24, knocks for a whole region by a simulated clock, shared by several workers."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise

from domain.db import Pool, begin
from notifications import claims
from notifications.pace import MOST_A_SECOND, RAMP, Pace
from notifications.worker import BATCH
from tests.drills.harness import MUTANT, Part, Site, run, scaled

RESIDENTS = 2_400_000
WORKERS = 4
FROM = int(datetime(2026, 3, 2, 11, 56, 30, tzinfo=UTC).timestamp())
LONGEST = 3600
"""Seconds of the simulated clock."""
MINUTE, QUARTER, AWAY = 60, 15 * 60, 2 * 60
MOST_A_MINUTE = 600_000
"""As FCM asks; written out here, since what is drilled may be wrong."""


async def t24(here: Site) -> Part:
    """Every second each worker asks for batch after batch until none is granted."""
    if MUTANT:
        claims.granted = _as_fast_as_it_goes  # type: ignore[attr-defined] # for this process
    left, sent, now = scaled(RESIDENTS), Counter[int](), FROM
    async with here.pool(WORKERS, "worker") as pool:
        while left > 0 and now < FROM + LONGEST:
            asked = [_ask(pool, now, left // WORKERS + 1) for _ in range(WORKERS)]
            sent[now] = sum(await asyncio.gather(*asked))
            left -= sent[now]
            now += 1
    wrong = {
        "unsent": max(0, left),
        "too_many_in_a_minute": _over(sent, now),
        "near_a_quarter": sum(sent[at] for at in sent if _is_near(at)),
        "not_slowly_up": sum(_jumps(sent, at) for at in _starts(sent, now)),
    }
    figures = {"seconds": now - FROM, "most_in_a_second": max(sent.values()), **wrong,
               "first_seconds": [sent[at] for at in sorted(sent) if sent[at]][:5]}  # fmt: skip
    return Part(n=sum(sent.values()), violations=sum(wrong.values()), more=figures)


async def _ask(pool: Pool, now: int, share: int) -> int:
    """What one worker may send in a second."""
    granted = 0
    async with pool.acquire() as conn:
        while granted < share:
            async with begin(conn, job="drill"):
                more = await claims.allow(conn, min(BATCH, share - granted), bulk=True, now=now)
            if not more:
                break
            granted += more
    return granted


def _over(sent: Mapping[int, int], until: int) -> int:
    """How many went beyond what any minute may see."""
    minutes = (sum(sent.get(at + n, 0) for n in range(MINUTE)) for at in range(FROM, until))
    return max(0, max(minutes, default=0) - MOST_A_MINUTE)


def _is_near(at: int) -> bool:
    return at % QUARTER < AWAY or at % QUARTER >= QUARTER - AWAY


def _starts(sent: Mapping[int, int], until: int) -> list[int]:
    """The seconds in which sending began after a rest."""
    return [at for at in range(FROM, until) if sent.get(at) and not sent.get(at - 1)]


def _jumps(sent: Mapping[int, int], start: int) -> int:
    """In the minute after a start: seconds that saw fewer than the one before, or too many too soon."""
    seconds = [sent.get(start + n, 0) for n in range(RAMP)]
    ended = next((n for n, count in enumerate(seconds) if not count), RAMP)
    steep = sum(n > MOST_A_SECOND * (s + 1) / RAMP + 1 for s, n in enumerate(seconds))
    rising = seconds[: max(0, ended - 1)]  # the last one takes what is left
    return steep + sum(later < earlier for earlier, later in pairwise(rising))


def _as_fast_as_it_goes(pace: Pace, now: int, wanted: int, *, bulk: bool) -> tuple[Pace, int]:  # noqa: ARG001
    """The mutant: whatever is asked for is granted."""
    return pace, wanted


if __name__ == "__main__":
    run("ramp", {"T24": t24}, mutants=["T24"])
