"""Idempotency-Key: a write that is sent again has one effect, and gets the same answer's bytes.

The answer is a row of the request's own transaction: if it rolls back, the key was never used.
"""

import hashlib
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec
from litestar import Request, Response

from api.bodies import JSON
from api.problems import Replay
from domain.db import Connection
from domain.errors import Busy, Refusal
from domain.residents.identity import Claim

T = TypeVar("T")
HEADER = b"idempotency-key"
UNDER_WAY = "The first request with this key is still under way."
LONGEST = 255


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
        self._claim: tuple[Connection, UUID] | None = None
        self.kept = False

    @classmethod
    async def read(cls, request: Request[Any, Any, Any]) -> "Once":
        """The key of a request. Raises IdempotencyKeyMissing before anything else is done."""
        keys = [value for name, value in request.scope["headers"] if name == HEADER]
        if len(keys) != 1 or not 0 < len(keys[0]) <= LONGEST or not _visible(keys[0]):
            raise IdempotencyKeyMissing
        path = request.scope["path"].encode()
        fingerprint = hashlib.sha256(path + b"\n" + await request.body()).digest()
        route = f"{request.method} {request.scope['path_template']}"
        return cls(route, keys[0].decode(), fingerprint)

    def take(self, conn: Connection, actor_id: UUID, claim: Claim) -> None:
        """Use the key in this transaction.

        Raises Replay where it was answered, IdempotencyKeyReused where for another request,
        and Busy while the first one is under way: nobody waits with a connection in hand.
        """
        if claim.status is not None:
            if claim.fingerprint != self._fingerprint:
                raise IdempotencyKeyReused
            raise Replay(claim.status, claim.content_type or JSON, claim.body or b"")
        if not claim.turn:
            raise Busy(UNDER_WAY)
        self._claim = (conn, actor_id)

    async def keep(self, value: T, status: int = 201, media_type: str = JSON) -> Response[T]:
        """Store the answer's bytes in this transaction, and answer with them."""
        if self._claim is None:
            raise RuntimeError("no `conn` has claimed this key")
        sql = """
            INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT DO NOTHING
            RETURNING true AS kept
        """
        conn, actor_id = self._claim
        body = value if isinstance(value, bytes) else msgspec.json.encode(value)
        if not await conn.fetchval(
            sql, actor_id, self.route, self.key, self._fingerprint, status, media_type, body
        ):
            raise Busy(UNDER_WAY)
        self.kept = True
        return cast("Response[T]", Response(body, status_code=status, media_type=media_type))


def _visible(key: bytes) -> bool:
    return all(0x21 <= byte <= 0x7E for byte in key)  # noqa: PLR2004 - ASCII's visible ones
