"""`make bench-consent`: giving, withdrawing and reading consent, as apps would over HTTP.

Server, PostgreSQL and load share the machine. Every request is of another resident with a token
never seen before, so no token cache helps. Figures are medians of three runs.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Callable, Iterable
from uuid import UUID

import msgspec
import psutil

from bench.load import Sample, percentile, post, read, run
from bench.region import Region, region

CLIENTS = 16
READERS = 64
RUNS = 3
RESIDENTS = int(os.environ.get("N") or 1500)
HOT_WITHDRAWALS = 60

BARS: dict[str, Callable[[float], bool]] = {
    "give_p99_ms": lambda ms: ms <= 25,
    "withdraw_p99_ms": lambda ms: ms <= 50,
    "withdraw_hot_p99_ms": lambda ms: ms <= 250,
    "read_rps": lambda rps: rps >= 1500,
    "rss_mb": lambda mb: mb <= 150,
}


def main() -> int:
    """Measure, print, and say by the exit status whether all bars held."""
    with region(residents=RESIDENTS * RUNS) as here:
        figures = asyncio.run(_measure(here))
    held = {name: bar(figures[name]) for name, bar in BARS.items()}
    line = {"bench": "consent", "n": RESIDENTS * RUNS, **figures, "passed": all(held.values())}
    print(msgspec.json.encode(line).decode())
    return 0 if all(held.values()) else 1


async def _measure(here: Region) -> dict[str, float]:
    runs = [await _run(here, here.residents[i::RUNS]) for i in range(RUNS)]
    hot = await _hot(here)
    figures = {name: round(statistics.median(r[name] for r in runs), 2) for name in runs[0]}
    return {**figures, "withdraw_hot_p99_ms": round(hot, 2), "rss_mb": round(_rss(here), 1)}


async def _run(here: Region, residents: list[UUID]) -> dict[str, float]:
    tokens = [here.token(resident) for resident in residents]
    give = await run(here.port, CLIENTS, [_give(here, t, i) for i, t in enumerate(tokens)])
    _expect(give, 201)
    fresh = [here.token(resident) for resident in residents]
    reads = await run(here.port, CLIENTS, [read("/v1/me/consents", t) for t in fresh])
    _expect(reads, 200)
    fresh = [here.token(resident) for resident in residents]
    withdraw = await run(here.port, CLIENTS, [_withdraw(here, t, i) for i, t in enumerate(fresh)])
    _expect(withdraw, 200)
    print(
        f"give {give.per_second:.0f}/s p50 {percentile(give.seconds, 50):.1f} ms, "
        f"read {reads.per_second:.0f}/s, "
        f"withdraw {withdraw.per_second:.0f}/s p50 {percentile(withdraw.seconds, 50):.1f} ms",
        flush=True,
    )
    return {
        "give_p99_ms": percentile(give.seconds, 99),
        "withdraw_p99_ms": percentile(withdraw.seconds, 99),
        "read_rps": reads.per_second,
    }


async def _hot(here: Region) -> float:
    """Withdrawing while 64 study readers use that one resident's data, as fast as they can."""
    resident = here.residents[0]
    stop = asyncio.Event()
    path = f"/v1/studies/{here.study}/samples"
    member = here.token_of("member")
    readers = [asyncio.create_task(_read_on(here, path, member, stop)) for _ in range(READERS)]
    seconds: list[float] = []
    for i in range(HOT_WITHDRAWALS):
        _expect(await run(here.port, 1, [_give(here, here.token(resident), 10**6 + i)]), 201)
        done = await run(here.port, 1, [_withdraw(here, here.token(resident), 10**6 + i)])
        _expect(done, 200)
        seconds += done.seconds
    stop.set()
    counts = await asyncio.gather(*readers)
    print(f"hot: {sum(counts)} study reads meanwhile", flush=True)
    return percentile(seconds, 99)


async def _read_on(here: Region, path: str, token: str, stop: asyncio.Event) -> int:
    reads = 0
    while not stop.is_set():
        _expect(await run(here.port, 1, [read(path, token)]), 200)
        reads += 1
    return reads


def _give(here: Region, token: str, number: int) -> bytes:
    answer = {
        "item_id": here.item,
        "notice_version": 1,
        "language": "en",
        "decision": "permit",
        "seen_seq": 0 if number < 10**6 else 2 * (number - 10**6) + 2 * RUNS_BEFORE_HOT,
        "past": True,
    }
    return post("/v1/me/consent-events", token, {"answers": [answer]}, f"give-{number}")


RUNS_BEFORE_HOT = 1
"""Each resident gave and withdrew once before the hot part."""


def _withdraw(here: Region, token: str, number: int) -> bytes:
    wish = {"scope": "item", "item_id": here.item, "effect": "no-further-use"}
    return post("/v1/me/withdrawals", token, wish, f"withdraw-{number}")


def _expect(sample: Sample, status: int) -> None:
    odd = set(sample.statuses) - {status}
    if odd:
        raise RuntimeError(f"expected {status}, got {sorted(odd)}")


def _rss(here: Region) -> float:
    """The largest serving process, in MB."""
    return max(_sizes(here.server)) / 1e6


def _sizes(parent: psutil.Process) -> Iterable[int]:
    children = parent.children(recursive=True)
    return [process.memory_info().rss for process in children or [parent]]


if __name__ == "__main__":
    sys.exit(main())
