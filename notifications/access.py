"""An access token that is renewed ahead of need, in a thread: the event loop never waits for it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from google.auth.exceptions import GoogleAuthError

AHEAD = timedelta(minutes=6)
"""google-auth itself would renew it, within a request, 3 min 45 s before it runs out."""
SPARE = timedelta(seconds=10)
SHORTEST, LONGEST = 5.0, 60.0
"""Seconds between tries that fail, doubling."""

log = structlog.get_logger()


class Access:
    """A credential's token. `changed` is called when there is another, or none can be had."""

    def __init__(self, credential: Any, request: Any, changed: Callable[[], None]) -> None:  # noqa: ANN401 - google's
        """`request` is google-auth's way to make requests, with its trust and its time-out."""
        self._credential, self._request = credential, request
        self._changed = changed
        self._wanted = asyncio.Event()
        self.trouble = ""
        """Why there is none: `refused` (they do not take our credential) or `unreachable`."""
        self._task = asyncio.create_task(self._keep())

    def token(self) -> str | None:
        """The token, while it is valid; where it is not, a new one is on its way."""
        expiry = self._credential.expiry
        if expiry is None or expiry.replace(tzinfo=UTC) - SPARE > datetime.now(UTC):
            token: str | None = self._credential.token
            if token:
                return token
        self._wanted.set()
        return None

    def renew(self) -> None:
        """It was refused: ask for another at once."""
        self._wanted.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _keep(self) -> None:
        wait = SHORTEST
        while True:
            self._wanted.clear()
            self.trouble = await _apart(self._refresh)
            if self.trouble:
                log.warning("push_token", trouble=self.trouble)
            self._changed()
            if self.trouble:
                await asyncio.sleep(wait)  # however many ask meanwhile
                wait = min(wait * 2, LONGEST)
            else:
                wait = SHORTEST
                await self._until_needed()

    def _refresh(self) -> str:
        try:
            self._credential.refresh(self._request)
        except GoogleAuthError as error:
            return "unreachable" if error.retryable or _on_the_way(error) else "refused"
        except Exception:  # noqa: BLE001 - of an answer that google-auth cannot read, it may raise any
            return "unreachable"
        return ""

    async def _until_needed(self) -> None:
        await asyncio.sleep(SHORTEST)  # a token that was refused is not asked for in a tight circle
        expiry = self._credential.expiry
        left = None  # one that never runs out
        if expiry is not None:
            ahead = expiry.replace(tzinfo=UTC) - AHEAD - datetime.now(UTC)
            left = max(0.0, ahead.total_seconds())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), left)


async def _apart(ask: Callable[[], str]) -> str:
    """In a thread that nobody waits for at the end: it may hang as long as google-auth lets it."""
    loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

    def tell(said: str) -> None:
        if not done.done():
            done.set_result(said)

    def run() -> None:
        said = ask()
        with suppress(RuntimeError):  # the loop is gone meanwhile
            loop.call_soon_threadsafe(tell, said)

    threading.Thread(target=run, daemon=True, name="push-token").start()
    said: str = await done
    return said


def _on_the_way(error: GoogleAuthError) -> bool:
    """Whether the request failed before anyone could judge the credential."""
    return type(error).__name__ == "TransportError"
