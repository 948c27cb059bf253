"""Who is at the door. Guards check the token alone; `conn` then lets the caller in.

A refused token costs no database connection: guards run before the request's transaction.
"""

import hmac
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope
from msgspec import Struct

from api import development
from api.idempotency import Once
from api.jwks import Keys, fixed, provider
from api.settings import Settings
from api.tokens import Claims, Verifier
from domain.caller import Caller
from domain.db import Connection
from domain.errors import Unauthenticated
from domain.residents import identity

Door = ASGIConnection[Any, Any, Any, Any]
Enter = Callable[[Connection, "Login", Once | None], Awaitable[Caller | None]]


class Login(Struct, frozen=True, kw_only=True):
    """A verified token. `hmac` is all that is ever kept of its subject."""

    claims: Claims
    hmac: bytes

    @property
    def door(self) -> identity.Door:
        """What the directory needs to know."""
        issuer, issued_at = self.claims.issuer, self.claims.login_at
        return identity.Door(issuer=issuer, subject_hmac=self.hmac, issued_at=issued_at)


class Doorkeeper:
    """Verifies bearer tokens; held in the application's state."""

    def __init__(self, settings: Settings, secret: bytes, keys: Keys | None = None) -> None:
        self._secret = secret
        self._verifier = Verifier(
            keys or _keys(settings),
            settings.issuer,
            settings.oidc_audience,
            settings.oidc_algorithms,
        )

    async def admit(self, scope: Scope, enter: Enter | None) -> None:
        """Verify the request's bearer token (RFC 6750), once, and note how `conn` lets its bearer in.

        None: the route's own statement does so, and `conn` begins nothing.
        """
        if scope.get("auth") is None:
            scope["auth"] = await self._login(scope)
        scope["state"]["enter"] = enter

    async def _login(self, scope: Scope) -> Login:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        if scheme.lower() != b"bearer":
            raise Unauthenticated
        claims = await self._verifier.verify(token)
        digest = subject_hmac(self._secret, claims.issuer, claims.subject)
        return Login(claims=claims, hmac=digest)


def subject_hmac(secret: bytes, issuer: str, subject: str) -> bytes:
    """Under what a login is found again. NUL cannot be part of either."""
    digest = _keyed(secret).copy()
    digest.update(f"{issuer}\0{subject}".encode())
    return digest.digest()


@cache
def _keyed(secret: bytes) -> hmac.HMAC:
    """To be copied: OpenSSL takes longer to look up and key an HMAC than to compute it."""
    return hmac.new(secret, digestmod="sha256")


async def login(door: Door, _: BaseRouteHandler) -> None:
    """Guard: a valid token, whoever it is of. For PUT /v1/me, where a resident begins."""
    await door.app.state.doorkeeper.admit(door.scope, _as_nobody)


async def resident(door: Door, _: BaseRouteHandler) -> None:
    """Guard: a valid token; `conn` refuses it where it is of no resident."""
    await door.app.state.doorkeeper.admit(door.scope, _as_resident)


async def resident_alone(door: Door, _: BaseRouteHandler) -> None:
    """Guard: a valid token. The route's one statement lets the resident in, or it calls for `whole`."""
    await door.app.state.doorkeeper.admit(door.scope, None)


async def staff(door: Door, _: BaseRouteHandler) -> None:
    """Guard: a valid token; `conn` refuses it where it is of no member."""
    await door.app.state.doorkeeper.admit(door.scope, _as_member)


async def _as_nobody(_: Connection, __: Login, ___: Once | None) -> None:
    return None


async def _as_resident(conn: Connection, who: Login, once: Once | None) -> Caller:
    if once is None:
        return await identity.enter(conn, who.door)
    return await identity.enter_at(conn, once.knock(who.door))


async def _as_member(conn: Connection, who: Login, once: Once | None) -> Caller:
    caller = await identity.enter_as_member(conn, who.claims.issuer, who.hmac)
    if once is not None:
        claim = await identity.claim(conn, caller.actor_id, once.route, once.key)
        once.take(caller.actor_id, claim)
    return caller


def _keys(settings: Settings) -> Keys:
    if settings.own_issuer:
        return fixed(development.key(settings))
    return Keys(provider(settings.issuer, settings.oidc_jwks_url))
