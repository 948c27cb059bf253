"""A body is read from the server to its end, and no further."""

import asyncio
from typing import Any

import pytest

from api import bodies
from domain.patience import Patience


@pytest.mark.parametrize(("length", "asked"), [(6, 2), (None, 3)])
async def test_a_server_is_asked_for_no_more_than_the_headers_tell(
    length: int | None, asked: int
) -> None:
    coming = iter([b"ab", b"cdef", b""])

    async def receive() -> Any:
        return {"type": "http.request", "body": (part := next(coming)), "more_body": part != b""}

    body = bodies.Body(receive, length, 100, Patience(1), bodies.JSON, bodies.IDENTITY)
    assert await body.whole() == b"abcdef"
    assert len([*coming]) == 3 - asked


async def test_who_is_cancelled_while_a_body_arrives_is_not_told_that_it_was_slow() -> None:
    never = asyncio.get_running_loop().create_future
    body = bodies.Body(never, None, 100, Patience(1), bodies.JSON, bodies.IDENTITY)
    reading = asyncio.create_task(body.whole())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
