"""A server of HTTP/2 that answers, breaks off or stops reading, as the test says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from jh2 import events
from jh2.config import H2Configuration
from jh2.connection import H2Connection
from jh2.settings import SettingCodes

from tests.fcm.authority import Files
from tests.fcm.standin import HOST

WIDE = (1 << 31) - 1


class Peer(asyncio.Protocol):
    """The server's side of one connection. `on` is called with each stream whose request is whole."""

    def __init__(self, on: "Callable[[Peer, int], None]") -> None:
        self.http = H2Connection(H2Configuration(client_side=False))
        self.transport: Any = None
        self.bodies: dict[int, bytes] = {}
        self._on = on

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.http.initiate_connection()
        wide = {
            SettingCodes.MAX_CONCURRENT_STREAMS: 1 << 20,
            SettingCodes.INITIAL_WINDOW_SIZE: WIDE,
        }
        self.http.update_settings(wide)
        self.http.increment_flow_control_window(WIDE - (1 << 16))
        self.flush()

    def data_received(self, data: bytes) -> None:
        for event in self.http.receive_data(data):
            if isinstance(event, events.DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
            elif isinstance(event, events.StreamEnded):
                self._on(self, event.stream_id)
        self.flush()

    def answer(self, stream: int, status: int = 200) -> None:
        self.http.send_headers(stream, [(":status", str(status))])
        self.http.send_data(stream, b"{}", end_stream=True)
        self.flush()

    def flush(self) -> None:
        self.transport.write(self.http.data_to_send())


@asynccontextmanager
async def breaking(files: Files, on: Callable[[Peer, int], None]) -> AsyncIterator[int]:
    """The port of such a server, for as long as the block lasts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["h2"])
    peers: list[Peer] = []

    def accepted() -> Peer:
        peers.append(Peer(on))
        return peers[-1]

    server = await asyncio.get_running_loop().create_server(accepted, HOST, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for peer in peers:
            if peer.transport:
                peer.transport.abort()
        await asyncio.sleep(0.01)  # for what was aborted to be told so
