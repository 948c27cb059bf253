"""Idempotency-Key: a write that is sent again has one effect, and gets the same answer's bytes.

The answer is a row of the request's own transaction: if it rolls back, the key was never used.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

import msgspec
from asyncpg import Record, UniqueViolationError
from litestar import Request, Response

from api.bodies import JSON
from api.problems import Replay
from domain.caller import Resident
from domain.errors import Busy, Refusal
from domain.residents.identity import Claim, Door, Knock, Reply, claimed, keeping

T = TypeVar("T")
HEADER = b"idempotency-key"
UNDER_WAY = "The first request with this key is still under way."
KEY = re.compile(rb"[\x21-\x7e]{1,255}")
OPTIONAL = "optional_key"
"""The `opt` of a route whose clients know of no key. What they send again is known by its content."""


class IdempotencyKeyMissing(Refusal):
    """This needs an Idempotency-Key of 1 to 255 visible ASCII characters."""

    status = 400


class IdempotencyKeyReused(Refusal):
    """This Idempotency-Key was used for another request."""

    status = 422


class Once:
    """One use of a key. The route hands its answer to `keep`, or nothing is committed."""

    def __init__(self, route: str, key: str, fingerprint: bytes) -> None:
        self.route = route
        self.key = key
        self._fingerprint = fingerprint
        self._actor_id: UUID | None = None
        self._reply: Reply | None = None
        self._first = ""

    @classmethod
    async def read(cls, request: Request[Any, Any, Any]) -> "Once":
        """The key of a request. Raises IdempotencyKeyMissing before anything else is done.

        What is asked is compared under a secret: of short answers a bare hash would tell which.
        """
        keys = [value for name, value in request.scope["headers"] if name == HEADER]
        if not keys and request.route_handler.opt.get(OPTIONAL):
            keys = [uuid4().hex.encode()]
        if len(keys) != 1 or KEY.fullmatch(keys[0]) is None:
            raise IdempotencyKeyMissing
        asked = request.scope["path"].encode() + b"\n" + await request.body()
        secret: bytes = request.app.state.secret
        fingerprint = blake2b(asked, key=secret[: blake2b.MAX_KEY_SIZE], digest_size=32).digest()
        route = f"{request.method} {request.scope['path_template']}"
        return cls(route, keys[0].decode(), fingerprint)

    def take(self, actor_id: UUID, claim: Claim) -> None:
        """Use the key in this transaction.

        Raises Replay where it was answered, IdempotencyKeyReused where for another request,
        and Busy while the first one is under way: nobody waits with a connection in hand.
        """
        if claim.status is not None:
            if claim.fingerprint != self._fingerprint:
                raise IdempotencyKeyReused
            if claim.body is not None:
                raise Replay(claim.status, claim.content_type or JSON, claim.body)
        if claim.status is not None or not claim.turn:
            raise Busy(UNDER_WAY)
        self._actor_id = actor_id

    def knock(self, door: Door) -> Knock:
        """For a route whose first statement lets the resident in, and claims the key with it."""

        def admit(row: Record) -> Resident:
            resident = door.admit(row)
            self.take(resident.actor_id, claimed(row))
            return resident

        return Knock(door, self.route, self.key, self._fingerprint, admit)

    def keep(
        self, value: T, status: int = 201, media_type: str = JSON, first: str = ""
    ) -> Response[T]:
        """Answer, and have the answer's bytes stored with the COMMIT (`last_words`), `first` before them."""
        if self._actor_id is None:
            raise RuntimeError("no `conn` has claimed this key")
        body = value if isinstance(value, bytes) else msgspec.json.encode(value)
        self._first = first
        self._reply = Reply(
            actor_id=self._actor_id,
            route=self.route,
            key=self.key,
            fingerprint=self._fingerprint,
            status=status,
            content_type=media_type,
            body=body,
        )
        answer = Response(body, status_code=status, media_type=media_type)
        return cast("Response[T]", answer)

    def last_words(self) -> str:
        """What keeps the answer. An answered key without one must not be committed."""
        if self._reply is None:
            raise RuntimeError("the route did not keep its answer")
        return self._first + keeping(self._reply)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two requests with one key that reach COMMIT: the second changes nothing, and is told so."""
    try:
        yield
    except UniqueViolationError as error:
        if error.constraint_name != "reply_pkey":
            raise
        raise Busy(UNDER_WAY) from None
