"""A TCP proxy on loopback that breaks connections in chosen places."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, NamedTuple, Self, get_args

from tests.drills.http import HOST, Http

Fault = Literal[
    "in the request", "after the request", "before the answer", "in the answer",
    "sliced and in the answer", "sliced", "stalled request", "stalled answer",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = get_args(Fault)
CUTS, SLICED, STALLS = FAULTS[:5], FAULTS[5], FAULTS[6:]
STALL_SECONDS = 2.0
CHUNK = 1 << 16


class Way(NamedTuple):
    """What happens in one direction: after how many bytes it stalls, and after how many all ends."""

    stalls: int | None = None
    ends: int | None = None
    sliced: bool = False
    """Handed on a byte at a time."""


class Plan(NamedTuple):
    """What is done to one connection."""

    there: Way = Way()
    back: Way = Way()


def plan(fault: Fault, request: int) -> Plan:
    """A plan for a connection with one request of so many bytes."""
    inside = random.randrange(1, request)  # noqa: S311 - no secret
    answered = random.randrange(1, 150)  # noqa: S311 - the head of any answer is longer
    plans: Mapping[Fault, Plan] = {
        "in the request": Plan(there=Way(ends=inside)),
        "after the request": Plan(there=Way(ends=request)),
        "before the answer": Plan(back=Way(ends=0)),
        "in the answer": Plan(back=Way(ends=answered)),
        "sliced and in the answer": Plan(Way(sliced=True), Way(ends=answered, sliced=True)),
        "sliced": Plan(Way(sliced=True), Way(sliced=True)),
        "stalled request": Plan(there=Way(stalls=inside)),
        "stalled answer": Plan(back=Way(stalls=0)),
    }
    return plans[fault]


class Proxy:
    """Carries connections to a port, each by its plan."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._plans: dict[int, Plan] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, HOST, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()

    def http(self, how: Plan | None = None) -> Http:
        """A client whose one connection is carried by this plan."""
        return _Carried(self, how or Plan())

    async def connected(self, how: Plan) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that is carried by this plan."""
        if self._server is None:
            raise RuntimeError("the proxy is not open")
        port = self._server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 20)
        self._plans[writer.get_extra_info("sockname")[1]] = how
        return reader, writer

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """The plan is there when the first bytes are: until then nothing is done."""
        far, on = await asyncio.open_connection(HOST, self._to)
        with suppress(OSError):
            first = await near.read(CHUNK)
            how = self._plans.pop(back.get_extra_info("peername")[1], Plan())
            ways = [
                asyncio.create_task(_hand(near, on, how.there, first)),
                asyncio.create_task(_hand(far, back, how.back)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        back.transport.abort()
        on.close()  # what the server was sent, it gets


class _Carried(Http):
    def __init__(self, proxy: Proxy, how: Plan) -> None:
        super().__init__(0)
        self._proxy = proxy
        self._how = how

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await self._proxy.connected(self._how)
        return self._streams


async def _hand(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way, first: bytes = b""
) -> None:
    """Hand on what comes, until the end of it or of the way."""
    at, data = 0, first
    with suppress(OSError):
        while data or (data := await reader.read(CHUNK)):
            if at == way.stalls:
                await asyncio.sleep(STALL_SECONDS)
            ahead = [stop - at for stop in (way.stalls, way.ends) if stop is not None and stop > at]
            size = 1 if way.sliced else min([len(data), *ahead])
            if at != way.ends:
                writer.write(data[:size])
                await writer.drain()
                at, data = at + size, data[size:]
            if at == way.ends:
                return
