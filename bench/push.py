"""`make bench-push`: from promised messages to FCM's recorded answers, beside the Firebase SDK's own ways.

FCM is a stand-in over HTTP/2 and TLS that answers after 150 ms; it, PostgreSQL and the worker share
the machine. The SDK is measured without database and consent, against the same stand-in in the same
call. Figures are medians of three runs. `standin_per_s` is what the stand-in could answer, and
`carrier_per_s` what our carrier takes to it without a worker.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Callable

import msgspec

from bench.carrying import account, carried, ceiling, knocks
from bench.knocking import claim_p99_ms, knocked, latencies, working
from bench.load import percentile
from bench.peers import firebase
from bench.street import Street, made, million, promised
from migrations.embedded import Cluster
from tests.drills.harness import Site, free_port, own_cluster, site
from tests.fcm.plan import Doing, Plan
from tests.fcm.standin import StandIn, standing_in

DELAY = 0.15
RUNS = 3
SCALE = float(os.environ.get("N") or 1)
RESIDENTS = max(16_000, round(100_000 * SCALE))
MESSAGES = max(5_000, round(25_000 * SCALE))
OF_OURS = max(5_000, round(10_000 * SCALE))
OF_THE_SDK = max(500, round(2_000 * SCALE))
WAITING = round(1_000_000 * SCALE)
AT_IDLE = 100
ROUNDS = max(1, round(3 * min(SCALE, 1)))

BARS: dict[str, Callable[[float], bool]] = {
    "messages_per_s": lambda rate: rate >= 2000,
    "ratio_sdk_async": lambda ratio: ratio >= 3,
    "ratio_sdk_threaded": lambda ratio: ratio >= 3,
    "enqueue_100k_s": lambda s: s <= 15,
    "claim_p99_ms": lambda ms: ms <= 20,
    "idle_latency_p99_ms": lambda ms: ms <= 1000,
}


def main() -> int:
    """Measure, print, and say by the exit status whether all bars held."""
    with standing_in(free_port()) as there, own_cluster() as cluster:
        figures = asyncio.run(_measure(cluster, there))
    passed = all(bar(figures[name]) for name, bar in BARS.items())
    line = {"bench": "push", "n": MESSAGES * RUNS, **figures, "passed": passed}
    print(msgspec.json.encode(line).decode())
    return 0 if passed else 1


async def _measure(cluster: Cluster, there: StandIn) -> dict[str, float]:
    async with site(cluster, "bench") as here:
        async with here.connect() as admin:
            street = await made(admin, RESIDENTS)
            enqueued = await promised(here, street) * 100_000 / RESIDENTS
            # They wait for their run.
            await admin.execute("UPDATE outbox SET not_before = now() + interval '1 day'")
            await admin.execute("VACUUM ANALYZE")
        print(f"100,000 enqueued in {enqueued:.1f} s", flush=True)
        async with working(here, there):
            there.plan(Plan(all=Doing(delay=DELAY)))
            await knocked(here, there, street.residents[-500:])  # connections, plans
            figures = await _race(here, there, street)
            idle = await latencies(here, there, street, AT_IDLE)
        async with here.connect() as admin:
            await million(admin, street, WAITING)
        return {
            **figures,
            "enqueue_100k_s": round(enqueued, 2),
            "claim_p99_ms": round(await claim_p99_ms(here, ROUNDS), 2),
            "idle_latency_p99_ms": round(percentile(idle, 99), 1),
        }


async def _race(here: Site, there: StandIn, street: Street) -> dict[str, float]:
    """Ours and the SDK's in turn."""
    runs = []
    for n in range(RUNS):
        there.plan(Plan(all=Doing(delay=DELAY)))
        some = street.residents[n * MESSAGES : (n + 1) * MESSAGES]
        run = {
            "messages_per_s": await knocked(here, there, some),
            **await asyncio.to_thread(_others, there),
        }
        run["ratio_sdk_async"] = run["messages_per_s"] / run["sdk_async_per_s"]
        run["ratio_sdk_threaded"] = run["messages_per_s"] / run["sdk_threaded_per_s"]
        runs.append(run)
        print(
            msgspec.json.encode({name: round(x, 1) for name, x in run.items()}).decode(), flush=True
        )
    return {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}


def _others(there: StandIn) -> dict[str, float]:
    found = {
        "carrier_per_s": carried(account(there), OF_OURS),
        "sdk_async_per_s": firebase.asynchronous(there, knocks(OF_THE_SDK)),
        "sdk_threaded_per_s": firebase.threaded(there, knocks(OF_THE_SDK)),
    }
    return {**found, "standin_per_s": ceiling(there, OF_OURS)}


if __name__ == "__main__":
    sys.exit(main())
