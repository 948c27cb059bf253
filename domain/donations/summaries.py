"""A measure day by day or hour by hour in a zone, computed as it is read: nothing of it is stored.

Phone and watch that measure the same are not added up: each source has its own summary, and the
total of a day is that of the one source whose samples cover most of it (of points: which has most).
"""

from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.db import Connection
from domain.donations import own_reads
from domain.donations.columns import Columns, between
from domain.donations.days import By, Periods, periods
from domain.donations.keys import KeyProvider
from domain.donations.measures import DAY, MEASURES, Measure
from domain.donations.model import Source
from domain.donations.own_reads import Mark, Most, Wanted
from domain.donations.sources import Giver
from domain.donations.tallies import Tally, Told, chosen, nothing, picked, tally, told
from domain.errors import Invalid, NotFound
from domain.fields import EARLIEST, LATEST
from domain.residents.identity import Door
from domain.residents.model import check_zone

MOST_DAYS = {"day": 10_000, "hour": 400}
PAGE = Most(samples=100_000)
"""What is held in memory at once."""


class Asked(Struct, frozen=True, kw_only=True):
    """Which measure, from which date up to which other, and whose days: the resident's, where no zone is named."""

    measure: str
    first: date
    until: date
    by: By = "day"
    zone: str | None = None


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
    """Whose days these are, and what each source has come to."""

    resident_id: UUID
    zone: str
    periods: Periods
    tallies: dict[Giver, Tally]


async def summarise(conn: Connection, keys: KeyProvider, door: Door, asked: Asked) -> Summary:
    """Let a resident in to see their own measure by period.

    Raises:
        NotFound: there is no such measure.
        Invalid: no days or too many of them, or no such zone.
        Unauthenticated, ResidentUnknown: see `Door.admit`.

    """
    measure = MEASURES.get(asked.measure)
    if measure is None:
        raise NotFound
    return _summary(asked, measure, await read(conn, keys, door, measure, asked))


async def read(
    conn: Connection, keys: KeyProvider, door: Door, measure: Measure, asked: Asked
) -> Found:
    """What each source comes to, those first that gave first. Raises as `summarise`."""
    _check(asked)
    wanted, tallies = _wanted(asked, measure), dict[Giver, Tally]()
    mark: Mark | None = None
    while True:
        me, page = await own_reads.read_at(conn, keys, door, wanted, mark, PAGE)
        zone = asked.zone or me.zone
        of = periods(asked.first, asked.until, asked.by, ZoneInfo(zone))
        for run in page.runs:
            giver, more = _giver(run.source), tally(measure, _near(run.columns, measure, of), of)
            before = tallies.get(giver)
            tallies[giver] = more if before is None else before.plus(more)
        if page.mark is None:
            return Found(me.resident_id, zone, of, tallies)
        mark = page.mark


def _check(asked: Asked) -> None:
    most, days = MOST_DAYS[asked.by], (asked.until - asked.first).days
    if not 0 < days <= most:
        raise Invalid(
            "`to` is after `from`: by 10,000 days at most, or 400 where it is by the hour."
        )
    if asked.first < EARLIEST.date() or asked.until > LATEST.date():
        raise Invalid("A date lies outside 1900 to 2200.")
    try:
        if asked.zone is not None:
            check_zone(asked.zone)
    except ValueError:
        raise Invalid("No such time zone.") from None


def _wanted(asked: Asked, measure: Measure) -> Wanted:
    """Samples of these days in any zone: whose they are is told together with the samples."""
    since, until = (
        round(at.timestamp() * 1000) for at in (_midnight(asked.first), _midnight(asked.until))
    )
    return Wanted(
        since_ms=since - DAY - _longest(measure), until_ms=until + DAY, measures=[measure.code]
    )


def _near(columns: Columns, measure: Measure, of: Periods) -> Columns:
    """The samples that may lie in some period."""
    return between(columns, int(of.edges[0]) - _longest(measure), int(of.edges[-1]))


def _longest(measure: Measure) -> int:
    """For so many ms an interval that began before the first period may reach into it."""
    return 0 if measure.summary == "count" else measure.longest_ms or 0


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _giver(source: Source) -> Giver:
    return Giver(app=source.app, device=source.device)


def _summary(asked: Asked, measure: Measure, found: Found) -> Summary:
    of, tallies = found.periods, list(found.tallies.values()) or [nothing(measure, found.periods)]
    best, series = chosen(tallies, of), [told(measure, one) for one in tallies]
    total = picked(tallies, best)
    return Summary(
        measure=measure.code,
        unit=measure.unit,
        summary=measure.summary,
        by=asked.by,
        zone=found.zone,
        start=of.edges[:-1].tolist(),
        end=of.edges[1:].tolist(),
        utc_offset_minutes=of.offset.tolist(),
        local=of.local,
        total=series[0] if len(series) == 1 else told(measure, total),
        source=[
            at if there else None
            for at, there in zip(best.tolist(), total.parts.tolist(), strict=True)
        ],
        sources=[
            OfSource(source=giver, series=one)
            for giver, one in zip(found.tallies, series, strict=False)  # none where none has any
        ],
    )
