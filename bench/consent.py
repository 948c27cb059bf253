"""`make bench-consent`: giving, withdrawing and reading consent, as apps would over HTTP.

Server, PostgreSQL and load share the machine. Every request is of another resident with a token
never seen before, so no token cache helps. Figures are medians of three runs. `empty_rps` is what
the same server answers to a request that asks for nothing: how fast the machine was meanwhile.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Callable
from uuid import UUID

import msgspec

from bench.load import connect, percentile, post, read, run
from bench.region import MEMBER, Region, region
from migrations.embedded import Cluster
from tests.drills.harness import own_cluster

CLIENTS = 16
READERS = 64
RUNS = 3
WARM = 200
RESIDENTS = int(os.environ.get("N") or 1500)
HOT_WITHDRAWALS = 300

BARS: dict[str, Callable[[float], bool]] = {
    "give_p99_ms": lambda ms: ms <= 25,
    "withdraw_p99_ms": lambda ms: ms <= 50,
    "withdraw_hot_p99_ms": lambda ms: ms <= 250,
    "read_rps": lambda rps: rps >= 1500,
    "rss_mb": lambda mb: mb <= 150,
}


def main() -> int:
    """Measure, print, and say by the exit status whether all bars held."""
    with own_cluster() as cluster:
        figures = asyncio.run(_measure(cluster))
    passed = all(bar(figures[name]) for name, bar in BARS.items())
    line = {"bench": "consent", "n": RESIDENTS * RUNS, **figures, "passed": passed}
    print(msgspec.json.encode(line).decode())
    return 0 if passed else 1


async def _measure(cluster: Cluster) -> dict[str, float]:
    async with region(cluster, WARM + RESIDENTS * RUNS) as here:
        await _run(here, here.residents[:WARM], "warm")
        async with here.site.connect() as conn:
            await conn.execute("VACUUM ANALYZE")  # plans made for empty tables are nobody's
            await conn.execute("CHECKPOINT")  # nor is WAL that must first be filled with zeros
        runs = [await _run(here, here.residents[WARM + i :: RUNS], f"run{i}") for i in range(RUNS)]
        hot = await _hot(here)
        figures = {name: round(statistics.median(r[name] for r in runs), 2) for name in runs[0]}
        return {**figures, "withdraw_hot_p99_ms": round(hot, 2), "rss_mb": round(_rss(here), 1)}


async def _run(here: Region, residents: list[UUID], name: str) -> dict[str, float]:
    port = here.server.port
    give = await run(port, CLIENTS, [_give(here, r, name) for r in residents])
    give.expect(201)
    reads = await run(port, CLIENTS, [read("/v1/me/consents", here.token(r)) for r in residents])
    reads.expect(200)
    withdraw = await run(port, CLIENTS, [_withdraw(here, r, name) for r in residents])
    withdraw.expect(200)
    nothing = await run(port, CLIENTS, [read("/health/live", "")] * len(residents))
    nothing.expect(200)
    print(
        f"{name}: give {give.per_second:.0f}/s, p50 {percentile(give.seconds, 50):.1f} ms; "
        f"read {reads.per_second:.0f}/s, p50 {percentile(reads.seconds, 50):.1f} ms; "
        f"withdraw {withdraw.per_second:.0f}/s, p50 {percentile(withdraw.seconds, 50):.1f} ms",
        flush=True,
    )
    return {
        "give_p99_ms": percentile(give.seconds, 99),
        "withdraw_p99_ms": percentile(withdraw.seconds, 99),
        "read_rps": reads.per_second,
        "empty_rps": nothing.per_second,
    }


async def _hot(here: Region) -> float:
    """Withdrawing while 64 study readers use that one resident's data, as fast as they can."""
    resident, port = here.residents[0], here.server.port
    stop = asyncio.Event()
    readers = [asyncio.create_task(_read_on(here, stop)) for _ in range(READERS)]
    seconds: list[float] = []
    for i in range(HOT_WITHDRAWALS):
        # Each round is two events on top of those of the warm-up.
        (await run(port, 1, [_give(here, resident, f"hot{i}", seen=2 * i + 2)])).expect(201)
        done = await run(port, 1, [_withdraw(here, resident, f"hot{i}")])
        done.expect(200)
        seconds += done.seconds
    stop.set()
    print(f"hot: {sum(await asyncio.gather(*readers))} study reads meanwhile", flush=True)
    return percentile(seconds, 99)


async def _read_on(here: Region, stop: asyncio.Event) -> int:
    client = await connect(here.server.port)
    request = read(f"/v1/studies/{here.study}/samples", here.token(MEMBER))
    reads = 0
    while not stop.is_set():
        status = await client.send(request)
        if status not in {200, 503}:  # 503: so many readers that one had to wait too long
            raise RuntimeError(f"a study read answered {status}")
        reads += status == 200
    client.close()
    return reads


def _give(here: Region, resident: UUID, key: str, seen: int = 0) -> bytes:
    answer = {
        "item_id": here.item,
        "notice_version": 1,
        "language": "en",
        "decision": "permit",
        "seen_seq": seen,
        "past": True,
    }
    token = here.token(resident)
    return post("/v1/me/consent-events", token, {"answers": [answer]}, f"give-{key}")


def _withdraw(here: Region, resident: UUID, key: str) -> bytes:
    wish = {"scope": "item", "item_id": here.item, "effect": "no-further-use"}
    return post("/v1/me/withdrawals", here.token(resident), wish, f"withdraw-{key}")


def _rss(here: Region) -> float:
    """The largest serving process, in MB."""
    children = here.server.process.children(recursive=True)
    return max(process.memory_info().rss for process in children) / 1e6


if __name__ == "__main__":
    sys.exit(main())
