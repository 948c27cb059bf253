"""A measure day by day or hour by hour in a zone, computed as it is read: nothing of it is stored.

Phone and watch that measure the same are not added up: each source has its own summary, and the
total of a day is that of the one source whose samples cover most of it (of points: which has most).
"""

from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.db import Connection
from domain.donations import own_reads
from domain.donations.days import By, Periods, periods
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES, Measure
from domain.donations.model import Source
from domain.donations.own_reads import Mark, Most, Wanted
from domain.donations.sources import Giver
from domain.donations.tallies import Tally, Told, chosen, nothing, picked, tally, told
from domain.errors import Invalid, NotFound
from domain.fields import EARLIEST, LATEST
from domain.residents.model import check_zone

MOST_DAYS = {"day": 10_000, "hour": 400}
PAGE = Most(samples=100_000)
"""What is held in memory at once."""


class Asked(Struct, frozen=True, kw_only=True):
    """Which measure, from which date up to which other, and whose days."""

    measure: str
    first: date
    until: date
    by: By
    zone: str


class OfSource(Struct, frozen=True, kw_only=True):
    """What one source gave."""

    source: Giver
    series: Told


class Summary(Struct, frozen=True, kw_only=True):
    """A measure by period: every column has an entry for each period, those without samples too.

    Period `i` is from `start[i]` up to `end[i]`, in ms, and begins at `local[i]` on clocks that are
    `utc_offset_minutes[i]` off UTC: days of 23 and 25 hours are such. An interval that lies in
    several periods is shared out by time. `source` is the position in `sources` of the one that
    `total` is taken from, the same all day: the one whose samples cover most of it. Null: none has any.
    """

    measure: str
    unit: str | None
    summary: str
    by: By
    zone: str
    start: list[int]
    end: list[int]
    utc_offset_minutes: list[int]
    local: list[str]
    total: Told
    source: list[int | None]
    sources: list[OfSource]


class Found(NamedTuple):
    """What each source has come to."""

    periods: Periods
    tallies: dict[Giver, Tally]


async def summarise(
    conn: Connection, keys: KeyProvider, resident_id: UUID, asked: Asked
) -> Summary:
    """A resident's own measure by period.

    Raises:
        NotFound: there is no such measure.
        Invalid: no days or too many of them, or no such zone.

    """
    measure = MEASURES.get(asked.measure)
    if measure is None:
        raise NotFound
    found = await read(conn, keys, resident_id, measure, periods_of(asked))
    return _summary(asked, measure, found)


def periods_of(asked: Asked) -> Periods:
    """The days or hours that are asked for. Raises Invalid as `summarise`."""
    most, days = MOST_DAYS[asked.by], (asked.until - asked.first).days
    if not 0 < days <= most:
        raise Invalid(
            "`to` is after `from`: by 10,000 days at most, or 400 where it is by the hour."
        )
    if asked.first < EARLIEST.date() or asked.until > LATEST.date():
        raise Invalid("A date lies outside 1900 to 2200.")
    try:
        check_zone(asked.zone)
    except ValueError:
        raise Invalid("No such time zone.") from None
    return periods(asked.first, asked.until, asked.by, ZoneInfo(asked.zone))


async def read(
    conn: Connection, keys: KeyProvider, resident_id: UUID, measure: Measure, of: Periods
) -> Found:
    """What each source comes to, those first that gave first."""
    # An interval that began before the first period may reach into it.
    longest = 0 if measure.summary == "count" else measure.longest_ms or 0
    since, until = int(of.edges[0]) - longest, int(of.edges[-1])
    wanted = Wanted(since_ms=since, until_ms=until, measures=[measure.code])
    tallies: dict[Giver, Tally] = {}
    mark: Mark | None = None
    while True:
        page = await own_reads.read(conn, keys, resident_id, wanted, mark, PAGE)
        for run in page.runs:
            giver, more = _giver(run.source), tally(measure, run.columns, of)
            before = tallies.get(giver)
            tallies[giver] = more if before is None else before.plus(more)
        if page.mark is None:
            return Found(of, tallies)
        mark = page.mark


def _giver(source: Source) -> Giver:
    return Giver(app=source.app, device=source.device)


def _summary(asked: Asked, measure: Measure, found: Found) -> Summary:
    of, tallies = found.periods, list(found.tallies.values()) or [nothing(measure, found.periods)]
    best = chosen(tallies, of)
    total = picked(tallies, best)
    return Summary(
        measure=measure.code,
        unit=measure.unit,
        summary=measure.summary,
        by=asked.by,
        zone=asked.zone,
        start=of.edges[:-1].tolist(),
        end=of.edges[1:].tolist(),
        utc_offset_minutes=of.offset.tolist(),
        local=of.local,
        total=told(measure, total),
        source=[
            at if there else None
            for at, there in zip(best.tolist(), total.parts.tolist(), strict=True)
        ],
        sources=[
            OfSource(source=giver, series=told(measure, one))
            for giver, one in found.tallies.items()
        ],
    )
