"""The typical stack, served by two uvicorn workers on uvloop and httptools, under the same load."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
import psutil

from api import development
from bench.load import connect, percentile, posted, run
from bench.meter import Meter
from bench.peers import app
from bench.peers.copying import Donation
from bench.peers.table import empty, stored
from bench.region import Region
from bench.uploads import Run
from demo.series import Series
from migrations.databases import connected
from tests.drills.harness import ROOT, Server, free_port

CONCURRENCIES = (4, 8, 16, 32)
WORKERS = 2
TRIES = 100
FOREVER = datetime(2100, 1, 1, tzinfo=UTC)


class Way(NamedTuple):
    """One way to send samples to it: where, and how a time is written."""

    path: str
    time: Callable[[int], str | int]


def _date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


TYPICAL = Way("/donations", _date)
TUNED = Way("/donations/tuned", int)


class Stack(NamedTuple):
    """A running one, and where its rows go."""

    server: Server
    address: str
    here: Region
    meter: Meter

    async def best(self, way: Way, donations: Sequence[Donation]) -> int:
        """The concurrency at which it is fastest; each is tried once, when it is warm."""
        some = donations[:TRIES]
        await self.run(way, some, CONCURRENCIES[-1])
        rates = {
            clients: (await self.run(way, some, clients)).samples_per_s for clients in CONCURRENCIES
        }
        return max(rates, key=lambda clients: rates[clients])

    async def run(self, way: Way, donations: Sequence[Donation], clients: int) -> Run:
        """Send the donations, each with a token never seen before, and see that all are stored."""
        requests = [self._request(way, *donation) for donation in donations]
        await empty(self.address)
        before = self.meter.read()
        sent = await run(self.server.port, clients, requests)
        cpu = self.meter.read().since(before)
        sent.expect(200)
        count = sum(len(samples.start) for _, samples in donations)
        if await stored(self.address) != count:
            raise RuntimeError("acknowledged, and not stored")
        p50, p99 = percentile(sent.seconds, 50), percentile(sent.seconds, 99)
        rate = sent.per_second
        return Run(rate * count / len(requests), rate, p50, p99, cpu.per(len(requests)))

    def _request(self, way: Way, resident: UUID, samples: Series) -> bytes:
        rows = [{"start": way.time(start), "value": value} for start, value in samples.pairs()]
        body = msgspec.json.encode({"source": "bench", "unit": "/min", "samples": rows})
        return posted(way.path, self.here.token(resident), body, "")


@asynccontextmanager
async def stack(here: Region, address: str) -> AsyncIterator[Stack]:
    """Serve it, with consent of every resident of the region."""
    async with connected(address) as conn:
        now = datetime.now(UTC)
        rows = [(resident, app.CATEGORY, now, FOREVER) for resident in here.residents]
        await conn.copy_records_to_table("consent", records=rows)
        await conn.execute("VACUUM ANALYZE consent")
        backend = await conn.fetchval("SELECT pg_backend_pid()")
        server = _start(here, address)
        try:
            await _ready(server)
            yield Stack(server, address, here, Meter(backend, server.process))
        except BaseException:
            print(_log(here).read_text()[-2000:], file=sys.stderr)
            raise
        finally:
            server.kill()


def _start(here: Region, address: str) -> Server:
    settings, port = here.site.settings, free_port()
    given = {
        app.ADDRESS: address,
        app.KEY: json.dumps(development.key(settings).as_dict(private=False)),
        app.ISSUER: settings.issuer,
        app.AUDIENCE: settings.oidc_audience,
    }
    command = ["-m", "uvicorn", "bench.peers.app:app", "--port", str(port), "--no-access-log"]
    with _log(here).open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 - our own program
            [
                sys.executable, *command, "--workers", str(WORKERS),
                "--loop", "uvloop", "--http", "httptools",
            ],
            cwd=ROOT, env={**os.environ, **given}, stdout=log, stderr=log,
        )  # fmt: skip
    return Server(port, psutil.Process(child.pid))


def _log(here: Region) -> Path:
    return here.site.folder / "stack.log"


async def _ready(server: Server) -> None:
    """Its workers listen when their pools are open."""
    async with asyncio.timeout(30):
        while True:
            try:
                (await connect(server.port)).close()
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return
