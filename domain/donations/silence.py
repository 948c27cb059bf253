"""Why a source fell silent, or days stayed empty: the likely cause. Pure.

A phone does not tell why it sends nothing. What is known goes before what is guessed: consent first,
then what the app says of its permissions, then when it was last heard of.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from domain.consents.gate import Milliseconds

Silence = Literal["consent-ended", "paused", "permission-lost", "no-upload", "nothing-measured"]
Absence = Literal["outside-consent", "permission-lost", "no-upload", "nothing-measured"]

UPLOADS_WITHIN = timedelta(days=3)
"""An app that has sent nothing for longer is taken to have stopped: phones upload by the hour."""
MEASURES_WITHIN = timedelta(days=7)
"""A measure without samples for longer, while others of its source came, is told as such."""


class Heard(NamedTuple):
    """What is known of a stream. `collects`: False while all its consents pause, None without any.

    `sent_at` is when its source last sent anything, `newest_at` the time of its own newest sample.
    """

    collects: bool | None
    permitted: bool | None
    permission_at: datetime | None
    sent_at: datetime
    newest_at: datetime


def silence(heard: Heard, now: datetime) -> Silence | None:
    """Why nothing comes from a stream; None where it can be expected to go on."""
    if heard.collects is None:
        return "consent-ended"
    if not heard.collects:
        return "paused"
    if is_lost(heard.permitted, heard.permission_at, heard.newest_at):
        return "permission-lost"
    if now - heard.sent_at > UPLOADS_WITHIN:
        return "no-upload"
    if now - heard.newest_at > MEASURES_WITHIN:
        return "nothing-measured"
    return None


def is_lost(permitted: bool | None, permission_at: datetime | None, since: datetime) -> bool:  # noqa: FBT001
    """Whether the app has said that it may no longer read, and nothing measured since contradicts it."""
    return permitted is False and permission_at is not None and permission_at >= since


def absence(
    start_ms: int, end_ms: int, open_: Milliseconds, lost_ms: int | None, sent_ms: int | None
) -> Absence:
    """Why nothing was measured in `[start, end)`.

    `open_`: when samples may have been taken, `lost_ms`: since when an app says that it may not read,
    `sent_ms`: when anything was last uploaded.
    """
    if not any(_meets(since, until, start_ms, end_ms) for since, until in open_):
        return "outside-consent"
    if lost_ms is not None and lost_ms < end_ms:
        return "permission-lost"
    if sent_ms is None or sent_ms <= start_ms:
        return "no-upload"
    return "nothing-measured"


def _meets(since: int | None, until: int | None, start_ms: int, end_ms: int) -> bool:
    return (since is None or since < end_ms) and (until is None or until > start_ms)
