"""When to try again, and when no more. The outbox alone retries: nothing beneath it does."""

from datetime import timedelta

FIRST_WAIT = timedelta(seconds=10)
"""FCM asks for at least this before a first retry."""
LONGEST_SPREAD = timedelta(minutes=20)
OVER = timedelta(minutes=60)
"""Since the first try; after that it is a dead letter."""


def wait(attempts: int, retry_after: timedelta | None, chance: float) -> timedelta:
    """How long after the `attempts`-th try the next may come. `chance` is drawn from [0, 1).

    Doubling with full jitter, above ten seconds or what the service asked for: those who were told
    the same do not come back together.
    """
    spread = min(LONGEST_SPREAD, FIRST_WAIT * (1 << min(attempts, 16)))
    return max(FIRST_WAIT, retry_after or FIRST_WAIT) + (spread - FIRST_WAIT) * chance
