"""A job, and how long to wait after it has failed."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct

Kind = Literal["erase-account", "destroy-keys"]

LEASE = timedelta(minutes=5)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)


class Job(Struct, frozen=True, kw_only=True):
    """Work that this process holds until `leased_until`, which is also the proof that it does."""

    bucket: int
    job_id: UUID
    kind: Kind
    resident_id: UUID
    about: int | None
    attempts: int
    leased_until: datetime


def backoff(attempts: int, chance: float) -> timedelta:
    """Doubling from ten seconds to an hour, with full jitter: `chance` is drawn from [0, 1)."""
    ceiling = min(LONGEST_WAIT, FIRST_WAIT * (1 << min(attempts, 16)))
    return FIRST_WAIT + (ceiling - FIRST_WAIT) * chance
