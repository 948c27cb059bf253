"""Days of a resident's own on which a measure has no samples, and the likely cause."""

from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.consents import gate
from domain.consents.gate import Milliseconds
from domain.db import Connection
from domain.donations import summaries
from domain.donations.days import Periods
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.measures.over_time import SUFFIX
from domain.donations.silence import Absence, absence
from domain.donations.summaries import Asked, Found
from domain.errors import NotFound
from domain.residents.identity import Door


class Gap(Struct, frozen=True, kw_only=True):
    """Days in a row without a sample: both named ones and those between them."""

    first: date
    last: date
    start: int
    end: int
    cause: Absence


class Gaps(Struct, frozen=True, kw_only=True):
    """The gaps of a measure up to today, in order, and whose days they are."""

    measure: str
    zone: str
    gaps: list[Gap]


class _Told(NamedTuple):
    """Since when every app that said anything says that it may not read, and the last upload; ms."""

    lost: int | None
    sent: int | None


async def gaps(
    conn: Connection, keys: KeyProvider, door: Door, asked: Asked, now: datetime
) -> Gaps:
    """Let a resident in to see the days of a time on which nothing was measured.

    Raises:
        NotFound: there is no such measure, or it tells of whole times and has no days to miss.
        Invalid: no days or too many of them, or no such zone.
        Unauthenticated, ResidentUnknown: see `Door.admit`.

    """
    measure = MEASURES.get(asked.measure)
    if measure is None or measure.code.endswith(SUFFIX):
        raise NotFound
    found = await summaries.read(conn, keys, door, measure, asked)
    open_ = await gate.collected(conn, found.resident_id, measure.category)
    told = await _told(conn, found.resident_id, measure.code)
    empty = _empty(found, int(now.timestamp() * 1000))
    listed = [_gap(found.periods, run, asked.first, open_, told) for run in _runs(empty)]
    return Gaps(measure=measure.code, zone=found.zone, gaps=listed)


def _empty(found: Found, now_ms: int) -> list[bool]:
    """Whether a day has begun, has any time, and has no sample of any source."""
    edges = found.periods.edges
    empty = (edges[:-1] < now_ms) & (edges[1:] > edges[:-1])
    for tally in found.tallies.values():
        empty &= tally.parts == 0
    days: list[bool] = empty.tolist()
    return days


def _runs(days: list[bool]) -> list[list[int]]:
    numbered = groupby(enumerate(days), key=lambda day: day[1])
    return [[nth for nth, _ in run] for is_empty, run in numbered if is_empty]


def _gap(of: Periods, run: list[int], first: date, open_: Milliseconds, told: _Told) -> Gap:
    start, end = int(of.edges[run[0]]), int(of.edges[run[-1] + 1])
    return Gap(
        first=date.fromordinal(first.toordinal() + run[0]),
        last=date.fromordinal(first.toordinal() + run[-1]),
        start=start,
        end=end,
        cause=absence(start, end, open_, told.lost, told.sent),
    )


async def _told(conn: Connection, resident_id: UUID, measure: str) -> _Told:
    sql = """
        SELECT (extract(epoch FROM CASE WHEN bool_and(permitted IS NOT true)
                                        THEN max(permitted_since) END) * 1000)::bigint AS lost,
               (extract(epoch FROM max(last_upload_at)) * 1000)::bigint AS sent
          FROM stream
         WHERE resident_id = $1 AND measure = $2
    """
    row = await conn.fetchrow(sql, resident_id, measure)
    return _Told(None, None) if row is None else _Told(row["lost"], row["sent"])
