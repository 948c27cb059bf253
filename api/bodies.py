"""Request bodies: bounded, timed and looked over before a transaction opens.

The middleware judges the headers and puts its own `receive` in place of the server's. It reads
the whole body at once when the route asks for it: after the guards, so that a stranger without
a token makes us read nothing, and before `conn`, so that a slow phone holds no connection.
"""

import asyncio
import codecs
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Request
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

from domain.errors import Refusal

JSON = "application/json"
DEEPEST = 32
"""How deep JSON may nest."""


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
    """The body is not well-formed JSON in UTF-8."""

    status = 400


class ClientGone(Refusal):
    """The client went away before its request was complete."""

    status = 400


class Bodies(ASGIMiddleware):
    """Bounds what arrives. A route's `opt` may allow `media_types` and a larger `body_limit`."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        settings = scope["litestar_app"].state.settings
        opt = scope["route_handler"].opt
        limit: int = opt.get("body_limit", settings.body_limit)
        if has_body(headers):
            judge(headers, opt.get("media_types", (JSON,)), limit)
        body = Body(receive, limit, settings.body_seconds)
        await next_app(scope, body, send)


def has_body(headers: Mapping[bytes, str]) -> bool:
    """Whether the headers announce a body (RFC 9112, 6.3)."""
    return b"transfer-encoding" in headers or headers.get(b"content-length", "0") != "0"


def judge(headers: Mapping[bytes, str], media_types: tuple[str, ...], limit: int) -> None:
    """Refuse by the headers alone, before a byte of the body is read."""
    length = headers.get(b"content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 12 or int(length) > limit:  # noqa: PLR2004
        raise TooLarge(largest=limit)
    media_type, *parameters = headers.get(b"content-type", "").lower().split(";")
    if media_type.strip() not in media_types or not all(map(_says_utf8, parameters)):
        raise Unreadable(media_types=list(media_types))
    if headers.get(b"content-encoding", "identity").strip().lower() not in CODINGS:
        raise Unreadable(codings=sorted(CODINGS))


def _says_utf8(parameter: str) -> bool:
    name, _, value = parameter.strip().partition("=")
    return name != "charset" or value.strip('"') in {"utf-8", "utf8"}


STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
CODINGS = frozenset({"identity"})
"""Content codings taken. One that inflates belongs into `Body`, with the limit on what comes out."""


class Body:
    """A `receive` that hands the whole body over in one message."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit
        self._seconds = seconds
        self._read = False

    async def __call__(self) -> Any:  # noqa: ANN401 - any of ASGI's messages
        if self._read:
            return await self._receive()
        self._read = True
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._all()
        except TimeoutError:
            raise TooSlow from None
        message: HTTPReceiveMessage = {"type": "http.request", "body": body, "more_body": False}
        return message

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
            more = message.get("more_body", False)
        return b"".join(parts)


class JSONRequest(Request[Any, Any, Any]):
    """Decodes a body straight into the type that its route declares, strictly.

    Litestar would decode to plain dicts, and then convert them while taking "1" for 1.
    """

    async def json(self) -> Any:  # noqa: ANN401 - what the route declares
        """The body as the route's `data`. Raises msgspec.DecodeError, Malformed."""
        body = await self.body()
        if body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Malformed
        if too_deep(body):
            raise Malformed("It nests too deep.")
        return decoder(self.route_handler).decode(body)


@lru_cache(None)
def decoder(handler: HTTPRouteHandler) -> msgspec.json.Decoder[Any]:
    """One decoder a route, made at its first body."""
    return msgspec.json.Decoder(handler.parsed_fn_signature.parameters["data"].raw)


def too_deep(body: bytes) -> bool:
    """Whether JSON nests deeper than DEEPEST.

    Few brackets cannot nest deep, so most bodies are settled by counting. From the others all but
    the brackets is taken away, and then, pass by pass, the innermost pairs.
    """
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    left = STRINGS.sub(b"", body).translate(None, delete=NO_BRACKETS)
    for _ in range(DEEPEST):
        left = left.replace(b"[]", b"").replace(b"{}", b"")
        if not left:
            return False
    return True
