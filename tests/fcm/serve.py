"""`python -m tests.fcm.serve PORT CERTIFICATE KEY`: the stand-in, HTTP/1.1 and HTTP/2 over TLS.

As Google's front ends do, it takes 100 requests at once on a connection.
"""

import sys
from pathlib import Path

from granian.constants import Interfaces, Loops
from granian.http import HTTP2Settings
from granian.server import Server

STREAMS = 100

if __name__ == "__main__":
    port, certificate, key = sys.argv[1:]
    Server(
        "tests.fcm.app:answer",
        port=int(port),
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        websockets=False,
        http2_settings=HTTP2Settings(max_concurrent_streams=STREAMS),
        ssl_cert=Path(certificate),
        ssl_key=Path(key),
        log_enabled=False,
    ).serve()
