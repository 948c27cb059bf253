"""Whether an answer to an assignment comes in time, and what a week of assignments came to. Pure.

A phone may be offline: what it wrote while the assignment was open is taken for 30 days more, and
marked late-received. What was begun after the window is not taken.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from domain.errors import Refusal

State = Literal["due", "draft", "completed", "expired", "declined", "cancelled"]

LATE_FOR = timedelta(days=30)
CLOCKS_DIFFER = timedelta(minutes=5)
"""How far a phone's clock may be ahead of ours."""


class NotOpen(Refusal):
    """This assignment cannot be answered."""

    status = 409


class Window(NamedTuple):
    """When an assignment may be answered. `expires_at`: the window's end with its grace."""

    opens_at: datetime
    expires_at: datetime


def received_late(state: State, window: Window, written_at: datetime, now: datetime) -> bool:
    """Whether an answer that may be taken is late-received: written in time, sent after.

    Raises:
        NotOpen: it is answered, declined or cancelled, or was written outside the window.

    """
    if state in {"completed", "declined", "cancelled"}:
        raise NotOpen("It is no longer asked.", state=state)
    written = min(written_at, now)
    if written_at > now + CLOCKS_DIFFER:
        raise NotOpen("It says to have been written in the future.")
    if written < window.opens_at:
        raise NotOpen("It does not open until later.", opens_at=window.opens_at)
    if written >= window.expires_at:
        raise NotOpen("Its time has ended.", expires_at=window.expires_at)
    if now >= window.expires_at + LATE_FOR:
        raise NotOpen("It was written in time, but came too late.", expires_at=window.expires_at)
    return now >= window.expires_at


class Outcome(NamedTuple):
    """What became of an assignment by now."""

    local: datetime
    opens_at: datetime
    expires_at: datetime
    state: State
    late_received: bool


class Week(Struct, frozen=True, kw_only=True):
    """An ISO week of the resident's calendar. Every assignment that has opened is in one of the four.

    `late` were written in time and received after; declined ones are `missed`; `due` may still be
    answered. What was cancelled was not asked, and is not counted.
    """

    year: int
    week: int
    due: int
    completed: int
    late: int
    missed: int


def by_week(outcomes: Iterable[Outcome], now: datetime) -> list[Week]:
    """The weeks in which anything was asked, in their order."""
    counts: dict[tuple[int, int], Counter[str]] = {}
    for outcome in outcomes:
        kind = _kind(outcome, now)
        if kind is not None:
            year, week, _ = outcome.local.isocalendar()
            counts.setdefault((year, week), Counter())[kind] += 1
    return [
        Week(
            year=year, week=week, due=n["due"], completed=n["completed"], late=n["late"],
            missed=n["missed"],
        )
        for (year, week), n in sorted(counts.items())
    ]  # fmt: skip


def _kind(outcome: Outcome, now: datetime) -> Literal["due", "completed", "late", "missed"] | None:
    if outcome.state == "cancelled" or outcome.opens_at > now:
        return None
    if outcome.state == "completed":
        return "late" if outcome.late_received else "completed"
    if outcome.state in {"due", "draft"} and outcome.expires_at > now:
        return "due"
    return "missed"
