"""`make bench-ingest`: donations taken in, read and kept, against COPY and the typical stack.

Server, PostgreSQL and load share the machine. `--only uploads` runs that part alone.
"""

import argparse
import asyncio
import os
import sys
from typing import Any

import msgspec

from bench.donors import HISTORY, settle
from bench.region import region
from bench.series import Supply
from bench.uploads import COLUMNS, FORMS, SIXTY, Donors, Run, meter, middle, told
from migrations.embedded import Cluster
from tests.drills.harness import own_cluster

RUNS = 3
WARM = 200
CLIENTS = (8, 32)
UPLOADS = int(1_000 * float(os.environ.get("N") or 1))
RESIDENTS = 3_000


def main() -> int:
    """Measure, print, and say by the exit status whether all bars held."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", choices=["uploads"])
    asked.add_argument("--forms", nargs="*", choices=[form.name for form in FORMS])
    asked.add_argument("--residents", type=int, default=RESIDENTS)
    wish = asked.parse_args()
    with own_cluster() as cluster:
        print(msgspec.json.encode(asyncio.run(_uploads(cluster, wish))).decode())
    return 0


async def _uploads(cluster: Cluster, wish: argparse.Namespace) -> dict[str, Any]:
    supply = Supply(HISTORY)
    async with region(cluster, wish.residents) as here:
        await settle(here, supply)
        donors = Donors(here, supply, await meter(here))
        await donors.run(COLUMNS, 8, WARM)
        found: dict[str, Any] = {}
        for form in FORMS:
            if wish.forms and form.name not in wish.forms:
                continue
            if not await donors.knows(form):
                continue
            for clients in CLIENTS:
                count = UPLOADS * (3 if form is SIXTY else 1)
                runs: list[Run] = [await donors.run(form, clients, count) for _ in range(RUNS)]
                found[f"{form.name}-{clients}"] = told(middle(runs))
                print(form.name, clients, found[f"{form.name}-{clients}"], flush=True)
        return found


if __name__ == "__main__":
    sys.exit(main())
