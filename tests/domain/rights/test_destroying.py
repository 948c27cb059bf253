"""What an erasure destroys, that it is told before, and what puts it off."""

import asyncio
import time

import pytest
from asyncpg import Connection

from domain.consents import gate
from domain.db import Pool, begin
from domain.donations.keys import FileKeyProvider
from domain.rights import withdraw as rights
from domain.rights.withdraw import Preview, Withdrawal, Withdrawing
from tests.domain.donations.conftest import permit
from tests.domain.rights.conftest import hold, lift
from tests.domain.rights.taking_part import BEFORE, MINUTE, Part, rows_of, take_part

NEW = 2 * MINUTE
SCOPES = ["item", "study", "category", "everything"]


@pytest.fixture
async def part(pool: Pool, admin: Connection, keys: FileKeyProvider) -> Part:
    """Heart rates and steps are donated, both to the one item."""
    part = await take_part(pool, admin, keys)
    assert await part.donate(BEFORE[0], measure="step-count") == 10
    return part


async def told(part: Part, scope: str) -> Preview:
    async with part.asking() as conn:
        wish = Withdrawing(effect="erase", **part.about(scope))
        return await rights.preview(conn, part.resident, wish)


async def erased(part: Part, scope: str = "study") -> Withdrawal:
    withdrawal = await part.withdraw("erase", scope)
    assert withdrawal is not None
    return withdrawal


async def state(part: Part, seq: int) -> Withdrawal:
    async with part.asking() as conn:
        return await rights.state(conn, part.resident_id, seq)


async def finish(worker: Pool, part: Part) -> int:
    async with worker.acquire() as conn, begin(conn, job="test"):
        return await rights.finish(conn, part.resident_id)


@pytest.mark.parametrize("scope", SCOPES)
async def test_what_is_told_beforehand_is_what_is_destroyed(part: Part, scope: str) -> None:
    before = await told(part, scope)
    assert await part.rows() == rows_of("activity", "heart")
    done = await erased(part, scope)
    assert before.destroys == done.destroys
    left = {"activity", "heart"} - set(done.destroys)
    assert await part.rows() == rows_of(*sorted(left))
    assert left == ({"activity"} if scope == "category" else set())
    assert done.destroyed_at is not None


@pytest.mark.parametrize("scope", SCOPES)
async def test_it_tells_what_ends_and_which_study_is_left(part: Part, scope: str) -> None:
    before = await told(part, scope)
    ends = {(end.item_id, end.category) for end in before.ends}
    categories = ["heart"] if scope == "category" else ["activity", "heart"]
    assert ends == {(part.item_id, category) for category in categories}
    await erased(part, scope)
    sql = "SELECT study_id FROM enrolment WHERE ended_at IS NOT NULL"
    left = [row["study_id"] for row in await part.admin.fetch(sql)]
    assert before.leaves_studies == left


async def test_of_no_contact_it_tells_that_nothing_ends(part: Part) -> None:
    async with part.asking() as conn:
        wish = Withdrawing(effect="no-contact", **part.about("study"))
        told = await rights.preview(conn, part.resident, wish)
    assert told == Preview(ends=[], destroys=[], leaves_studies=[])


async def test_telling_changes_nothing(part: Part) -> None:
    sql = "SELECT h.seq, g.* FROM consent_head h JOIN consent_grant g USING (resident_id) ORDER BY category"
    before = await part.admin.fetch(sql)
    await told(part, "everything")
    assert await part.admin.fetch(sql) == before
    assert await part.admin.fetchval("SELECT count(*) FROM withdrawal") == 0


@pytest.mark.parametrize("scope", ["item", "study"])
@pytest.mark.parametrize(
    ("period", "status", "kept"),
    [
        ("(,)", "ConsentGiven", True),
        ("(,2026-02-01)", "ConsentWithdrawn", True),  # after a stop its past is still used
        ("empty", "ConsentWithdrawn", False),
        ("empty", "ConsentRefused", False),
    ],
)
async def test_what_another_use_covers_is_kept(
    part: Part, scope: str, period: str, status: str, *, kept: bool
) -> None:
    await permit(part.admin, part.resident_id, "heart", period)
    sql = "UPDATE consent_grant SET status = $1 WHERE use = 'keep'"
    await part.admin.execute(sql, status)
    assert "heart" not in (await told(part, scope)).destroys or not kept
    done = await erased(part, scope)
    assert done.destroys == (["activity"] if kept else ["activity", "heart"])
    assert await part.rows() == rows_of(*["heart"] * kept)


async def test_a_use_that_has_run_out_covers_nothing(part: Part) -> None:
    await permit(part.admin, part.resident_id, "heart")
    sql = "UPDATE consent_grant SET valid_until = now() - interval '1 s' WHERE use = 'keep'"
    await part.admin.execute(sql)
    assert (await erased(part)).destroys == ["activity", "heart"]


@pytest.mark.parametrize(("scope", "left"), [("category", ["activity"]), ("everything", [])])
async def test_a_category_or_everything_is_destroyed_whoever_uses_it(
    part: Part, scope: str, left: list[str]
) -> None:
    await permit(part.admin, part.resident_id, "heart")
    await erased(part, scope)
    assert await part.rows() == rows_of(*left)


async def test_what_is_destroyed_is_in_the_journal(part: Part) -> None:
    await erased(part)
    sql = "SELECT scope FROM erasure WHERE resident_id = $1 AND terms IS NULL ORDER BY scope"
    rows = await part.admin.fetch(sql, part.resident_id)
    assert [row["scope"] for row in rows] == ["activity", "heart"]


async def test_a_hold_puts_it_off_until_it_is_lifted(part: Part, worker: Pool) -> None:
    await hold(part.admin, part.resident_id)
    done = await erased(part)
    assert done.drained_at is not None
    assert done.destroyed_at is None
    assert await finish(worker, part) == 0
    assert await part.rows() == rows_of("activity", "heart")
    await lift(part.admin, part.resident_id)
    assert await part.readable() == []
    assert await finish(worker, part) == 1
    assert await part.rows() == rows_of()
    assert (await state(part, done.seq)).destroyed_at is not None


async def test_a_use_under_way_puts_off_the_end_and_no_new_one_waits(
    part: Part, worker: Pool
) -> None:
    async with part.pool.acquire() as using, part.pool.acquire() as later:
        async with begin(using, study=part.study_id):
            assert await gate.lock_many(using, [part.resident_id]) == [part.resident_id]
            began = time.monotonic()
            withdrawing = asyncio.create_task(erased(part))
            await asyncio.sleep(0.5)
            async with begin(later, study=part.study_id):  # while the withdrawal waits
                asked = time.monotonic()
                assert await gate.lock_many(later, [part.resident_id]) == []
                assert time.monotonic() - asked < 0.5
            done = await withdrawing
            assert 1.9 < time.monotonic() - began < 3
            assert (done.drained_at, done.destroyed_at) == (None, None)
            async with begin(later, study=part.study_id):  # and once it is written
                locked = await gate.lock_many(later, [part.resident_id])
                assert await gate.study_permits(later, part.study_id, locked, None) == []
            assert await finish(worker, part) == 0
            assert await part.rows() == rows_of("activity", "heart")
        assert await finish(worker, part) == 1
    over = await state(part, done.seq)
    assert None not in (over.drained_at, over.destroyed_at)
    assert await part.rows() == rows_of()
    assert await finish(worker, part) == 0


async def test_given_anew_before_it_is_destroyed_opens_nothing_and_loses_nothing(
    part: Part, worker: Pool
) -> None:
    await hold(part.admin, part.resident_id)
    await erased(part)
    await lift(part.admin, part.resident_id)
    await part.consent()
    assert await part.readable() == []
    assert await part.donate(NEW) == 0  # refused rather than taken in and destroyed
    assert await finish(worker, part) == 1
    assert await part.donate(NEW) == 10
    assert await part.readable() == [NEW]
