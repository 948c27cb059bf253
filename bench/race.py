"""Our uploads against COPY and the typical stack: all of them in turn, round by round."""

import statistics
from typing import Any

from bench.donors import HISTORY
from bench.peers import copying
from bench.peers.stack import TUNED, TYPICAL, stack
from bench.peers.table import bytes_per_sample, table
from bench.series import THOUSAND, Supply
from bench.uploads import COLUMNS, Donors, Run, middle
from migrations.embedded import Cluster

ROUNDS = 3
CLIENTS = (8, 32)
SHARE = 3
"""The stack is sent a third of the others' samples: it takes its time."""


async def race(cluster: Cluster, donors: Donors, count: int) -> dict[str, Any]:
    """Samples a second of each, and what ours are to theirs. `count` uploads a run."""
    supply = Supply(HISTORY)
    donations = [
        (resident, supply.take(n, THOUSAND))
        for n, resident in enumerate(donors.here.residents[:count])
    ]
    ours: dict[int, list[Run]] = {clients: [] for clients in CLIENTS}
    records, binary = [], []
    async with table(cluster) as address, stack(donors.here, address) as peer:
        best = {way: await peer.best(way, donations) for way in (TYPICAL, TUNED)}
        theirs: dict[Any, list[Run]] = {way: [] for way in best}
        for _ in range(ROUNDS):
            for clients, runs in ours.items():
                runs.append(await donors.run(COLUMNS, clients, count))
            records.append(await copying.records(address, donations))
            binary.append(await copying.binary(address, donations))
            for way, runs in theirs.items():
                runs.append(await peer.run(way, donations[: count // SHARE], best[way]))
        row_bytes = await bytes_per_sample(address)
    own = {clients: middle(runs) for clients, runs in ours.items()}
    fastest = max(own.values(), key=lambda run: run.samples_per_s)
    rates = {
        "copy_records": statistics.median(records),
        "copy_binary": statistics.median(binary),
        "stack": middle(theirs[TYPICAL]).samples_per_s,
        "stack_tuned": middle(theirs[TUNED]).samples_per_s,
    }
    return {
        "samples_per_s": round(fastest.samples_per_s),
        "p50_ms": round(own[32].p50_ms, 1),
        "p99_ms": round(own[32].p99_ms, 1),
        "cpu_s_per_million": fastest.cpu.per(THOUSAND / 1e6).told(),
        **{f"ratio_{name}": round(fastest.samples_per_s / rate, 2) for name, rate in rates.items()},
        **{f"{name}_samples_per_s": round(rate) for name, rate in rates.items()},
        "stack_cpu_s_per_million": middle(theirs[TYPICAL]).cpu.per(THOUSAND / 1e6).told(),
        "row_bytes_per_sample": round(row_bytes, 1),
    }
