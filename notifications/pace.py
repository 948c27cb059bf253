"""How fast to knock, by FCM's own rules.

At most 600,000 a minute; slowly up from nothing over a minute; and what goes to many keeps away
from the quarter hours, when everyone sends.

Pure: times are whole seconds since 1970. All workers share one `Pace`, which `claims` keeps.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

MOST_A_SECOND: Final = 9_600
"""Any 60 seconds touch 61 whole ones, and what one of them grants may begin in the next: 62 of
them stay below 600,000."""
RAMP: Final = 60
"""Seconds from nothing to the most."""
FORGOTTEN: Final = 60
"""Seconds of rest after which the ramp begins anew."""
QUARTER: Final = 15 * 60
AWAY: Final = 2 * 60
AHEAD: Final = 5
"""Seconds that may lie between a grant and the request that it is for."""


class Pace(Struct, frozen=True):
    """Since when bulk has gone up, when it last went, and what has been granted in a second.

    `spent` counts all, `in_bulk` what of it was bulk.
    """

    began: int
    last: int
    second: int
    spent: int
    in_bulk: int


def granted(pace: Pace, now: int, wanted: int, *, bulk: bool) -> tuple[Pace, int]:
    """How many of the wanted may be begun at once, and the pace with them counted.

    What is not bulk, urgent or one resident's own, goes before the ramp and at any time, and counts
    towards the most. A clock that is set back begins the second, or the ramp, anew.
    """
    if pace.second != now:
        pace = replace(pace, second=now, spent=0, in_bulk=0)
    given = min(wanted, MOST_A_SECOND - pace.spent)
    if not bulk:
        given = max(0, given)
        return replace(pace, spent=pace.spent + given), given
    began = pace.began if 0 <= now - pace.last < FORGOTTEN else now
    given = max(0, min(given, (0 if resting(now) else risen(now - began)) - pace.in_bulk))
    if given:
        pace = replace(pace, began=began, last=now, in_bulk=pace.in_bulk + given)
    return replace(pace, spent=pace.spent + given), given


def risen(seconds: int) -> int:
    """How many may be begun in a second, so many seconds after the ramp began."""
    return MOST_A_SECOND * min(RAMP, seconds + 1) // RAMP


def resting(now: int) -> bool:
    """Whether a second is within two minutes of a quarter hour, or so near that a request could be."""
    into = now % QUARTER
    return into < AWAY or into >= QUARTER - AWAY - AHEAD
