"""HTTP/2 (RFC 9113), the client's side, by jh2: many requests at once over one connection."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from jh2 import events
from jh2.config import H2Configuration
from jh2.connection import ConnectionInputs, ConnectionState, H2Connection, H2ConnectionStateMachine
from jh2.errors import ErrorCodes
from jh2.exceptions import ProtocolError

from notifications.wire import Wire

if TYPE_CHECKING:
    import asyncio

LARGEST_BODY = 1 << 14
"""One frame of the size that every peer takes (§4.2)."""
LARGEST_ANSWER = 1 << 15
LAST_STREAM = 1 << 30
"""Ids are used up after twice as many; a connection is left well before."""
IDLE_SECONDS = 60.0
"""After that a connection may have been forgotten on the way, so it is not used again."""

Headers = Sequence[tuple[bytes, bytes]]


class Response(NamedTuple):
    """What the service answered."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


class Failure(NamedTuple):
    """There is no answer. `read`: the service may have read the request all the same."""

    cause: str
    read: bool


class Request:
    """One request. `started` is done once its bytes are the system's; `done` is called once."""

    __slots__ = ("body", "content", "done", "ends", "headers", "said", "started")

    def __init__(
        self,
        headers: Headers,
        body: bytes,
        started: "asyncio.Future[None]",
        done: Callable[[Response | Failure], None],
    ) -> None:
        self.headers, self.body = headers, body
        self.started, self.done = started, done
        self.ends = 0.0
        self.said: Mapping[bytes, bytes] = {}
        self.content = b""


class _Leaving(H2ConnectionStateMachine):  # type: ignore[misc] # jh2 tells no types
    """After GOAWAY, answers to what was sent before still come (§6.8); jh2 would refuse them."""

    _transitions = {
        **H2ConnectionStateMachine._transitions,  # noqa: SLF001 - a test holds it to its promise
        (ConnectionState.CLIENT_OPEN, ConnectionInputs.RECV_GOAWAY): (
            None,
            ConnectionState.CLIENT_OPEN,
        ),
    }


class _Http(H2Connection):  # type: ignore[misc]
    """It would go through all streams at each request, to count them and to forget those that ended.

    `Connection` does both.
    """

    open_outbound_streams = 0

    def forget(self, stream: int) -> None:
        """One that ended. How it did is kept: what still comes for one that we reset is no error."""
        if ended := self.streams.pop(stream, None):
            self._closed_streams[stream] = ended.closed_by


class Connection(Wire):
    """A connection and its requests. `changed` is called when it has more room, or has ended."""

    def __init__(
        self, context: ssl.SSLContext, host: str, seconds: float, changed: Callable[[], None]
    ) -> None:
        """Requests are given up after so many seconds."""
        super().__init__(context, host)
        # Our headers are as they should be, and of the service's we look at two: to have all of
        # them checked costs a fifth of a request.
        self._http = _Http(
            H2Configuration(
                validate_outbound_headers=False, normalize_outbound_headers=False,
                validate_inbound_headers=False, normalize_inbound_headers=False,
            )
        )  # fmt: skip
        self._http.state_machine = _Leaving()
        self._seconds = seconds
        self._changed = changed
        self._requests: dict[int, Request] = {}
        self._taken = 0
        """Bytes of answers since the other side was last told that it may send more."""
        self._waiting: list[Request] = []
        """Written, and not yet taken by the system."""

    @property
    def busy(self) -> int:
        """How many requests wait for their answers."""
        return len(self._requests)

    def room(self) -> int:
        """How many requests can be sent now, as far as their number counts; see `window`."""
        theirs = self._http.remote_settings
        short = min(self.window(), int(theirs.initial_window_size)) < LARGEST_BODY
        if self.over or self.blocked or short:
            return 0
        return max(0, int(theirs.max_concurrent_streams) - len(self._requests))

    def window(self) -> int:
        """How many bytes of bodies can be sent now."""
        return int(self._http.outbound_flow_control_window)

    def send(self, requests: Sequence[Request]) -> None:
        """Send them all in one write: no more than there is room for, and a window."""
        ends = self.loop.time() + self._seconds
        for request in requests:
            stream = self._http.get_next_available_stream_id()
            self._http.send_headers(stream, request.headers)
            self._http.send_data(stream, request.body, end_stream=True)
            self._requests[stream] = request
            request.ends = ends
            self.over = self.over or stream > LAST_STREAM
        self._waiting += requests
        self.write(self._http.data_to_send())
        if not self.blocked:
            self.taken()
        for request in self._waiting:
            request.started.add_done_callback(self._taken_back)

    def close(self) -> None:
        """Say goodbye, and end it."""
        if self.opened.done() and not self.over:
            with suppress(ProtocolError, ssl.SSLError):
                self._http.close_connection()
                self.write(self._http.data_to_send())
        super().close()

    def taken(self) -> None:
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            request.started.remove_done_callback(self._taken_back)
            if not request.started.done():
                request.started.set_result(None)

    def _taken_back(self, started: "asyncio.Future[None]") -> None:
        """What waits in our buffer cannot be taken out one by one: all of it is dropped."""
        if started.cancelled():
            self.abort()

    def secured(self) -> None:
        self.loop.call_later(1, self._look_after)
        self._http.initiate_connection()
        self.write(self._http.data_to_send())

    def received(self, plain: bytes) -> None:
        try:
            for event in self._http.receive_data(plain):
                self._on(event)
        except ProtocolError as error:
            raise ValueError from error
        finally:
            self.write(self._http.data_to_send())
        self._changed()

    def _on(self, event: events.Event) -> None:
        match event:
            case events.ResponseReceived():
                if request := self._requests.get(event.stream_id):
                    request.said = dict(event.headers)
            case events.DataReceived():
                self._take(event)
            case events.StreamEnded():
                self._end(event.stream_id, None)
            case events.StreamReset():
                refused = event.error_code == ErrorCodes.REFUSED_STREAM
                cause = "refused-stream" if refused else "stream-reset"
                self._end(event.stream_id, Failure(cause, read=not refused))
            case events.ConnectionTerminated():
                self._leave(event.last_stream_id)
            case events.RemoteSettingsChanged() if not self.opened.done():
                self.opened.set_result(None)

    def _take(self, event: Any) -> None:  # noqa: ANN401 - jh2 tells no types
        self._taken += event.flow_controlled_length
        if self._taken >= LARGEST_BODY:  # a stream's own window is wider than any answer
            self._http.increment_flow_control_window(self._taken)
            self._taken = 0
        if request := self._requests.get(event.stream_id):
            request.content += event.data
            if len(request.content) > LARGEST_ANSWER:  # the status alone speaks
                with suppress(ProtocolError):
                    self._http.reset_stream(event.stream_id, ErrorCodes.CANCEL)
                self._end(event.stream_id, None)

    def _end(self, stream: int, failure: Failure | None) -> None:
        if request := self._requests.pop(stream, None):
            self._http.forget(stream)
            status = int(request.said.get(b":status", 0))
            request.done(failure or Response(status, request.said, request.content))

    def _leave(self, last: int) -> None:
        """The service takes no more, and has not read what came after its last."""
        self.over = True
        for stream in [one for one in self._requests if one > last]:
            self._end(stream, Failure("refused-stream", read=False))

    def _look_after(self) -> None:
        """Once a second: give up what waits too long, and a connection that is dead or idle."""
        now = self.loop.time()
        late = [stream for stream, request in self._requests.items() if request.ends <= now]
        for stream in late:
            with suppress(ProtocolError):
                self._http.reset_stream(stream, ErrorCodes.CANCEL)
            self._end(stream, Failure("timed-out", read=True))
        if late and self.heard <= now - self._seconds:
            self.abort()
        elif late:
            self.write(self._http.data_to_send())
        elif not self._requests and (self.over or self.heard <= now - IDLE_SECONDS):
            self.close()
        if not self.ended:
            self.loop.call_later(1, self._look_after)
        if late:
            self._changed()

    def lost(self) -> None:
        for request in self._waiting:
            request.started.remove_done_callback(self._taken_back)
            request.started.cancel()
        for stream in list(self._requests):
            self._end(stream, Failure("connection-lost", read=True))
        self._changed()
