"""Lists are read page by page: `?cursor=&limit=` → `{"items": […], "next": "…"}`.

A cursor holds the sort key of the last row, so that pages stay right while rows come in.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter
from msgspec import Struct

from domain.errors import Refusal

T = TypeVar("T")
K = TypeVar("K")

Limit = Annotated[int, QueryParameter(ge=1, le=500, description="The most items of a page")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=500, description="`next` of the page before")
]


class CursorUnreadable(Refusal):
    """This cursor is none of ours."""

    status = 400


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """Some items, and the cursor of the page after; null at the end."""

    items: list[T]
    next: str | None


def key_of(cursor: str | None, kind: type[K]) -> K | None:
    """The sort key that a cursor holds, checked against its type. None begins at the beginning."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return msgspec.json.decode(urlsafe_b64decode(padded), type=kind)
    except (ValueError, RecursionError):
        raise CursorUnreadable from None


def page(items: list[T], limit: int, *names: str) -> Page[T]:
    """A page of `items`, which were read with `limit + 1`. `names` are the fields of the sort key."""
    return page_of(items, limit, lambda last: [getattr(last, name) for name in names])


def page_of(items: list[T], limit: int, key: Callable[[T], Any]) -> Page[T]:
    """The same, with the sort key that a function finds."""
    last = key(items[limit - 1]) if len(items) > limit else None
    return Page(items=items[:limit], next=None if last is None else cursor_of(last))


def cursor_of(key: object) -> str:
    """The cursor of a sort key, which `key_of` reads again."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()
