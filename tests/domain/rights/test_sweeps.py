"""What the worker owes: the 90 days, the ends of choices, and forgetting in time."""

from datetime import timedelta
from uuid import UUID

import pytest
from asyncpg import Connection

from domain.caller import Resident
from domain.consents import gate
from domain.db import Pool, begin
from domain.rights import unused
from domain.rights.sweeps import sweep
from migrations.databases import connected
from tests.database import Database
from tests.domain.donations.conftest import permit
from tests.domain.rights.conftest import hold, keep_using, lift


async def kinds(admin: Connection) -> list[str]:
    return [
        row["kind"] for row in await admin.fetch("SELECT kind FROM message ORDER BY message_id")
    ]


async def end_grants(admin: Connection, ago: str = "1 minute") -> None:
    sql = "UPDATE consent_grant SET valid_until = now() - $1::text::interval"
    await admin.execute(sql, ago)


async def mark(pool: Pool, resident_id: UUID) -> None:
    async with pool.acquire() as conn, begin(conn, job="test"):
        await unused.mark(conn, resident_id)


async def pass_days(admin: Connection, days: int) -> None:
    sql = "UPDATE resident SET unused_since = unused_since - $1::interval"
    await admin.execute(sql, timedelta(days=days))


async def segments(admin: Connection) -> int:
    count: int = await admin.fetchval("SELECT count(*) FROM segment")
    return count


async def test_donations_without_a_use_are_asked_about_once(
    worker: Pool, admin: Connection, anna: Resident
) -> None:
    await end_grants(admin)
    for _ in range(2):
        await mark(worker, anna.resident_id)
    assert await kinds(admin) == ["donations-unused"]


async def test_donations_with_a_use_are_not(
    worker: Pool, admin: Connection, anna: Resident
) -> None:
    await mark(worker, anna.resident_id)
    assert await admin.fetchval("SELECT unused_since FROM resident") is None


@pytest.mark.parametrize(("days", "left"), [(89, True), (91, False)])
async def test_they_are_erased_after_90_days_and_not_before(
    worker: Pool, admin: Connection, anna: Resident, days: int, *, left: bool
) -> None:
    await end_grants(admin)
    await mark(worker, anna.resident_id)
    await pass_days(admin, days)
    await sweep(worker)
    assert bool(await segments(admin)) is left
    assert ("donations-erased" in await kinds(admin)) is not left


async def test_a_use_given_anew_ends_the_90_days(
    worker: Pool, admin: Connection, anna: Resident
) -> None:
    await end_grants(admin)
    await mark(worker, anna.resident_id)
    await pass_days(admin, 91)
    await permit(admin, anna.resident_id, "heart")
    await sweep(worker)
    assert await segments(admin) > 0
    assert await admin.fetchval("SELECT unused_since FROM resident") is None


async def test_a_hold_defers_the_end_of_the_90_days(
    worker: Pool, admin: Connection, anna: Resident
) -> None:
    await end_grants(admin)
    await mark(worker, anna.resident_id)
    await pass_days(admin, 91)
    await hold(admin, anna.resident_id)
    await sweep(worker)
    assert await segments(admin) > 0
    await lift(admin, anna.resident_id)
    await sweep(worker)
    assert await segments(admin) == 0


async def test_a_use_under_way_defers_it_too(
    worker: Pool, admin: Connection, database: Database, anna: Resident
) -> None:
    await end_grants(admin)
    await mark(worker, anna.resident_id)
    await pass_days(admin, 91)
    async with connected(database.dsn("api")) as user:
        await keep_using(user, anna.resident_id)
        await sweep(worker)
        assert await segments(admin) > 0
        await user.execute("COMMIT")
    await sweep(worker)
    assert await segments(admin) == 0


async def test_a_choice_that_has_run_out_is_told_of_once_and_looked_at(
    worker: Pool, admin: Connection, anna: Resident
) -> None:
    await end_grants(admin)
    for _ in range(2):
        await sweep(worker)
    assert await kinds(admin) == ["consent-ended", "donations-unused"]
    assert await admin.fetchval(
        "SELECT unused_since FROM resident WHERE resident_id = $1", anna.resident_id
    )


@pytest.mark.usefixtures("anna")
async def test_a_choice_that_will_run_out_is_told_of_once(worker: Pool, admin: Connection) -> None:
    await end_grants(admin, "-13 days")
    for _ in range(2):
        await sweep(worker)
    assert await kinds(admin) == ["consent-expiring"]


async def test_many_that_run_out_in_one_instant_are_all_told(
    worker: Pool, admin: Connection, anna: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.rights.endings.BATCH", 2)
    for category in ("activity", "sleep", "vitals", "body", "lungs", "mobility"):
        await permit(admin, anna.resident_id, category)
    await end_grants(admin)
    told = await sweep(worker)
    assert told["told_of_ended"] == 7


async def test_answers_are_forgotten_after_72_hours_and_logins_after_a_day(
    worker: Pool, admin: Connection
) -> None:
    for hours in (71, 73):
        await admin.execute(
            "INSERT INTO reply VALUES (gen_random_uuid(), 'r', 'k', '', 200, 'a', '',"
            " now() - make_interval(hours => $1))",
            hours,
        )
    for hours in (23, 25):
        await admin.execute(
            "INSERT INTO identity (issuer, subject_hmac, erased_at)"
            " VALUES ('idp', sha256($1::text::bytea), now() - make_interval(hours => $2))",
            str(hours),
            hours,
        )
    done = await sweep(worker)
    assert (done["replies_purged"], done["logins_purged"]) == (1, 1)
    assert await admin.fetchval("SELECT count(*) FROM reply") == 1
    assert await admin.fetchval("SELECT count(*) FROM identity") == 1


async def test_a_withdrawal_that_was_not_drained_is_finished(
    worker: Pool, admin: Connection, anna: Resident
) -> None:
    sql = "INSERT INTO withdrawal (resident_id, seq, destroy) VALUES ($1, 1, '{heart}')"
    await admin.execute(sql, anna.resident_id)
    done = await sweep(worker)
    assert done["withdrawals_finished"] == 1
    assert await segments(admin) == 0
    sql = "SELECT num_nulls(drained_at, destroyed_at) FROM withdrawal"
    assert await admin.fetchval(sql) == 0


async def test_a_block_that_was_not_drained_is_drained(
    worker: Pool, admin: Connection, anna: Resident
) -> None:
    sql = """
        INSERT INTO block (resident_id, kind, source, scope, placed_by)
        VALUES ($1, 'block', 'resident', 'everything', $1)
    """
    await admin.execute(sql, anna.resident_id)
    async with admin.transaction():
        await gate.lock_own(admin, anna.resident_id)
        await sweep(worker)
        assert await admin.fetchval("SELECT drained_at FROM block") is None
    await sweep(worker)
    assert await admin.fetchval("SELECT drained_at FROM block") is not None


async def test_one_that_fails_stops_no_other(
    worker: Pool, admin: Connection, anna: Resident
) -> None:
    sql = "INSERT INTO withdrawal (resident_id, seq) VALUES ($1, 1), ($2, 1)"
    await admin.execute(sql, UUID(int=1), anna.resident_id)  # the first has no lock
    assert (await sweep(worker))["withdrawals_finished"] == 1
