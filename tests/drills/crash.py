"""`make drill-crash`: PostgreSQL dies under uploads and comes back (T02).

Nobody is told anything but `not now`, service returns by itself, and each sample that was said to
be stored is there once.
"""

import asyncio
from pathlib import Path
from time import monotonic

from migrations import embedded
from tests.drills.harness import MUTANT, Part, Server, Site, p99_ms, run, scaled
from tests.drills.uploads import SAMPLES, Donor, Told, astray, donors, settled, until_told

KILLS = 10
"""Of each kind: `kill -9` of the postmaster, and `pg_ctl stop -m immediate`."""
CLIENTS = 16
BETWEEN = 0.25
"""Seconds between two parcels of a phone: no stream takes more than 300 uploads in a minute."""
UNDER_WAY = 1.0
"""Seconds of uploads before each kill."""
AWAY = 0.5
"""Seconds that PostgreSQL stays away: phones find nobody there."""
BACK_SECONDS = 5.0
PATIENCE = 30.0


async def t02(here: Site) -> Part:
    """0 missing, 0 double, 0 half; only 503 with Retry-After; a first yes within 5 s."""
    async with here.connect() as admin:
        folder = Path(await admin.fetchval("SHOW data_directory")).parent
        if MUTANT:  # what was committed lately goes with the postmaster
            await admin.execute("ALTER ROLE medverka_api SET synchronous_commit = off")
    told, back, port = Told(), list[float](), here.database.cluster.port
    async with here.serve() as server:
        people = await donors(here, server, CLIENTS)
        stop = asyncio.Event()
        phones = [asyncio.create_task(_give(server, donor, told, stop)) for donor in people]
        for n in range(2 * scaled(KILLS)):
            await asyncio.sleep(UNDER_WAY)
            await asyncio.to_thread(embedded.kill, folder, immediate=bool(n % 2))
            await asyncio.sleep(AWAY)
            if (await asyncio.to_thread(embedded.ensure_running, folder)).port != port:
                raise RuntimeError("PostgreSQL came back elsewhere")
            back.append(await _until_yes(told))
        stop.set()
        await asyncio.gather(*phones)
        await settled(here)
        async with server.http() as reader:
            wrong = await astray(here, reader, people)
    late = sum(seconds > BACK_SECONDS for seconds in back)
    figures = {"kills": len(back), "slowest_back_s": round(max(back), 2), "late": late,
               "statuses": dict(told.statuses), "rude": dict(told.rude), **wrong}  # fmt: skip
    return Part(
        n=SAMPLES * sum(len(donor.parcels) for donor in people),
        violations=sum(wrong.values()) + told.rude.total() + late + told.statuses["no answer"],
        p99_ms=p99_ms(back), more=figures,
    )  # fmt: skip


async def _give(server: Server, donor: Donor, told: Told, stop: asyncio.Event) -> None:
    async with server.http() as http:
        while not stop.is_set():
            await until_told(donor.make(), http.exchange, told)
            await asyncio.sleep(BETWEEN)


async def _until_yes(told: Told) -> float:
    """Seconds until the first phone is told yes again."""
    begun, before = monotonic(), told.statuses["200"]
    while told.statuses["200"] == before and monotonic() - begun < PATIENCE:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return monotonic() - begun


if __name__ == "__main__":
    run("crash", {"T02": t02}, mutants=["T02"])
