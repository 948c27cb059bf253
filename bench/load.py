"""A lean HTTP/1.1 load: requests made beforehand, one kept connection a client, every latency kept."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

PACED = 8
"""Connections of a load at an even pace."""


class Sample(Struct):
    """What a load saw: a latency and a status for each request, and the whole time in seconds."""

    seconds: list[float]
    statuses: list[int]
    took: float

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.took

    def expect(self, status: int) -> None:
        """Every answer had this status, or it raises: what failed fast is no speed."""
        odd = set(self.statuses) - {status}
        if odd:
            raise RuntimeError(f"expected {status}, got {sorted(odd)}")


class Client(asyncio.Protocol):
    """One connection; one request under way at a time. Knows Content-Length and chunked bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._done: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # TCP gives a Transport

    def send(self, request: bytes) -> "asyncio.Future[int]":
        """Send a request; the future is its status, once the whole answer is there."""
        self._done = asyncio.get_running_loop().create_future()
        self._buffer.clear()
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError
        self._transport.write(request)
        return self._done

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._done and not self._done.done() and _complete(self._buffer):
            self._done.set_result(int(self._buffer[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done and not self._done.done():
            self._done.set_exception(exc or ConnectionError())

    def close(self) -> None:
        if self._transport:
            self._transport.close()


def _complete(answer: bytearray) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = bytes(answer[:end]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        length = int(head[at + 17 :].split(b"\r\n", 1)[0])
        return len(answer) >= end + 4 + length
    return answer.endswith(b"0\r\n\r\n")


async def connect(port: int) -> Client:
    """A new connection to a server on loopback."""
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    return client


async def run(port: int, clients: int, requests: list[bytes]) -> Sample:
    """Send all requests over so many connections, each its next as soon as it has an answer."""
    waiting = iter(requests)
    sample = Sample([], [], 0)

    async def one(client: Client) -> None:
        for request in waiting:
            begun = time.perf_counter()
            status = await client.send(request)
            sample.seconds.append(time.perf_counter() - begun)
            sample.statuses.append(status)
        client.close()

    connections = [await connect(port) for _ in range(clients)]
    begun = time.perf_counter()
    await asyncio.gather(*(one(client) for client in connections))
    sample.took = time.perf_counter() - begun
    return sample


async def paced(
    port: int, pace: float, requests: Iterator[bytes], until: Awaitable[object]
) -> list[float]:
    """Send so many requests a second until something is over: the seconds to each answer.

    They count from when the request was to be sent, so that a server that stops is not asked less.
    """
    over = asyncio.ensure_future(until)
    seconds: list[float] = []

    async def every(client: Client, due: float) -> None:
        while not over.done():
            await asyncio.sleep(due - time.perf_counter())
            status = await client.send(next(requests))
            seconds.append(time.perf_counter() - due)
            if status != 200:
                raise RuntimeError(f"expected 200, got {status}")
            due += PACED / pace
        client.close()

    clients = [await connect(port) for _ in range(PACED)]
    begun = time.perf_counter()
    await asyncio.gather(*(every(client, begun + n / pace) for n, client in enumerate(clients)))
    await over
    return seconds


def read(path: str, token: str) -> bytes:
    """A GET as a resident or member."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def post(path: str, token: str, body: Any, key: str) -> bytes:  # noqa: ANN401 - any JSON
    """A POST of JSON with an Idempotency-Key."""
    return posted(path, token, msgspec.json.encode(body), key)


def posted(
    path: str,
    token: str,
    content: bytes,
    key: str,
    media_type: str = "application/json",
    coding: str = "",
) -> bytes:
    """A POST of bytes with an Idempotency-Key."""
    coded = f"Content-Encoding: {coding}\r\n" if coding else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {media_type}\r\n{coded}"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def percentile(seconds: list[float], percent: float) -> float:
    """In milliseconds, by the nearest rank."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000
