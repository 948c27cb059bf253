"""What the worker asks of whoever carries letters: how many may go, begin them, and what became of each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from notifications.push import Answer


class Letter(NamedTuple):
    """One e-mail: a knock, or where `code` is given what confirms the address that it goes to."""

    message_id: UUID
    address: str
    language: str
    code: str = ""


class Posted(NamedTuple):
    """A letter under way; `started` and `answer` are as those of a knock."""

    letter: Letter
    started: asyncio.Future[None]
    answer: asyncio.Future[Answer]


class Room(NamedTuple):
    """How many letters can begin at once now; for the others, when to ask again."""

    letters: int
    again: timedelta


class Poster(Protocol):
    """A mail server."""

    def room(self) -> Room:
        """What it takes now. Where nothing is open, to ask is to have it opened."""
        ...

    async def ready(self) -> None:
        """Open a connection where none is, and wait until it is there or has failed."""
        ...

    def begin(self, letters: Sequence[Letter]) -> list[Posted]:
        """Begin to send all of them, and return at once."""
        ...


class Post(NamedTuple):
    """The mail server, and what the `worker` command hands over to open sealed addresses.

    `open` gives a resident's address, or None where what is stored does not open; it raises
    Unavailable while the key cannot be had. `code` is what a letter of that id confirms with.
    """

    poster: Poster
    open: Callable[[UUID, bytes], Awaitable[str | None]]
    code: Callable[[UUID], str]
