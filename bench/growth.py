"""Whether an upload costs more where a hundred times as many residents have given before."""

import statistics
from typing import Any

from bench.donors import HISTORY, settle
from bench.region import region
from bench.series import Supply
from bench.uploads import COLUMNS, Donors, Run, meter
from migrations.embedded import Cluster

FEW = 1_000
ROUNDS = 5
CLIENTS = 8


async def growth(cluster: Cluster, many: Donors, count: int) -> dict[str, Any]:
    """The cost of an upload among many over that among a few, run in turn. Cost is processor time."""
    supply = Supply(HISTORY)
    runs: dict[str, list[Run]] = {"few": [], "many": []}
    async with region(cluster, FEW, name="few") as here:
        await settle(here, supply)
        few = Donors(here, supply, await meter(here))
        await few.run(COLUMNS, CLIENTS, count)  # each of its processes has served by then
        for _ in range(ROUNDS):
            runs["few"].append(await few.run(COLUMNS, CLIENTS, count))
            runs["many"].append(await many.run(COLUMNS, CLIENTS, count))
    cost = {name: statistics.median(_cost(run) for run in of) for name, of in runs.items()}
    rate = {name: statistics.median(run.uploads_per_s for run in of) for name, of in runs.items()}
    return {
        "growth": round(cost["many"] / cost["few"], 3),
        "growth_in_time": round(rate["few"] / rate["many"], 3),
        "residents": [FEW, len(many.here.residents)],
    }


def _cost(run: Run) -> float:
    return run.cpu.server + run.cpu.postgresql
