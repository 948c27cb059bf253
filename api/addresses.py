"""One address, one spelling: ids in a path are taken in their canonical form only.

Python reads six spellings of a UUID, and `1_0` or full-width digits as numbers: caches, logs and
rate limits would see different things where we see one.
"""

import re

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from domain.errors import NotFound

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Addresses(ASGIMiddleware):
    """Answers 404 to another spelling, and to NUL or half a character anywhere in the address."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        parts = scope["path"].split("/")
        if not all(str(value).lstrip("/") in parts for value in scope["path_params"].values()):
            raise NotFound
        if not is_clean(scope["path"]) or b"%00" in scope["query_string"]:
            raise NotFound
        await next_app(scope, receive, send)


def is_clean(text: str) -> bool:
    """Whether a decoded text could be stored by PostgreSQL."""
    return UNSTORABLE.search(text) is None
