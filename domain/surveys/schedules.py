"""When a survey is due: intent on the wall clock, and what it comes to where the resident is. Pure.

A slot is a time on the wall clock (08:00 on 29 March). It comes exactly once, when the resident's
clock first reaches it: a time that summer time skips is read with the offset before the change
(RFC 5545, 3.3.5), one that comes twice is its first, and a flight over it makes it due on landing.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Meta

from domain.fields import Code, Input
from domain.surveys import rules
from domain.surveys.declarations import Problem
from domain.surveys.rules import Unreadable

DAY = timedelta(days=1)
FARTHEST = timedelta(hours=26)
"""The most that two clocks on Earth differ: -12:00 to +14:00."""
MOST_A_DAY = 12
SOON = timedelta(days=3660)

Minutes = Annotated[int, Meta(ge=0, le=60 * 24 * 60)]


class Timetable(Input, frozen=True, kw_only=True):
    """When to ask: on a day of the calendar, or days after enrolment or an event; once, or by a rule.

    `window`, `reminders` and `grace` are minutes: of answering, of knocks after the opening, and of
    being let in after the window has closed.
    """

    relative_to: Literal["calendar", "enrolment", "event"] = "calendar"
    event: Code | None = None
    first: date | None = None
    after_days: Annotated[int, Meta(ge=0, le=3660)] = 0
    at: Annotated[
        time,
        Meta(
            tz=False,
            extra_json_schema={
                "description": "On the resident's wall clock",
                "examples": ["08:00:00"],
                # What describes the API takes a time for a duration.
                "extra": {"format": "local-time"},
            },
        ),
    ]
    rule: Annotated[str, Meta(max_length=rules.LONGEST)] | None = None
    window: Annotated[int, Meta(ge=15, le=60 * 24 * 60)]
    reminders: Annotated[list[Minutes], Meta(max_length=10)] = []
    grace: Minutes = 0


LONG_AGO = datetime(1900, 1, 2, tzinfo=UTC)
"""Since when a resident's first zone holds."""


class ZoneFrom(NamedTuple):
    """A resident's zone since a time. What the first of them says holds before it too."""

    since: datetime
    zone: ZoneInfo


class Slot(NamedTuple):
    """One time to answer. `local` names it; the others are instants. After `expires_at` it is missed."""

    local: datetime
    opens_at: datetime
    closes_at: datetime
    expires_at: datetime
    reminders: tuple[datetime, ...]


def occurrences(
    timetable: Timetable,
    anchor: datetime,
    zones: Sequence[ZoneFrom],
    since: datetime,
    until: datetime,
) -> list[Slot]:
    """The slots that open in `[since, until)`, in order; none opens before the anchor.

    `anchor` is the enrolment, or the event that the timetable names. `zones` rise in time.

    Raises:
        Unreadable: the rule was never fit to be published.

    """
    start = max(since, anchor)
    if start >= until:
        return []
    opened = (
        (local, opening(local, zones)) for local in _locals(timetable, anchor, zones, start, until)
    )
    return [slot(timetable, local, at) for local, at in opened if start <= at < until]


def slot(timetable: Timetable, local: datetime, opens_at: datetime) -> Slot:
    """The slot of a local time that opens then."""
    closes_at = opens_at + timedelta(minutes=timetable.window)
    return Slot(
        local=local,
        opens_at=opens_at,
        closes_at=closes_at,
        expires_at=closes_at + timedelta(minutes=timetable.grace),
        reminders=tuple(opens_at + timedelta(minutes=m) for m in sorted(timetable.reminders)),
    )


def opening(local: datetime, zones: Sequence[ZoneFrom]) -> datetime:
    """When the resident's clock first reaches a local time, wherever they were."""
    for index, (since, zone) in enumerate(zones):
        reached = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if index:
            reached = max(reached, since)  # Reached by the change itself, were it skipped.
        if index + 1 == len(zones) or reached < zones[index + 1].since:
            return reached
    raise ValueError("a resident without a zone")


def first_time(timetable: Timetable, anchor: datetime, zones: Sequence[ZoneFrom]) -> datetime:
    """Where the rule begins, on the wall clock."""
    if timetable.relative_to == "calendar" and timetable.first is not None:
        day = timetable.first
    else:
        zone = next((z.zone for z in reversed(zones) if z.since <= anchor), zones[0].zone)
        day = anchor.astimezone(zone).date()
    return datetime.combine(day + timetable.after_days * DAY, timetable.at)


def _locals(
    timetable: Timetable,
    anchor: datetime,
    zones: Sequence[ZoneFrom],
    since: datetime,
    until: datetime,
) -> Sequence[datetime]:
    """The local times that may open then: whole days, so that many residents ask for the same ones."""
    first = first_time(timetable, anchor, zones)
    if timetable.rule is None:
        return (first,)
    return rules.between(
        timetable.rule, first, _midnight(since - FARTHEST), _midnight(until + FARTHEST + DAY)
    )


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def problems(timetable: Timetable) -> list[Problem]:
    """All that keeps a timetable from being kept to."""
    return [*_anchor_problems(timetable), *_window_problems(timetable), *_rule_problems(timetable)]


def _anchor_problems(timetable: Timetable) -> Iterator[Problem]:
    if (timetable.first is not None) != (timetable.relative_to == "calendar"):
        yield Problem("first", "A day of the calendar goes with `calendar`, and with it alone.")
    if (timetable.event is not None) != (timetable.relative_to == "event"):
        yield Problem("event", "An event's name goes with `event`, and with it alone.")
    if timetable.first is not None and not 1900 <= timetable.first.year < 2180:  # noqa: PLR2004
        yield Problem("first", "The day lies outside 1900 to 2180.")
    if timetable.at.second or timetable.at.microsecond:
        yield Problem("at", "A time is a whole minute.")


def _window_problems(timetable: Timetable) -> Iterator[Problem]:
    for index, minutes in enumerate(timetable.reminders):
        if not 0 < minutes < timetable.window:
            yield Problem(f"reminders[{index}]", "A reminder comes while the window is open.")
    if len(set(timetable.reminders)) < len(timetable.reminders):
        yield Problem("reminders", "A reminder is there twice.")


def _rule_problems(timetable: Timetable) -> Iterator[Problem]:
    if timetable.rule is None:
        return
    first = datetime.combine(timetable.first or date(2026, 1, 1), timetable.at)
    try:
        rules.parsed(timetable.rule)
        if not 1900 <= first.year < 2180:  # noqa: PLR2004
            return
        found = list(islice(rules.times(timetable.rule, first), MOST_A_DAY + 1))
    except Unreadable as error:
        yield Problem("rule", str(error))
        return
    if not found or found[0] - first > SOON:
        yield Problem("rule", "It does not come within ten years.")
    elif len(found) > MOST_A_DAY and found[-1] - found[0] < DAY:
        yield Problem("rule", "It comes too often in a day.")
