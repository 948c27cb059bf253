"""Taking donations along in bits: few in memory, no connection held, and never called complete in vain."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TypeAlias
from uuid import UUID

import pytest
from asyncpg import Connection

from domain.db import Pool, begin, open_pool
from domain.donations import store, streams
from domain.donations.exports.model import Form
from domain.donations.exports.table import CSV
from domain.donations.exports.walk import FORMS, Own
from domain.donations.keys import FileKeyProvider
from domain.donations.own_reads import Wanted
from tests.database import Database
from tests.domain.donations.conftest import Give, heart, steps

Meanwhile: TypeAlias = Callable[[], Coroutine[None, None, object]]
SMALL = CSV._replace(page=5)


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = await open_pool(database.dsn("api"), 2)
    yield pool
    await pool.close()


@pytest.fixture
async def own(pool: Pool, keys: FileKeyProvider, resident: UUID, give: Give) -> Own:
    """Forty samples in two streams."""
    await give(heart(*range(40, 10, -1)))
    await give(heart(*range(10, 0, -1)), source="phone")
    return Own(pool, keys, resident, Wanted())


async def written(own: Own, form: Form = SMALL, meanwhile: Meanwhile | None = None) -> list[str]:
    """Its lines, something done after the first page."""
    text = ""
    async for piece in own.written(form):
        text += piece.decode()
        if meanwhile and text.count("\r\n") > 1:
            await meanwhile()
            meanwhile = None
    return text.splitlines()


async def test_all_of_it_is_complete(own: Own) -> None:
    lines = await written(own)
    assert (len(lines), lines[-1]) == (42, "# complete: 40 samples")


async def test_an_erased_category_comes_on_no_later_page(
    own: Own, conn: Connection, resident: UUID
) -> None:
    async def erase() -> None:
        async with begin(conn, resident=resident):
            await store.erase(conn, resident, ["heart"])

    lines = await written(own, meanwhile=erase)
    assert (len(lines), lines[-1]) == (7, "# not complete: broke off after 5 samples")


async def test_a_deleted_stream_leaves_it_incomplete(
    own: Own, conn: Connection, resident: UUID
) -> None:
    async def delete() -> None:
        async with begin(conn, resident=resident):
            last = (await streams.streams(conn, resident))[-1]
            await streams.delete(conn, resident, last.stream_id)

    lines = await written(own, meanwhile=delete)
    assert lines[-1] == "# not complete: broke off after 30 samples"


async def test_what_is_given_meanwhile_does_no_harm(own: Own, give: Give) -> None:
    lines = await written(own, meanwhile=lambda: give(steps(3_600_000), heart(9), heart(5, 50)))
    assert lines[-1].startswith("# complete: 4")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
async def test_what_does_not_open_breaks_it_off(
    own: Own, pool: Pool, resident: UUID, form: Form
) -> None:
    other = Own(pool, FileKeyProvider(bytes(32)), resident, Wanted())
    (end,) = (await written(other, form))[-1:]
    assert any(word in end for word in ("not complete", '"complete":false', '"incomplete"'))
    assert await written(own, form) != await written(other, form)


async def test_a_slow_reader_holds_no_connection(own: Own, pool: Pool) -> None:
    async for _ in own.written(SMALL):
        assert pool.get_idle_size() == pool.get_size()
