"""What the worker asks of a push service: begin knocks, know when each is on the wire, and its answer."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

Verdict = Literal[
    "accepted",
    "unregistered",
    "invalid-target",
    "sender-mismatch",
    "refused-credentials",
    "invalid-message",
    "later",
    "unknown",
]
"""What became of a request.

`unregistered`: the app is gone from that device. `invalid-target`: the service cannot read the
device's value. `sender-mismatch` and `refused-credentials`: it does not take ours, for nobody.
`invalid-message`: it does not take what we said. `later`: try again. `unknown`: the request may
have arrived or not; the phone shows it once all the same.
"""


class Target(NamedTuple):
    """A device, by the value that the push service knows it by, and what it is."""

    device_id: UUID
    value_kind: Literal["fid", "token"]
    value: str
    platform: Literal["android", "ios", "web"]
    language: str


class Knock(NamedTuple):
    """One request to make: on which device, for which message, and how long the service may keep it."""

    message_id: UUID
    target: Target
    lives: timedelta
    collapse_key: str
    urgent: bool


class Answer(NamedTuple):
    """A verdict. `retry_after`: what the service asked for. `cause`: a stable code, without content."""

    verdict: Verdict
    retry_after: timedelta | None
    cause: str


class Begun(NamedTuple):
    """A request under way.

    `started` is done when its bytes are handed to the socket: from then on the knock may arrive.
    `answer` is done when the service has answered, or will not; it never raises. Whoever cancels
    `started` before it is done has stopped it: nothing is sent. Where nothing could be sent (no
    connection, a message that is not valid), `started` is cancelled and `answer` says why.
    """

    knock: Knock
    started: asyncio.Future[None]
    answer: asyncio.Future[Answer]


class Pusher(Protocol):
    """A push service."""

    def begin(self, knocks: Sequence[Knock]) -> list[Begun]:
        """Begin to send all of them, and return at once."""
        ...

    async def close(self) -> None:
        """Let go of what is open. What has not begun is not sent."""
        ...
