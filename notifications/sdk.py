"""The Firebase SDK's own way to send (`send_each_async`), for whoever trusts it more than ours.

It is several times slower: its connection pool does work that grows with the square of what is open.
"""

import asyncio
import time
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
from firebase_admin import messaging
from firebase_admin.exceptions import FirebaseError

from notifications import payload
from notifications.answers import ODD, OK, refused
from notifications.firebase import Account, Firebase
from notifications.push import Answer, Begun, Knock

_started: ContextVar["asyncio.Future[None]"] = ContextVar("_started")


class Sdk:
    """A Pusher. Each knock is a task."""

    def __init__(self, account: Account) -> None:
        """In a running loop. Raises NoCredentials."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._firebase = Firebase(account, self._changed.set)
        self._firebase.send_by(_Watched(self._firebase.trust))
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, knocks: Sequence[Knock]) -> list[Begun]:
        begun = [Begun(k, self._loop.create_future(), self._loop.create_future()) for k in knocks]
        for one in begun:
            task = asyncio.create_task(self._send(one))
            self._tasks.add(task)
            task.add_done_callback(partial(self._done, one))
        return begun

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._firebase.close()

    async def _send(self, one: Begun) -> None:
        answer = await self._no_access() or await self._answered(one)
        if one.started.cancelled():
            answer = Answer("later", None, "not-begun")
        elif not one.started.done():
            answer = (
                Answer("later", None, "no-connection") if answer.verdict == "unknown" else answer
            )
            one.started.cancel()
        one.answer.set_result(answer)

    async def _no_access(self) -> Answer | None:
        """Wait for a token, so that the SDK need not ask for one in the middle of our loop."""
        access = self._firebase.access
        while access.token() is None:
            if access.trouble == "refused":
                return Answer("refused-credentials", None, "credential-refused")
            if access.trouble:
                return Answer("later", None, "no-access-token")
            self._changed.clear()
            await self._changed.wait()
        return None

    async def _answered(self, one: Begun) -> Answer:
        _started.set(one.started)
        try:
            message = payload.message(one.knock, time.time())
            sent = await messaging.send_each_async([message], app=self._firebase.app)
        except FirebaseError:
            return ODD
        error = sent.responses[0].exception
        if error is None:
            return OK if sent.responses[0].success else ODD
        answer = refused(error, datetime.now(UTC))
        if answer.cause == "unauthenticated":
            self._firebase.access.renew()
        return answer

    def _done(self, one: Begun, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not one.answer.done():  # it was cancelled: we are closing
            one.started.cancel()
            one.answer.set_result(Answer("later", None, "closed"))


class _Watched(httpx.AsyncHTTPTransport):
    """Tells when a request begins, and stops one that was taken back before."""

    def __init__(self, trust: Any) -> None:  # noqa: ANN401 - an SSLContext, which httpx takes as `verify`
        super().__init__(verify=trust, http2=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["trace"] = partial(_trace, _started.get())
        return await super().handle_async_request(request)


async def _trace(started: "asyncio.Future[None]", event: str, _: object) -> None:
    """Called by httpcore as it goes along, the last time before the first byte with this event."""
    if event.endswith("send_request_headers.started"):
        if started.cancelled():
            raise httpx.WriteError("taken back")
        started.set_result(None)
