"""One address, one spelling: ids in a path are taken in their canonical form only.

Python reads six spellings of a UUID, and `1_0` or full-width digits as numbers: caches, logs and
rate limits would see different things where we see one.
"""

import re

from litestar.types import Scope

from domain.errors import NotFound

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def look_over(scope: Scope) -> None:
    """Raises NotFound for another spelling, and for NUL or half a character anywhere in the address."""
    if scope["path_params"]:
        parts = scope["path"].split("/")
        if not all(str(value).lstrip("/") in parts for value in scope["path_params"].values()):
            raise NotFound
    if not is_clean(scope["path"]) or b"%00" in scope["query_string"]:
        raise NotFound


def is_clean(text: str) -> bool:
    """Whether a decoded text could be stored by PostgreSQL."""
    return UNSTORABLE.search(text) is None
