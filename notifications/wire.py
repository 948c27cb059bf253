"""A TLS connection that knows when the system has taken what was written.

A stream of asyncio's keeps TLS and a buffer between the writer and the socket, so what it was given
may leave much later. A knock that still waits in a buffer of ours has not begun, and whoever
withdraws consent meanwhile must be able to stop it. So TLS is done here, above a plain transport.
"""

import asyncio
import ssl
from contextlib import suppress
from typing import cast

PIECE = 1 << 16


class Wire(asyncio.Protocol):
    """One connection, as a client. What it carries is its subclass's business."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        """The certificate must be the host's, by an authority that the context trusts."""
        self.loop = asyncio.get_running_loop()
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._transport: asyncio.Transport | None = None
        self._secure = False
        self.blocked = False
        """The system takes no more for now: something of ours waits in the buffer."""
        self.over = False
        """Nothing new is to be sent over it."""
        self.ended = False
        self.heard = self.loop.time()
        """When the other side last said something."""
        self.opened: asyncio.Future[None] = self.loop.create_future()
        """Done when it can be used; OSError where that cannot be."""

    def secured(self) -> None:
        """The handshake is done. Overridden, as are the three that follow."""

    def received(self, plain: bytes) -> None:
        """Something came. Raises ValueError for what cannot be understood; then it is over."""

    def taken(self) -> None:
        """The system has taken all that had been written."""

    def lost(self) -> None:
        """The connection has ended."""

    def write(self, plain: bytes) -> None:
        """Hand on to the system; `blocked` says afterwards whether it took all."""
        if plain:
            self._tls.write(plain)
        self._pass_on()

    def close(self) -> None:
        """End it. What the system has taken still leaves."""
        if self._transport and not self.blocked:
            self.over = True
            self._transport.close()
        else:
            self.abort()

    def abort(self) -> None:
        """End it now. What the system has not taken is dropped."""
        self.over = True
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._transport.set_write_buffer_limits(0)  # any byte of ours that waits makes it `blocked`
        self._shake_hands()

    def connection_lost(self, _: Exception | None) -> None:
        self.over = self.ended = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionResetError())
        self.lost()

    def pause_writing(self) -> None:
        self.blocked = True

    def resume_writing(self) -> None:
        self.blocked = False
        self.taken()

    def data_received(self, data: bytes) -> None:
        self.heard = self.loop.time()
        self._in.write(data)
        try:
            if not self._secure:
                self._shake_hands()
            while self._secure and self._in.pending and (plain := self._read()):
                self.received(plain)
            self._pass_on()
        except (ssl.SSLError, ValueError) as error:
            if not self.opened.done():
                self.opened.set_exception(OSError(type(error).__name__))
            self._pass_on()  # the alert that says why
            self.abort()

    def _shake_hands(self) -> None:
        with suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
            if self._tls.selected_alpn_protocol() != "h2":
                raise ssl.SSLError("no HTTP/2")
            self._secure = True
            self.secured()
        self._pass_on()

    def _read(self) -> bytes:
        try:
            return self._tls.read(PIECE)
        except ssl.SSLWantReadError:
            return b""

    def _pass_on(self) -> None:
        if self._transport and self._out.pending:
            self._transport.write(self._out.read())
