"""Everyone is told of an announcement once, whoever is killed on the way, and at any hour."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from asyncpg import Connection

from domain.db import BROKEN, Pool, begin, open_pool
from domain.rights import announcing
from notifications.kinds import Kind
from tests.database import Database
from tests.notifications.doorbell import Doorbell
from tests.notifications.street import make_neighbour, make_neighbours, promise, worker
from tests.people import make_resident, make_study


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    """A worker's."""
    async with await open_pool(database.dsn("worker"), 8) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "BATCH", 4)


async def approved(
    admin: Connection, kind: Kind = Kind.SAFETY_NOTICE, study_id: UUID | None = None
) -> UUID:
    sql = """
        INSERT INTO announcement (kind, study_id, texts, drafted_by, approved_by, approved_at)
        VALUES ($1, $2, '{"sv": {"title": "T", "body": "B"}, "en": {"title": "T", "body": "B"}}',
                uuidv7(), uuidv7(), now())
        RETURNING announcement_id
    """
    announcement_id: UUID = await admin.fetchval(sql, kind, study_id)
    return announcement_id


async def told(admin: Connection, announcement_id: UUID) -> Counter[UUID]:
    sql = "SELECT resident_id FROM message WHERE about = $1"
    return Counter(row["resident_id"] for row in await admin.fetch(sql, announcement_id))


async def place(admin: Connection, announcement_id: UUID) -> tuple[int, bool, UUID]:
    sql = """
        SELECT told, finished_at IS NOT NULL, walked_until
          FROM announcement WHERE announcement_id = $1
    """
    (row,) = await admin.fetch(sql, announcement_id)
    return row[0], row[1], row[2]


async def enrol(admin: Connection, study_id: UUID, *, left: bool = False) -> UUID:
    resident_id = await make_resident(admin)
    sql = """
        INSERT INTO enrolment (resident_id, study_id, ended_at, ended_by)
        SELECT $1, $2, CASE WHEN $3 THEN now() END, CASE WHEN $3 THEN 'resident' END
    """
    await admin.execute(sql, resident_id, study_id, left)
    return resident_id


async def test_every_resident_is_told_once_however_often_it_is_walked(
    pool: Pool, admin: Connection
) -> None:
    people = await make_neighbours(admin, 10)
    notice = await approved(admin)
    assert [await announcing.walk(pool), await announcing.walk(pool)] == [10, 0]
    assert await told(admin, notice) == Counter(people)
    assert await place(admin, notice) == (10, True, UUID(int=0))


async def test_a_worker_killed_in_a_batch_or_between_two_tells_nobody_twice(
    pool: Pool, admin: Connection, database: Database
) -> None:
    people = await make_neighbours(admin, 10)
    notice = await approved(admin)
    async with await open_pool(database.dsn("worker"), 1) as dying:
        async with dying.acquire() as conn, begin(conn, job="announce"):
            assert await announcing.step(conn, notice) == 4
        with pytest.raises(BROKEN):
            await _die_in_a_batch(dying, admin, notice)
    assert (await told(admin, notice)).total() == 4
    assert await announcing.walk(pool) == 6
    assert await told(admin, notice) == Counter(people)


async def _die_in_a_batch(pool: Pool, admin: Connection, notice: UUID) -> None:
    async with pool.acquire() as conn, begin(conn, job="announce"):
        assert await announcing.step(conn, notice) == 4
        await admin.execute("SELECT pg_terminate_backend($1)", conn.get_server_pid())
        await conn.execute("SELECT 1")


async def test_workers_that_walk_at_once_tell_nobody_twice(pool: Pool, admin: Connection) -> None:
    people = await make_neighbours(admin, 50)
    notice = await approved(admin)
    walked = await asyncio.gather(*(announcing.walk(pool) for _ in range(4)))
    assert sum(walked) == 50
    assert await told(admin, notice) == Counter(people)
    assert (await place(admin, notice))[:2] == (50, True)


async def test_who_takes_the_next_batch_waits_for_nobody(pool: Pool, admin: Connection) -> None:
    await make_neighbours(admin, 5)
    notice = await approved(admin)
    async with pool.acquire() as one, pool.acquire() as other:
        async with begin(one, job="announce"):
            assert await announcing.step(one, notice) == 4
            async with begin(other, job="announce"):
                assert await announcing.step(other, notice) is None
        async with begin(other, job="announce"):
            assert await announcing.step(other, notice) == 1


async def test_safety_is_told_to_who_takes_part_and_a_breach_to_who_ever_did(
    pool: Pool, admin: Connection
) -> None:
    study_id = await make_study(admin)
    here, gone = await enrol(admin, study_id), await enrol(admin, study_id, left=True)
    await enrol(admin, await make_study(admin))
    safety = await approved(admin, Kind.SAFETY_NOTICE, study_id)
    breach = await approved(admin, Kind.BREACH_NOTICE, study_id)
    await announcing.walk(pool)
    assert await told(admin, safety) == Counter([here])
    assert await told(admin, breach) == Counter([here, gone])


async def test_who_was_in_a_study_twice_is_told_once(pool: Pool, admin: Connection) -> None:
    study_id = await make_study(admin)
    anna = await enrol(admin, study_id, left=True)
    sql = "INSERT INTO enrolment (resident_id, study_id) VALUES ($1, $2)"
    await admin.execute(sql, anna, study_id)
    notice = await approved(admin, Kind.BREACH_NOTICE, study_id)
    await announcing.walk(pool)
    assert await told(admin, notice) == Counter([anna])


@pytest.mark.parametrize("state", ["deceased", "erased"])
async def test_a_closed_account_is_told_nothing(pool: Pool, admin: Connection, state: str) -> None:
    await admin.execute("UPDATE resident SET state = $2 WHERE resident_id = $1",
                        await make_resident(admin), state)  # fmt: skip
    notice = await approved(admin)
    assert await announcing.walk(pool) == 0
    assert (await place(admin, notice))[:2] == (0, True)


async def test_a_draft_is_told_to_nobody(pool: Pool, admin: Connection) -> None:
    await make_resident(admin)
    notice = await approved(admin)
    await admin.execute("UPDATE announcement SET approved_by = NULL, approved_at = NULL")
    assert await announcing.walk(pool) == 0
    async with pool.acquire() as conn, begin(conn, job="announce"):
        assert await announcing.step(conn, notice) is None


async def test_at_three_at_night_a_muted_study_s_safety_notice_is_knocked_at_once(
    database: Database, pool: Pool, admin: Connection
) -> None:
    study_id, anna = await make_study(admin), await make_neighbour(admin)
    sql = "INSERT INTO enrolment (resident_id, study_id) VALUES ($1, $2)"
    await admin.execute(sql, anna, study_id)
    muted = f'{{"muted_studies": ["{study_id}"], "muted": ["safety-notice"]}}'
    sql = "UPDATE resident SET zone = $2, preferences = $3 WHERE resident_id = $1"
    await admin.execute(sql, anna, where_it_is_three(), muted)
    async with await open_pool(database.dsn("api"), 1) as api:
        await promise(api, anna, Kind.HOLD_PLACED)
    await approved(admin, Kind.SAFETY_NOTICE, study_id)
    await announcing.walk(pool)
    bell = Doorbell()
    await worker(pool, bell).once()
    sql = "SELECT kind, state, cause, bulk FROM outbox ORDER BY kind"
    assert [tuple(row) for row in await admin.fetch(sql)] == [
        ("hold-placed", "waiting", "quiet-hours", True), ("safety-notice", "sent", None, False),
    ]  # fmt: skip
    (knock,) = bell.knocks
    assert knock.urgent


def where_it_is_three() -> str:
    """A zone where it is between three and four at night now."""
    east = (3 - datetime.now(UTC).hour) % 24
    return f"Etc/GMT-{east}" if east <= 12 else f"Etc/GMT+{24 - east}"


async def test_nobody_approves_their_own_even_past_our_code(admin: Connection) -> None:
    await approved(admin)
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute("UPDATE announcement SET approved_by = drafted_by")


async def test_the_words_that_were_approved_cannot_be_changed(
    conn: Connection, pool: Pool, admin: Connection
) -> None:
    notice = await approved(admin)
    for statement in (
        "UPDATE announcement SET texts = '{}' WHERE announcement_id = $1",
        "UPDATE announcement SET drafted_by = uuidv7() WHERE announcement_id = $1",
        "DELETE FROM announcement WHERE announcement_id = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement, notice)
    sql = "UPDATE announcement SET approved_by = $1 WHERE announcement_id = $1"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(sql, uuid4())
