"""What a request passes before its route, in one step of Litestar's: each has a price of its own."""

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from api import addresses, at_once, bodies, version


class Entrance(ASGIMiddleware):
    """Looks at address, app version and body, and lets a route answer at once where it can."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = dict(scope["headers"])
        addresses.look_over(scope)
        version.look_over(scope, headers)
        body = bodies.arriving(scope, headers, receive)
        if not await at_once.answered(scope, body, send):
            await next_app(scope, body, send)
