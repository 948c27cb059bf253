"""`make bench-push`: from promised messages to FCM's recorded answers, beside the Firebase SDK's own ways.

FCM is a stand-in over HTTP/2 and TLS that answers after 150 ms; it, PostgreSQL and the worker share
the machine. The SDK is measured without any database, against the same stand-in in the same call.
Figures are medians of three runs. `standin_per_s` is what the stand-in could answer.
"""

import os
import statistics
import sys

import msgspec

from bench.carrying import account, carried, ceiling, knocks
from bench.peers import firebase
from tests.drills.harness import free_port
from tests.fcm.plan import Doing, Plan
from tests.fcm.standin import StandIn, standing_in

DELAY = 0.15
RUNS = 3
SCALE = float(os.environ.get("N") or 1)
MESSAGES = max(500, round(10_000 * SCALE))
OF_THE_SDK = max(500, round(2_000 * SCALE))


def main() -> int:
    """Measure, print, and say by the exit status whether all bars held."""
    with standing_in(free_port()) as there:
        figures = _beside(there)
    print(msgspec.json.encode({"bench": "push", "n": MESSAGES * RUNS, **figures}).decode())
    return 0


def _beside(there: StandIn) -> dict[str, float]:
    runs = []
    for _ in range(RUNS):
        standin = ceiling(there, MESSAGES)
        there.plan(Plan(all=Doing(delay=DELAY)))
        runs.append(
            {
                "standin_per_s": standin,
                "carrier_per_s": carried(account(there), MESSAGES),
                "sdk_async_per_s": firebase.asynchronous(there, knocks(OF_THE_SDK)),
                "sdk_threaded_per_s": firebase.threaded(there, knocks(OF_THE_SDK)),
            }
        )
        print(runs[-1], flush=True)
    return {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}


if __name__ == "__main__":
    sys.exit(main())
