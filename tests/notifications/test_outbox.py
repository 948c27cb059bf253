"""A promise is part of its transaction; a withdrawal cancels the knocks it leaves no ground for."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from asyncpg import Connection

from domain.db import Pool, begin, bucket_of, open_pool
from notifications import inbox, outbox
from notifications.kinds import Kind
from notifications.outbox import About
from tests.database import Database
from tests.people import make_resident, make_study


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("api"), 4) as pool:
        yield pool


@pytest.fixture
async def anna(admin: Connection) -> UUID:
    return await make_resident(admin)


async def promise(pool: Pool, who: UUID, kind: Kind, study_id: UUID | None = None) -> None:
    async with pool.acquire() as conn, begin(conn, resident=who):
        await outbox.promise(conn, who, kind, study_id=study_id)


async def waiting(admin: Connection) -> list[str]:
    sql = "SELECT kind FROM outbox WHERE state = 'waiting' ORDER BY kind"
    return [row["kind"] for row in await admin.fetch(sql)]


async def test_a_promise_is_a_message_and_a_knock_under_one_id(
    pool: Pool, admin: Connection, anna: UUID
) -> None:
    await promise(pool, anna, Kind.CONSENT_TO_REVIEW)
    sql = "SELECT bucket FROM message JOIN outbox USING (message_id, resident_id, kind)"
    assert await admin.fetchval(sql) == bucket_of(anna)


async def test_what_is_rolled_back_was_never_promised(
    pool: Pool, admin: Connection, anna: UUID
) -> None:
    async with pool.acquire() as conn:
        await conn.execute("BEGIN")
        await conn.execute("SELECT set_config('app.resident', $1, true)", str(anna))
        await outbox.promise(conn, anna, Kind.SIGNED_OUT)
        await conn.execute("ROLLBACK")
    assert await admin.fetchval("SELECT count(*) FROM message") == 0


async def test_what_needs_no_knock_waits_in_the_inbox_alone(
    pool: Pool, admin: Connection, anna: UUID
) -> None:
    await promise(pool, anna, Kind.STUDY_JOINED)
    assert await waiting(admin) == []
    assert await admin.fetchval("SELECT count(*) FROM message") == 1


async def test_the_same_is_told_once(pool: Pool, admin: Connection, anna: UUID) -> None:
    item, other = uuid4(), uuid4()
    now = await admin.fetchval("SELECT now()")
    async with pool.acquire() as conn, begin(conn, resident=anna):
        for items in ([item], [item, other]):
            those = [About(anna, one, None) for one in items]
            told = await outbox.promise_each(conn, Kind.CONSENT_ENDED, those, now)
    assert told == [anna]
    assert await admin.fetchval("SELECT count(*) FROM outbox") == 2


async def test_a_withdrawal_from_a_study_cancels_what_is_about_it(
    pool: Pool, admin: Connection, anna: UUID
) -> None:
    study, other = uuid4(), uuid4()
    for about in (study, other):
        await promise(pool, anna, Kind.CONSENT_TO_REVIEW, about)
    await promise(pool, anna, Kind.CONSENT_ENDED, study)
    async with pool.acquire() as conn, begin(conn, resident=anna):
        await outbox.cancel(conn, anna, study)
    assert await waiting(admin) == ["consent-ended", "consent-to-review"]


async def test_a_withdrawal_from_all_leaves_what_is_about_the_account(
    pool: Pool, admin: Connection, anna: UUID
) -> None:
    bo = await make_resident(admin)
    await promise(pool, anna, Kind.CONSENT_EXPIRING)
    await promise(pool, anna, Kind.SIGNED_OUT)
    await promise(pool, bo, Kind.CONSENT_EXPIRING)
    async with pool.acquire() as conn, begin(conn, resident=anna):
        await outbox.cancel(conn, anna, None)
    assert await waiting(admin) == ["consent-expiring", "signed-out"]


async def test_the_inbox_tells_the_title_of_the_study(
    pool: Pool, admin: Connection, anna: UUID
) -> None:
    study = await make_study(admin)
    await promise(pool, anna, Kind.STUDY_JOINED, study)
    async with pool.acquire() as conn, begin(conn, resident=anna):
        (message,) = await inbox.messages(conn, anna, "en", None, 10)
    assert "A study" in message.body


async def test_nobody_reads_another_s_inbox(pool: Pool, admin: Connection, anna: UUID) -> None:
    await promise(pool, anna, Kind.SIGNED_OUT)
    bo = await make_resident(admin)
    async with pool.acquire() as conn, begin(conn, resident=bo):
        assert await inbox.messages(conn, anna, "en", None, 10) == []
        assert (await inbox.unread(conn, anna))[0] == 0
