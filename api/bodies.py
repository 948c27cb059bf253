"""Request bodies: bounded, timed, inflated and looked over before a transaction opens.

The headers are judged first, and a `receive` of our own is put in place of the server's. It reads
the whole body at once when the route asks for it: after the guards, so that a stranger without
a token makes us read nothing, and before `conn`, so that a slow phone holds no connection.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from json import JSONDecoder
from math import isinf
from typing import Any, NamedTuple, cast

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPReceiveMessage, Receive, Scope

from api.codings import CODINGS, Bursting, Damaged, inflated
from api.nesting import bounded, too_deep
from domain.errors import Refusal
from domain.patience import Patience

JSON = "application/json"
MSGPACK = "application/msgpack"
IDENTITY = "identity"
BODY = "body"
"""Under this name the request's state holds its `Body`."""


class TooLarge(Refusal):
    """The body is larger than this address takes."""

    status = 413


class TooSlow(Refusal):
    """The body did not arrive in time."""

    status = 408


class Unreadable(Refusal):
    """The body has a type, or a coding, that this address does not take."""

    status = 415


class Malformed(Refusal):
    """The body is not well-formed."""

    status = 400


class ClientGone(Refusal):
    """The client went away before its request was complete."""

    status = 400


def arriving(scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> "Body":
    """The request's body, bounded. A route's `opt` may allow `media_types` and a larger `body_limit`."""
    state, opt = scope["litestar_app"].state, scope["route_handler"].opt
    limit: int = opt.get("body_limit", state.settings.body_limit)
    media_type, coding = JSON, IDENTITY
    if has_body(headers):
        media_type, coding = judge(headers, opt.get("media_types", (JSON,)), limit)
    body = Body(receive, _length(headers), limit, state.patience, media_type, coding)
    scope["state"][BODY] = body
    return body


def has_body(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the headers announce a body (RFC 9112, 6.3)."""
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def _length(headers: Mapping[bytes, bytes]) -> int | None:
    """Of the body on its way, if the headers tell it (RFC 9112, 6.3)."""
    return None if b"transfer-encoding" in headers else int(headers.get(b"content-length", b"0"))


def judge(
    headers: Mapping[bytes, bytes], media_types: tuple[str, ...], limit: int
) -> tuple[str, str]:
    """The body's media type and coding; refuse by the headers alone, before a byte of it is read."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 12 or int(length) > limit:  # noqa: PLR2004
        raise TooLarge(largest=limit)
    named, *parameters = headers.get(b"content-type", b"").lower().split(b";")
    media_type = named.strip().decode("latin-1")
    if media_type not in media_types or not all(map(_says_utf8, parameters)):
        raise Unreadable(media_types=list(media_types))
    coding = headers.get(b"content-encoding", IDENTITY.encode()).decode("latin-1").strip().lower()
    if coding != IDENTITY and coding not in CODINGS:
        raise Unreadable(codings=sorted(CODINGS))
    return media_type, coding


def _says_utf8(parameter: bytes) -> bool:
    name, _, value = parameter.strip().partition(b"=")
    return name != b"charset" or value.strip(b'"') in {b"utf-8", b"utf8"}


class Body:
    """What arrives, without its coding. Also a `receive` that hands it over in one message."""

    def __init__(
        self,
        receive: Receive,
        length: int | None,
        limit: int,
        patience: Patience,
        media_type: str,
        coding: str,
    ) -> None:
        """`length`: of it on its way, None where that is not known."""
        self.media_type = media_type
        self._receive = receive
        self._length = length
        self._limit = limit
        self._patience = patience
        self._coding = coding
        self._whole: bytes | None = None

    async def __call__(self) -> Any:  # noqa: ANN401 - any of ASGI's messages
        if self._whole is not None:
            return await self._receive()
        body = await self.whole()
        message: HTTPReceiveMessage = {"type": "http.request", "body": body, "more_body": False}
        return message

    async def whole(self) -> bytes:
        """All of it; read when it is first asked for.

        Raises:
            TooLarge: it is larger than this address takes, or would become so.
            TooSlow: it did not arrive in time.
            ClientGone: it did not arrive.
            Malformed: it is not one whole stream of its coding.

        """
        if self._whole is None:
            body = await self._in_time()
            self._whole = body if self._coding == IDENTITY else await self._inflated(body)
        return self._whole

    async def _in_time(self) -> bytes:
        late, reading = list[bool](), cast("asyncio.Task[object]", asyncio.current_task())
        self._patience.begin(self, lambda: late.append(reading.cancel()))
        try:
            return await self._all()
        except asyncio.CancelledError:
            if late and not reading.uncancel():
                raise TooSlow from None
            raise
        finally:
            self._patience.end(self)

    async def _inflated(self, body: bytes) -> bytes:
        try:
            return await inflated(self._coding, body, self._limit)
        except Bursting:
            raise TooLarge(largest=self._limit) from None
        except Damaged:
            raise Malformed("It is not one whole stream of its coding.") from None

    async def _all(self) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message: Any = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            size += len(part)
            if size > self._limit:
                raise TooLarge(largest=self._limit)
            parts.append(part)
            # A server that does not know yet whether more comes says that it does: asking costs as much again.
            more = size != self._length and message.get("more_body", False)
        return b"".join(parts)


class JSONRequest(Request[Any, Any, Any]):
    """Decodes a body straight into the type that its route declares, strictly.

    Litestar would decode to plain dicts, and then convert them while taking "1" for 1.
    """

    async def body(self) -> bytes:
        """Its bytes, as `Body` has them: Litestar's way through a generator copies them."""
        return await self._arriving.whole()

    async def json(self) -> Any:  # noqa: ANN401 - what the route declares
        """The body as the route's `data`. Raises msgspec.DecodeError, UnicodeError, Malformed."""
        body = await self.body()
        reader = reader_of(self.route_handler, self._arriving.media_type)
        if reader.looks:
            body.decode()  # a decoder does not look at what it skips
            if too_deep(body):
                raise Malformed("It nests too deep.")
        found = reader.decode(body)
        if reader.once and not (reader.says_all and reader.says_all(found, body)):
            each_once(body)
        return found

    @property
    def _arriving(self) -> Body:
        return cast("Body", self.scope["state"][BODY])


class Reader(NamedTuple):
    """How a route reads its bodies of one media type.

    `looks`: how deep they nest. `once`: whether a name stands twice in an object, where one decoder
    takes the first and ours the last (RFC 8259, 4). Not where bodies are large: it reads them anew.
    `says_all`: tells sooner of most that none does, where what is declared can.
    """

    decode: Callable[[bytes], Any]
    looks: bool
    once: bool
    says_all: Callable[[Any, bytes], bool] | None = None


def each_once(body: bytes) -> None:
    """Raise Malformed where a name stands twice in one object of JSON, or a number is too large.

    That is told soonest by writing it anew: of two it has the last. Most bodies are the same then. Else,
    where nothing is escaped or set apart, `":` ends each name and stands nowhere else: there are as many
    only if no name stood twice. The rest is looked at object by object.
    """
    with suppress(ValueError, OverflowError):  # what it cannot read is looked at below
        anew = msgspec.json.encode(msgspec.json.decode(body))
        if anew == body:
            return
        plain = b"\\" not in body and SET_APART.search(body) is None
        if plain and anew.count(b'":') == body.count(b'":'):
            return
    ONCE.decode(body.decode())


def _pairs(members: list[tuple[str, object]]) -> None:
    if len(dict(members)) < len(members):
        raise Malformed("A name stands twice in one object.")


def _finite(number: str) -> float:
    """What a reader would take for infinity is no number that anybody meant."""
    found = float(number)
    if isinf(found):
        raise Malformed("A number is too large.")
    return found


SET_APART = re.compile(rb'"\s+:')
ONCE = JSONDecoder(object_pairs_hook=_pairs, parse_int=str, parse_float=_finite)


@lru_cache(None)
def reader_of(handler: HTTPRouteHandler, media_type: str) -> Reader:
    """One for a route and media type, made at its first body. A route's `opt` may have what `reads` its JSON faster."""
    kind = handler.parsed_fn_signature.parameters["data"].raw
    if media_type == MSGPACK:
        return Reader(msgspec.msgpack.Decoder(kind).decode, looks=False, once=False)
    once, reads = "body_limit" not in handler.opt, handler.opt.get("reads")
    return Reader(
        reads or msgspec.json.Decoder(kind).decode,
        looks=not bounded(kind),
        once=once,
        says_all=getattr(kind, "says_all", None),
    )
