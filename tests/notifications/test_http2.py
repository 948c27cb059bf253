"""A connection knows what has left it, and what the other side may have read."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from jh2.errors import ErrorCodes

from notifications.http2 import LARGEST_BODY, Connection, Failure, Request, Response
from tests.fcm.authority import Files, certified
from tests.fcm.breaking import Peer, breaking
from tests.fcm.standin import HOST

HEADERS = (
    (b":method", b"POST"),
    (b":scheme", b"https"),
    (b":authority", HOST.encode()),
    (b":path", b"/"),
)
Outcome = Response | Failure


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certified(tmp_path_factory.mktemp("authority"), HOST)


@asynccontextmanager
async def connected(port: int, trust: Path, seconds: float = 10) -> AsyncIterator[Connection]:
    context = ssl.create_default_context(cafile=trust)
    context.set_alpn_protocols(["h2"])
    connection = Connection(context, HOST, seconds, lambda: None)
    await asyncio.get_running_loop().create_connection(lambda: connection, HOST, port)
    await connection.opened
    yield connection
    connection.abort()
    await asyncio.sleep(0)


def request(body: bytes = b"{}") -> tuple[Request, "asyncio.Future[Outcome]"]:
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Outcome] = loop.create_future()
    return Request(HEADERS, body, loop.create_future(), outcome.set_result), outcome


async def outcomes(
    files: Files, on: Callable[[Peer, int], None], count: int, seconds: float = 10
) -> list[Outcome]:
    """Of so many requests sent at once."""
    async with breaking(files, on) as port, connected(port, files.authority, seconds) as connection:
        made = [request() for _ in range(count)]
        connection.send([one for one, _ in made])
        assert all(one.started.done() for one, _ in made)
        return await asyncio.wait_for(asyncio.gather(*(outcome for _, outcome in made)), 15)


async def test_many_requests_at_once_each_get_their_answer(files: Files) -> None:
    def on(peer: Peer, stream: int) -> None:
        peer.answer(stream, 200 + stream)

    found = await outcomes(files, on, 50)
    assert [one.status for one in found if isinstance(one, Response)] == list(range(201, 301, 2))


async def test_what_was_read_before_a_goodbye_is_still_answered(files: Files) -> None:
    def on(peer: Peer, stream: int) -> None:
        if stream == 5:
            peer.transport.write(goaway(last=3))
            for read in (1, 3):
                asyncio.get_running_loop().call_later(0.1, partial(peer.answer, read))

    found = await outcomes(files, on, 3)
    assert [type(one) for one in found] == [Response, Response, Failure]
    assert found[2] == Failure("refused-stream", read=False)


def goaway(last: int) -> bytes:
    """A GOAWAY frame without an error (RFC 9113 §6.8)."""
    return b"\0\0\x08\x07\0\0\0\0\0" + last.to_bytes(4) + bytes(4)


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (ErrorCodes.REFUSED_STREAM, Failure("refused-stream", read=False)),
        (ErrorCodes.INTERNAL_ERROR, Failure("stream-reset", read=True)),
    ],
)
async def test_a_reset_says_whether_it_was_read(
    files: Files, code: ErrorCodes, failure: Failure
) -> None:
    found = await outcomes(files, lambda peer, stream: peer.http.reset_stream(stream, code), 1)
    assert found == [failure]


async def test_a_connection_that_breaks_leaves_it_open(files: Files) -> None:
    found = await outcomes(files, lambda peer, _: peer.transport.abort(), 2)
    assert found == [Failure("connection-lost", read=True)] * 2


async def test_a_request_without_an_answer_is_given_up(files: Files) -> None:
    found = await outcomes(files, lambda *_: None, 1, seconds=0.5)
    assert found == [Failure("timed-out", read=True)]


async def test_an_answer_without_end_is_cut_off(files: Files) -> None:
    def on(peer: Peer, stream: int) -> None:
        peer.http.send_headers(stream, [(":status", "503")])
        for _ in range(3):
            peer.http.send_data(stream, bytes(1 << 14))

    [found] = await outcomes(files, on, 1)
    assert isinstance(found, Response)
    assert found.status == 503


async def test_an_answer_that_comes_too_late_disturbs_no_other(files: Files) -> None:
    def on(peer: Peer, stream: int) -> None:
        asyncio.get_running_loop().call_later(2.5 if stream == 1 else 0, peer.answer, stream)

    async with (
        breaking(files, on) as port,
        connected(port, files.authority, seconds=1) as connection,
    ):
        late, given_up = request()
        connection.send([late])
        for _ in range(6):  # a connection that says something is not taken for dead
            await asyncio.sleep(0.5)
            soon, outcome = request()
            connection.send([soon])
            assert isinstance(await asyncio.wait_for(outcome, 5), Response)
        assert given_up.result() == Failure("timed-out", read=True)


async def test_what_breaks_the_protocol_ends_the_connection(files: Files) -> None:
    """DATA of no stream (RFC 9113 §6.1)."""
    found = await outcomes(files, lambda peer, _: peer.transport.write(b"\0\0\1" + bytes(7)), 1)
    assert found == [Failure("connection-lost", read=True)]


async def test_what_waits_in_our_buffer_has_not_begun_and_can_be_stopped(files: Files) -> None:
    """A peer that reads no more: whoever withdraws consent meanwhile can still stop the rest."""
    received = []

    def on(peer: Peer, stream: int) -> None:
        received.append(stream)
        peer.transport.pause_reading()

    async with breaking(files, on) as port, connected(port, files.authority) as connection:
        made = []
        while not connection.blocked:
            made.append(request(bytes(LARGEST_BODY)))
            connection.send([made[-1][0]])
            await asyncio.sleep(0)
        last, outcome = made[-1]
        assert not last.started.done()
        assert connection.room() == 0
        last.started.cancel()
        assert (await asyncio.wait_for(outcome, 5)).cause == "connection-lost"  # type: ignore[union-attr]
    assert 2 * len(made) - 1 not in received


async def test_a_certificate_by_someone_else_is_not_trusted(files: Files, tmp_path: Path) -> None:
    other = certified(tmp_path, HOST)
    async with breaking(files, lambda *_: None) as port:
        with pytest.raises(OSError, match="SSL"):
            async with connected(port, other.authority):
                pass
