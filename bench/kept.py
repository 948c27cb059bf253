"""What donations take on disk once compacted, and how fast residents read their own back.

A few residents upload the real heart rates hour by hour, as a phone does. Then the worker's compaction
runs, once, and VACUUM: what the small segments took is empty space in the table by then, and counts.
"""

import statistics
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID, uuid4

from api import data_keys
from bench.donors import consent
from bench.load import percentile, post, read, run
from bench.region import Region, region
from bench.series import SOURCE, THOUSAND, upload
from demo.series import HOUR, Series, heart_rate
from domain.donations.compaction import closed, compact
from migrations.embedded import Cluster

RESIDENTS = 5
ROUNDS = 3
CLIENTS = 8
PAGE = 10 * THOUSAND
YEAR_HOURS = 365 * 24
YEARS = 40
"""Times that each resident asks for their year in a run."""
TABLES = ("segment", "stream", "data_key", "sample_deletion", "erasure")
FIRST_HOUR = 1_735_686_000_000
"""2025-01-01T00:00+01:00 in ms: the year of steps."""
FIRST_DAY, LAST_DAY = "2025-01-01", "2026-01-01"


async def kept(cluster: Cluster) -> dict[str, Any]:
    """Bytes of a sample, samples read a second, and a year of hourly steps as daily sums."""
    _, series = heart_rate()
    async with region(cluster, RESIDENTS, name="kept") as here:
        for resident in here.residents:
            await consent(here, resident)
        await _upload_hourly(here, series)
        await _compact(here)
        found = await _sizes(here, RESIDENTS * len(series.start))
        found["read_samples_per_s"] = round(await _read_own(here, series))
        await _upload_steps(here)
        return {**found, **await _year(here)}


async def _upload_hourly(here: Region, series: Series) -> None:
    for day in series.daily():
        for _, pairs in groupby(day.pairs(), lambda pair: pair[0] // HOUR):
            starts, values = zip(*pairs, strict=True)
            body = upload(Series(list(starts), list(values)))
            sent = [_give(here, resident, body) for resident in here.residents]
            (await run(here.server.port, len(sent), sent)).expect(200)
        async with here.site.connect() as conn:  # their day has passed, and not a minute of ours
            await conn.execute("UPDATE stream SET recent_uploads = 0")


def _give(here: Region, resident: UUID, body: dict[str, Any]) -> bytes:
    return post("/v1/me/donations", here.token(resident), body, str(uuid4()))


async def _compact(here: Region) -> None:
    """A whole walk of the worker, and a plain VACUUM."""
    keys = data_keys.provider(here.site.settings)
    async with here.site.pool(1, "worker") as worker:
        while await compact(worker, keys, closed(datetime.now(UTC))):
            pass
    async with here.site.connect() as conn:
        await conn.execute(f"VACUUM {', '.join(TABLES)}")


async def _sizes(here: Region, samples: int) -> dict[str, Any]:
    sql = """
        SELECT relname, pg_total_relation_size(oid) AS size
          FROM pg_class
         WHERE relname = ANY($1) AND relkind = 'r'
    """
    async with here.site.connect() as conn:
        stored = await conn.fetchval("SELECT sum(samples)::bigint FROM segment")
        if stored != samples:
            raise RuntimeError(f"{samples} samples were given, and {stored} are stored")
        sizes = {row["relname"]: row["size"] for row in await conn.fetch(sql, TABLES)}
    return {"bytes_per_sample": round(sum(sizes.values()) / samples, 3), "sizes": sizes}


async def _read_own(here: Region, series: Series) -> float:
    """Samples a second, in pages of ten thousand, each with a token never seen before."""
    samples, rates = len(series.start), []
    of_one = (await _pages(here, series))[:: len(here.residents)]
    async with here.server.http() as http:
        answers = [await http.exchange(page) for page in of_one]
    found = sum(len(batch["start"]) for page in answers for batch in page.json()["items"])
    if found != samples:
        raise RuntimeError(f"{samples} samples were given, and {found} read")
    for _ in range(ROUNDS):
        sent = await run(here.server.port, CLIENTS, await _pages(here, series))
        sent.expect(200)
        rates.append(len(here.residents) * samples / sent.took)
    return statistics.median(rates)


async def _pages(here: Region, series: Series) -> list[bytes]:
    """Requests for all samples, the residents in turn."""
    edges = [*series.start[::PAGE], series.start[-1] + 1]
    streams = await _streams(here)
    return [
        read(
            f"/v1/me/streams/{stream}/samples?limit={PAGE}&from={since}&to={until}",
            here.token(resident),
        )
        for since, until in pairwise(edges)
        for resident, stream in streams.items()
    ]


async def _streams(here: Region) -> dict[UUID, UUID]:
    sql = "SELECT resident_id, stream_id FROM stream WHERE measure = 'heart-rate'"
    async with here.site.connect() as conn:
        return {row["resident_id"]: row["stream_id"] for row in await conn.fetch(sql)}


async def _upload_steps(here: Region) -> None:
    hours = range(FIRST_HOUR, FIRST_HOUR + YEAR_HOURS * HOUR, HOUR)
    for since in range(0, YEAR_HOURS, THOUSAND):
        start = list(hours[since : since + THOUSAND])
        steps = {
            "measure": "step-count",
            "unit": "{steps}",
            "utc_offset_minutes": 60,
            "start": start,
            "end": [at + HOUR for at in start],
            "value": [float(at // HOUR * 7_919 % 1_500) for at in start],
        }
        body = {"source": SOURCE, "batches": [steps]}
        sent = [_give(here, resident, body) for resident in here.residents]
        (await run(here.server.port, len(sent), sent)).expect(200)


async def _year(here: Region) -> dict[str, Any]:
    """Daily sums of a year of hourly steps, so many clients asking at once."""
    path = f"/v1/me/summaries/step-count?from={FIRST_DAY}&to={LAST_DAY}&by=day"
    slowest, middles = [], []
    for _ in range(ROUNDS):
        asked = [
            read(path, here.token(resident)) for resident in here.residents for _ in range(YEARS)
        ]
        sent = await run(here.server.port, CLIENTS, asked)
        if set(sent.statuses) != {200}:
            print(f"year: {sorted(set(sent.statuses))}", flush=True)
            return {}
        slowest.append(percentile(sent.seconds, 99))
        middles.append(percentile(sent.seconds, 50))
    return {
        "year_daily_p50_ms": round(statistics.median(middles), 1),
        "year_daily_p99_ms": round(statistics.median(slowest), 1),
    }
