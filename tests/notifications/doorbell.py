"""A push service in a few lines, for tests of the worker: it speaks the seam, and says what it is told to.

The real client over the wire is tested with the stand-in for FCM.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from notifications.push import Answer, Begun, Knock

ACCEPTED = Answer("accepted", None, "")


def later(seconds: float | None = None, cause: str = "unavailable") -> Answer:
    return Answer("later", None if seconds is None else timedelta(seconds=seconds), cause)


class Doorbell:
    """What was begun, in order. `deaf`: requests never begin. `delay`: seconds until an answer."""

    def __init__(self, say: Callable[[Knock], Answer] = lambda _: ACCEPTED) -> None:
        self.say = say
        self.knocks: list[Knock] = []
        self.rung = asyncio.Event()
        self.deaf = False
        self.delay = 0.0

    def begin(self, knocks: Sequence[Knock]) -> list[Begun]:
        return [self._begin(knock) for knock in knocks]

    async def close(self) -> None:
        """Nothing is open."""

    def _begin(self, knock: Knock) -> Begun:
        loop = asyncio.get_running_loop()
        begun = Begun(knock, loop.create_future(), loop.create_future())
        if not self.deaf:
            self.ring(begun)
        return begun

    def ring(self, begun: Begun) -> None:
        """The request begins."""
        self.knocks.append(begun.knock)
        self.rung.set()
        begun.started.set_result(None)
        asyncio.get_running_loop().call_later(self.delay, self._answer, begun)

    def _answer(self, begun: Begun) -> None:
        if not begun.answer.done():
            begun.answer.set_result(self.say(begun.knock))
