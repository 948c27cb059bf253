"""A lean HTTP/1.1 client on asyncio streams: one kept connection, one request under way at a time."""

import asyncio
from collections.abc import Mapping
from typing import Any, Self

import msgspec
from msgspec import Struct

HOST = "127.0.0.1"
SECONDS = 60.0
"""Longer than any answer may take."""


class Answer(Struct, frozen=True):
    """A whole answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status // 100 == 2

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Http:
    """A connection to a server on loopback; it is made when it is needed, and again after it broke."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.break_off()

    async def get(self, path: str, token: str = "") -> Answer:
        return await self.ask("GET", path, token)

    async def post(self, path: str, token: str, body: object, key: str = "") -> Answer:
        return await self.ask("POST", path, token, body, {"Idempotency-Key": key} if key else None)

    async def ask(
        self,
        method: str,
        path: str,
        token: str = "",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send and wait for the whole answer. `body`: bytes go as they are, all else as JSON.

        Raises:
            ConnectionError: the connection broke before the answer was whole.
            TimeoutError: there was no whole answer in time.

        """
        return await self.exchange(request(method, path, token, body, headers))

    async def exchange(self, raw: bytes) -> Answer:
        """Send these bytes, and read one answer. See `ask` for what it raises."""
        try:
            async with asyncio.timeout(SECONDS):
                reader, writer = await self._connected()
                writer.write(raw)
                return await _answer(reader, head_only=raw.startswith(b"HEAD "))
        except BaseException as error:
            self.break_off()
            if isinstance(error, asyncio.IncompleteReadError | OSError) and not isinstance(
                error, TimeoutError
            ):
                raise ConnectionError from error
            raise

    def break_off(self) -> None:
        """Reset the connection, whatever is under way."""
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None or self._streams[1].is_closing() or self._streams[0].at_eof():
            self._streams = await asyncio.open_connection(HOST, self.port, limit=1 << 20)
        return self._streams


def request(
    method: str,
    path: str,
    token: str = "",
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The bytes of a request. Headers given go over the usual ones; an empty one leaves it out."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    usual = {"Host": HOST}
    if token:
        usual["Authorization"] = f"Bearer {token}"
    if body is not None:
        usual |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    lines = [f"{name}: {text}" for name, text in (usual | dict(headers or {})).items() if text]
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")
    return head if body is None else head + content


async def _answer(reader: asyncio.StreamReader, *, head_only: bool) -> Answer:
    status, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
    headers = {
        name.lower(): text.strip() for name, _, text in (one.partition(":") for one in lines)
    }
    code = int(status.split(" ", 2)[1])
    if head_only or code in {204, 304}:
        body = b""
    elif "chunked" in headers.get("transfer-encoding", ""):
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(code, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return bytes(body)
