"""`make bench-ingest`: donations taken in, kept and read, against COPY and the typical stack.

Server, PostgreSQL (durable) and load share the machine. Every upload is of another resident with a
consent in force and a history, carries a token never seen before, and is newer than the last.
Timings are medians of three runs; what is compared runs in turn. `--only uploads` is for a profiler:
rate, latency and processor time of each way to upload. `N=` scales residents and uploads.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from bench.donors import HISTORY, settle
from bench.growth import growth
from bench.kept import kept
from bench.race import race
from bench.region import region
from bench.series import Supply
from bench.standards import FHIR, OPEN_MHEALTH
from bench.uploads import COLUMNS, SIXTY, VARIANTS, Donors, Form, Run, meter, middle, told
from migrations.embedded import Cluster
from tests.drills.harness import own_cluster

RUNS = 3
WARM = 200
CLIENTS = (8, 32)
FORMS = {form.name: form for form in (COLUMNS, SIXTY, *VARIANTS, OPEN_MHEALTH, FHIR)}

SIZE = float(os.environ.get("N") or 1)
RESIDENTS, UPLOADS = int(100_000 * SIZE), int(1_000 * SIZE)
PROFILED = 3_000
"""Residents, where only uploads are looked at."""

Figures = dict[str, Any]
BARS: Mapping[str, Callable[[float], bool]] = {
    "p99_ms": lambda ms: ms <= 100,
    "ratio_copy_records": lambda ratio: ratio >= 3,
    "ratio_copy_binary": lambda ratio: ratio >= 1,
    "ratio_stack": lambda ratio: ratio >= 10,
    "uploads60_per_s": lambda rate: rate >= 1_000,
    "omh_points_per_s": lambda rate: rate >= 40_000,
    "fhir_observations_per_s": lambda rate: rate >= 10_000,
    "bytes_per_sample": lambda size: size <= 3,
    "read_samples_per_s": lambda rate: rate >= 500_000,
    "year_daily_p99_ms": lambda ms: ms <= 50,
    "growth": lambda ratio: ratio <= 1.15,
}


def main() -> int:
    """Measure, print, and say by the exit status whether all bars held."""
    wish = _asked()
    with own_cluster() as cluster:
        figures = asyncio.run(_measure(cluster, wish))
    if wish.only:
        print(msgspec.json.encode(figures).decode())
        return 0
    required = ["samples_per_s", *BARS]
    figures = {**dict.fromkeys(required), **figures}
    passed = all(figures[name] is not None and bar(figures[name]) for name, bar in BARS.items())
    line = {"bench": "ingest", "n": RESIDENTS, **figures, "passed": passed}
    print(msgspec.json.encode(line).decode())
    return 0 if passed else 1


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", choices=["uploads", *PARTS])
    asked.add_argument("--forms", nargs="*", choices=FORMS, default=list(FORMS))
    asked.add_argument("--residents", type=int)
    wish = asked.parse_args()
    wish.residents = wish.residents or (PROFILED if wish.only == "uploads" else RESIDENTS)
    return wish


async def _measure(cluster: Cluster, wish: argparse.Namespace) -> Figures:
    if wish.only == "kept":
        return await kept(cluster)
    supply = Supply(HISTORY)
    async with region(cluster, wish.residents) as here:
        await settle(here, supply)
        donors = Donors(here, supply, await meter(here))
        await donors.run(COLUMNS, CLIENTS[0], WARM)
        if wish.only == "uploads":
            return await _uploads(donors, [FORMS[name] for name in wish.forms])
        found: Figures = {"data": supply.what}
        for name, part in PARTS.items():
            if wish.only in {None, name}:
                found |= await part(cluster, donors)
                print(name, msgspec.json.encode(found).decode(), flush=True)
        return found


async def _race(cluster: Cluster, donors: Donors) -> Figures:
    return await race(cluster, donors, UPLOADS)


async def _growth(cluster: Cluster, donors: Donors) -> Figures:
    return await growth(cluster, donors, UPLOADS // 2)


async def _kept(cluster: Cluster, _: Donors) -> Figures:
    return await kept(cluster)


async def _forms(_: Cluster, donors: Donors) -> Figures:
    """The other ways to upload; the variants' figures are only told."""
    found: Figures = {}
    for form in (SIXTY, OPEN_MHEALTH, FHIR, *VARIANTS):
        if await donors.knows(form):
            run = await _best(donors, form)
            found |= _figures(form, run)
    return found


async def _best(donors: Donors, form: Form) -> Run:
    """Of few and many clients the faster. Slow forms are sent less often."""
    count = {SIXTY: 2 * UPLOADS, OPEN_MHEALTH: UPLOADS // 2, FHIR: UPLOADS // 4}
    tried = [
        middle(
            [await donors.run(form, clients, count.get(form, UPLOADS // 2)) for _ in range(RUNS)]
        )
        for clients in CLIENTS
    ]
    return max(tried, key=lambda run: run.samples_per_s)


def _figures(form: Form, run: Run) -> Figures:
    named = {
        SIXTY: {"uploads60_per_s": round(run.uploads_per_s)},
        OPEN_MHEALTH: {"omh_points_per_s": round(run.samples_per_s)},
        FHIR: {"fhir_observations_per_s": round(run.samples_per_s)},
    }
    return {**named.get(form, {}), f"of_{form.name}": told(run)}


async def _uploads(donors: Donors, forms: list[Form]) -> Figures:
    found: Figures = {}
    for form in forms:
        if not await donors.knows(form):
            continue
        for clients in CLIENTS:
            runs = [await donors.run(form, clients, UPLOADS) for _ in range(RUNS)]
            found[f"{form.name}-{clients}"] = told(middle(runs))
            print(form.name, clients, told(middle(runs)), flush=True)
    return found


PARTS: Mapping[str, Callable[[Cluster, Donors], Awaitable[Figures]]] = {
    "race": _race,
    "forms": _forms,
    "growth": _growth,
    "kept": _kept,
}

if __name__ == "__main__":
    sys.exit(main())
