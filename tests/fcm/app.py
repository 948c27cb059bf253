"""The stand-in's own process: `messages:send` and the token endpoint, as RSGI under granian.

What it does is planned and read back over the same port, under `/plan` and `/received`.
Not imported by tests: granian loads it.
"""

import asyncio
import gc
import time
from itertools import count
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from tests.fcm.errors import ERRORS, Error
from tests.fcm.plan import Doing, Plan, Received

JSON = [("content-type", "application/json; charset=UTF-8")]
TARGETS = ("token", "fid")


class Scope(Protocol):
    """What RSGI says of a request, as far as it is used here."""

    http_version: str
    method: str
    path: str
    query_string: str
    headers: Any


class Call(Protocol):
    """RSGI's way to read the body and to answer."""

    async def __call__(self) -> bytes: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...
    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...


class Message(Struct, forbid_unknown_fields=True):
    """The fields of FCM's Message. The stand-in looks at whom it goes to."""

    token: str | None = None
    fid: str | None = None
    data: dict[str, str] = {}
    notification: dict[str, Any] = {}
    android: dict[str, Any] = {}
    apns: dict[str, Any] = {}
    webpush: dict[str, Any] = {}

    def target(self) -> str | None:
        return self.token or self.fid if (self.token is None) != (self.fid is None) else None


class Request(Struct, forbid_unknown_fields=True):
    """The body of `messages:send`."""

    message: Message
    validate_only: bool = False


class _Standing:
    """What this process has been told and has seen."""

    plan = Plan()
    received: list[Received] = []
    tokens = count(1)
    issued: set[str] = set()
    asked: dict[str, int] = {}


_request = msgspec.json.Decoder(Request)
gc.disable()  # what is recorded stays: to go through it again and again would slow it down by and by


async def answer(scope: Scope, call: Call) -> None:
    """One request."""
    body = await call()
    if scope.path.endswith("/messages:send"):
        await _send(scope, call, body, time.monotonic())
    elif scope.path == "/token":
        await _token(call)
    elif scope.path == "/plan":
        _Standing.plan = msgspec.json.decode(body, type=Plan)
        _Standing.asked.clear()
        call.response_empty(204, [])
    elif scope.path == "/received":
        seen = _Standing.received[int(scope.query_string or 0) :]
        call.response_bytes(200, JSON, msgspec.json.encode(seen))
    elif scope.path == "/count":
        call.response_bytes(200, JSON, msgspec.json.encode(len(_Standing.received)))
    else:
        call.response_empty(404, [])


async def _send(scope: Scope, call: Call, body: bytes, at: float) -> None:
    try:
        target = _request.decode(body).message.target()
    except msgspec.ValidationError:
        target = None
    headers = dict(scope.headers.items()) if _Standing.plan.headers else {}
    _Standing.received.append(
        Received(at, scope.http_version, target or "", headers, body.decode())
    )
    if not _authorised(scope):
        return _no(call, ERRORS["unauthenticated"], {})
    if target is None:
        return _no(call, ERRORS["invalid"], {})
    doing = _doing(target)
    if doing.never:
        await asyncio.Event().wait()
    if doing.delay:
        await asyncio.sleep(doing.delay)
    return _done(call, doing)


def _authorised(scope: Scope) -> bool:
    return scope.headers.get("authorization", "").removeprefix("Bearer ") in _Standing.issued


def _doing(target: str) -> Doing:
    """What is planned for this target's turn; the last of several stays."""
    planned = _Standing.plan.targets.get(target)
    if not planned:
        return _Standing.plan.all
    turn = _Standing.asked[target] = _Standing.asked.get(target, 0) + 1
    return planned[min(turn, len(planned)) - 1]


def _done(call: Call, doing: Doing) -> None:
    if doing.error:
        return _no(call, ERRORS[doing.error], doing.headers)
    headers = [*JSON, *doing.headers.items()]
    named = f'{{"name":"projects/stand-in/messages/{len(_Standing.received)}"}}'
    body = named if doing.body is None else doing.body
    return call.response_bytes(doing.status, headers, body.encode())


def _no(call: Call, error: Error, headers: dict[str, str]) -> None:
    call.response_bytes(error.status, [*JSON, *headers.items()], msgspec.json.encode(error.body()))


async def _token(call: Call) -> None:
    doing = _Standing.plan.tokens
    if doing.never:
        await asyncio.Event().wait()
    await asyncio.sleep(doing.delay)
    if doing.status != 200 or doing.body is not None:
        body = (doing.body or "{}").encode()
        return call.response_bytes(doing.status, [*JSON, *doing.headers.items()], body)
    token = f"ya29.{next(_Standing.tokens):0>200}"  # about as long as a real one
    _Standing.issued.add(token)
    said = {"access_token": token, "expires_in": _Standing.plan.lives, "token_type": "Bearer"}
    return call.response_bytes(200, JSON, msgspec.json.encode(said))
