"""Uploads as phones make them: each of another resident, with a token never seen before, and new."""

import gzip
import statistics
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from bench.load import Sample, percentile, posted, run
from bench.meter import Cpu, Meter
from bench.region import Region
from bench.series import Supply, upload
from demo.series import Series

ABSENT = {404, 405, 415}
"""What a server answers that does not know an address, a media type or a coding."""

JSON = "application/json"


class Form(NamedTuple):
    """A way to send samples: so many in a request, written so."""

    name: str
    samples: int
    write: Callable[[Series], bytes]
    path: str = "/v1/me/donations"
    media_type: str = JSON
    coding: str = ""


class Run(NamedTuple):
    """What one run of one form measured. `cpu` is in seconds an upload."""

    samples_per_s: float
    uploads_per_s: float
    p50_ms: float
    p99_ms: float
    cpu: Cpu


def _json(samples: Series) -> bytes:
    return msgspec.json.encode(upload(samples))


COLUMNS = Form("json", 1_000, _json)
SIXTY = Form("json60", 60, _json)
VARIANTS = (
    Form("gzip", 1_000, lambda samples: gzip.compress(_json(samples), 6), coding="gzip"),
    Form(
        "msgpack", 1_000, lambda samples: msgspec.msgpack.encode(upload(samples)),
        media_type="application/msgpack",
    ),
)  # fmt: skip
FORMS = (COLUMNS, SIXTY, *VARIANTS)


class Donors:
    """The residents of a region, each giving in turn."""

    def __init__(self, here: Region, supply: Supply, meter: Meter) -> None:
        """Begin with the first."""
        self.here, self._supply, self._meter = here, supply, meter
        self._turn = 0

    def requests(self, form: Form, count: int) -> list[bytes]:
        """So many uploads, each of the next resident and with a token of its own."""
        return [self._request(form) for _ in range(count)]

    def _request(self, form: Form) -> bytes:
        # Neighbours by age lie side by side on disk; those who upload at the same time do not.
        place = self._turn * 7_919 % len(self.here.residents)
        self._turn += 1
        token = self.here.token(self.here.residents[place])
        content = form.write(self._supply.take(place, form.samples))
        return posted(form.path, token, content, str(uuid4()), form.media_type, form.coding)

    async def knows(self, form: Form) -> bool:
        """Whether the server takes this form."""
        tried = await self._send(form, 1, 1)
        if set(tried.statuses) <= ABSENT:
            return False
        tried.expect(200)
        return True

    async def _send(self, form: Form, clients: int, count: int) -> Sample:
        return await run(self.here.server.port, clients, self.requests(form, count))

    async def run(self, form: Form, clients: int, count: int) -> Run:
        """Send so many uploads, and see that all of their samples are stored."""
        requests = self.requests(form, count)
        stored, before = await self._stored(), self._meter.read()
        sent = await run(self.here.server.port, clients, requests)
        cpu = self._meter.read().since(before)
        sent.expect(200)
        if await self._stored() - stored != count * form.samples:
            raise RuntimeError(f"{form.name}: acknowledged, and not stored")
        return Run(
            sent.per_second * form.samples,
            sent.per_second,
            percentile(sent.seconds, 50),
            percentile(sent.seconds, 99),
            cpu.per(count),
        )

    async def _stored(self) -> int:
        async with self.here.site.connect() as conn:
            count: int = await conn.fetchval("SELECT sum(samples)::bigint FROM stream")
            return count


async def meter(here: Region) -> Meter:
    """Of the region's server and its PostgreSQL."""
    async with here.site.connect() as conn:
        return Meter(await conn.fetchval("SELECT pg_backend_pid()"), here.server.process)


def middle(runs: list[Run]) -> Run:
    """The median of each figure."""

    def of(figure: Callable[[Run], float]) -> float:
        return statistics.median(map(figure, runs))

    return Run(
        of(lambda run: run.samples_per_s),
        of(lambda run: run.uploads_per_s),
        of(lambda run: run.p50_ms),
        of(lambda run: run.p99_ms),
        Cpu(
            of(lambda run: run.cpu.server),
            of(lambda run: run.cpu.postgresql),
            of(lambda run: run.cpu.load),
        ),
    )


def told(run: Run) -> dict[str, Any]:
    """A run as it is printed; processor time in ms an upload."""
    return {
        "samples_per_s": round(run.samples_per_s),
        "uploads_per_s": round(run.uploads_per_s),
        "p50_ms": round(run.p50_ms, 1),
        "p99_ms": round(run.p99_ms, 1),
        "cpu_ms_per_upload": run.cpu.per(0.001).told(),
    }
