"""Idempotency-Key: a write that is sent again has one effect, and gets the same answer's bytes.

The claim and the answer are one row of the request's own transaction: if it rolls back, the key
was never used.
"""

import hashlib
from typing import Any, TypeVar, cast

import msgspec
from litestar import Request, Response

from api.bodies import JSON
from api.problems import Replay
from domain.db import Connection, find_one
from domain.errors import Busy, Refusal

T = TypeVar("T")
HEADER = b"idempotency-key"
LONGEST = 255


class IdempotencyKeyMissing(Refusal):
    """This needs an Idempotency-Key of 1 to 255 visible ASCII characters."""

    status = 400


class IdempotencyKeyReused(Refusal):
    """This Idempotency-Key was used for another request."""

    status = 422


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered to a key. Without a status it is still being worked on."""

    fingerprint: bytes
    status: int | None
    content_type: str | None
    body: bytes | None


class Once:
    """One use of a key. The route hands its answer to `keep`, or nothing is committed."""

    def __init__(self, route: str, key: str, fingerprint: bytes) -> None:
        self._route = route
        self._key = key
        self._fingerprint = fingerprint
        self._claim: tuple[Connection, Any] | None = None
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

    async def claim(self, conn: Connection, actor_id: Any) -> None:  # noqa: ANN401 - a UUID
        """Take the key for this transaction.

        Raises Replay where it was answered, IdempotencyKeyReused where for another request,
        and Busy while the first one is under way: nobody waits with a connection in hand.
        """
        # A lock that is not there is not waited for; the row decides, also where nodes differ.
        sql = """
            INSERT INTO reply (actor_id, route, key, fingerprint)
            SELECT $1, $2, $3, $4
              FROM (SELECT pg_try_advisory_xact_lock($5, $6) AS mine) turn
             WHERE mine
            ON CONFLICT (actor_id, route, key) DO NOTHING
            RETURNING true
        """
        who = (actor_id, self._route, self._key)
        lock = _lock_of(f"{actor_id} {self._route} {self._key}")
        if not await conn.fetchval(sql, *who, self._fingerprint, *lock):
            await self._answered(conn, who)
        self._claim = (conn, actor_id)

    async def _answered(self, conn: Connection, who: tuple[Any, str, str]) -> None:
        sql = """
            SELECT fingerprint, status, content_type, body
              FROM reply WHERE actor_id = $1 AND route = $2 AND key = $3
        """
        reply = await find_one(conn, Reply, sql, *who)
        if reply is None or reply.status is None or reply.content_type is None:
            raise Busy("The first request with this key is still under way.")
        if reply.fingerprint != self._fingerprint:
            raise IdempotencyKeyReused
        raise Replay(reply.status, reply.content_type, reply.body or b"")

    async def keep(self, value: T, status: int = 201, media_type: str = JSON) -> Response[T]:
        """Store the answer's bytes in this transaction, and answer with them."""
        if self._claim is None:
            raise RuntimeError("no `conn` has claimed this key")
        sql = """
            UPDATE reply SET status = $4, content_type = $5, body = $6
             WHERE actor_id = $1 AND route = $2 AND key = $3
        """
        conn, actor_id = self._claim
        body = value if isinstance(value, bytes) else msgspec.json.encode(value)
        who = (actor_id, self._route, self._key)
        await conn.execute(sql, *who, status, media_type, body)
        self.kept = True
        return cast("Response[T]", Response(body, status_code=status, media_type=media_type))


def _visible(key: bytes) -> bool:
    return all(0x21 <= byte <= 0x7E for byte in key)  # noqa: PLR2004 - ASCII's visible ones


def _lock_of(name: str) -> tuple[int, int]:
    """Two halves of a hash: a space of locks apart from the residents', which have one number."""
    digest = hashlib.sha256(name.encode()).digest()
    return (
        int.from_bytes(digest[:4], "big", signed=True),
        int.from_bytes(digest[4:8], "big", signed=True),
    )
