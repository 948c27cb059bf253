"""Firebase Cloud Messaging by its HTTP v1 API, over a few kept HTTP/2 connections.

The outbox alone retries; nothing here does.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from urllib.parse import urlsplit

from notifications import payload
from notifications.firebase import Account, Firebase
from notifications.http2 import LARGEST_BODY, Connection, Failure, Headers, Request, Response
from notifications.push import Answer, Begun, Knock

SHARE = 25
"""How many requests a connection is given before another's turn."""
REFUSED, TOO_LONG = "credential-refused", "too-long"
STREAMS = 100
"""At once on a connection: what Google's front ends take."""


class Fcm:
    """A Pusher. Knocks wait in order for a token and for room, and leave together."""

    def __init__(self, account: Account) -> None:
        """In a running loop. Raises NoCredentials."""
        self._loop = asyncio.get_running_loop()
        self._firebase = Firebase(account, self._pump)
        self._trust = self._firebase.trust
        self._trust.set_alpn_protocols(["h2"])
        self._waiting: deque[Request] = deque()
        self._connections: list[Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._most = account.connections
        self._seconds = account.seconds
        self._spoken: tuple[str, Headers] = ("", ())
        self._over = False

    def begin(self, knocks: Sequence[Knock]) -> list[Begun]:
        begun = [Begun(k, self._loop.create_future(), self._loop.create_future()) for k in knocks]
        now = time.time()
        for one in begun:
            body = payload.body(one.knock, now)
            request = Request((), body, one.started, partial(self._done, one))
            if len(body) > LARGEST_BODY:
                request.done(Failure(TOO_LONG, read=False))
                one.started.cancel()
                continue
            (self._waiting.appendleft if one.knock.urgent else self._waiting.append)(request)
        self._pump()
        for one in begun:
            if not one.started.done():
                one.started.add_done_callback(partial(_stopped, one))
        return begun

    async def close(self) -> None:
        self._over = True
        self._fail("closed")
        for task in self._opening:
            task.cancel()
        for connection in self._connections:
            connection.close()
        await self._firebase.close()

    def _pump(self) -> None:
        """Send what waits, as far as there is a token and room; see to it that there is."""
        while self._waiting and self._waiting[0].started.cancelled():
            self._waiting.popleft()
        if not self._waiting or self._over:
            return
        self._connections = [one for one in self._connections if one.busy or not one.over]
        headers = self._headers()
        if headers is None:
            return
        for connection in self._connections:  # the first ones are filled: fewer, fuller packets
            while self._waiting and connection.room():
                connection.send(self._next(connection, headers))
        for _ in range(self._wanted()):
            task = asyncio.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def _headers(self) -> Headers | None:
        """Those of every request; None while there is no token."""
        access = self._firebase.access
        token = access.token()
        if token is None:
            if access.trouble:
                self._fail(REFUSED if access.trouble == "refused" else "no-access-token")
            return None
        if self._spoken[0] != token:
            url = urlsplit(self._firebase.url)
            named = {
                ":method": "POST",
                ":scheme": "https",
                ":authority": url.netloc,
                ":path": url.path,
            }
            said = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            all_ = {**named, **said, **self._firebase.headers()}
            self._spoken = (token, [(k.lower().encode(), v.encode()) for k, v in all_.items()])
        return self._spoken[1]

    def _next(self, connection: Connection, headers: Headers) -> list[Request]:
        """As many of those that wait as the connection may be sent at once."""
        chosen: list[Request] = []
        count, window = min(SHARE, connection.room()), connection.window()
        while self._waiting and len(chosen) < count:
            size = len(self._waiting[0].body)
            if size > window:
                break
            request = self._waiting.popleft()
            if not request.started.cancelled():
                request.headers = (*headers, (b"content-length", b"%d" % size))
                chosen.append(request)
                window -= size
        return chosen

    def _wanted(self) -> int:
        """How many more connections to open, for what waits still."""
        wanted = -(-len(self._waiting) // STREAMS) - len(self._opening)
        return min(wanted, self._most - len(self._connections) - len(self._opening))

    async def _open(self) -> None:
        url = urlsplit(self._firebase.url)
        host, port = url.hostname or "", url.port or 443
        connection = Connection(self._trust, host, self._seconds, self._pump)
        try:
            async with asyncio.timeout(self._seconds):
                await self._loop.create_connection(lambda: connection, host, port)
                await connection.opened
        except OSError:  # refused, timed out, not trusted
            connection.opened.cancel()
            connection.abort()
            if not self._connections:
                self._fail("no-connection")
            return
        self._connections.append(connection)
        self._pump()

    def _done(self, one: Begun, outcome: Response | Failure) -> None:
        if isinstance(outcome, Response):
            answer = self._firebase.answer(outcome)
        else:
            answer = _failed(outcome)
        if answer.cause == "unauthenticated":
            self._firebase.access.renew()
        if not one.answer.done():
            one.answer.set_result(answer)

    def _fail(self, cause: str) -> None:
        """None of those that wait can be sent."""
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            request.done(Failure(cause, read=False))
            request.started.cancel()


def _failed(failure: Failure) -> Answer:
    if failure.cause == REFUSED:
        return Answer("refused-credentials", None, REFUSED)
    if failure.cause == TOO_LONG:
        return Answer("invalid-target", None, TOO_LONG)
    return Answer("unknown" if failure.read else "later", None, failure.cause)


def _stopped(one: Begun, started: "asyncio.Future[None]") -> None:
    if started.cancelled() and not one.answer.done():
        one.answer.set_result(Answer("later", None, "not-begun"))
