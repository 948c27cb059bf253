"""Time-outs of one length: who began first is the first to have waited too long, so one timer does for all.

A timer for each would cost a request as much as some of its work does, and hardly one ever fires.
"""

import asyncio
from collections.abc import Callable, Hashable


class Patience:
    """How long everybody waits who begins here, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[Hashable, tuple[float, Callable[[], object]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, who: Hashable, late: Callable[[], object]) -> None:
        """Call `late` once they have waited too long, unless they `end` before."""
        loop = asyncio.get_running_loop()
        self._waiting[who] = loop.time() + self.seconds, late
        if self._timer is None:
            self._timer = loop.call_later(self.seconds, self._look)

    def end(self, who: Hashable) -> None:
        """They wait no more."""
        self._waiting.pop(who, None)

    def _look(self) -> None:
        """Who is late is told; the next to be is looked for when they would be."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._waiting:
            who, (due, late) = next(iter(self._waiting.items()))
            if due > loop.time():
                self._timer = loop.call_at(due, self._look)
                break
            del self._waiting[who]
            late()
