"""Who may be spoken to: by a study, with a grant in force and nothing against it; by the platform, unless told not to."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from domain.consents import gate
from domain.db import begin
from migrations.databases import Connection, connected
from tests.database import Database
from tests.people import STEWARD, make_item, make_resident


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Connection]:
    async with connected(database.dsn("worker")) as conn:
        yield conn


@pytest.fixture
async def anna(admin: Connection) -> UUID:
    return await make_resident(admin)


@pytest.fixture
async def study(admin: Connection, anna: UUID) -> UUID:
    """A study with a grant of Anna's."""
    item_id, study_id = await make_item(admin, ["heart"])
    sql = """
        INSERT INTO consent_grant (resident_id, item_id, study_id, use, category, notice_version,
                                   recipients, ehds, status, event_seq, data_period)
        VALUES ($1, $2, $3, 'study', 'heart', 1, '{KI}', false, 'ConsentGiven', 1, '{[2020-01-01,)}')
    """
    await admin.execute(sql, anna, item_id, study_id)
    return study_id


async def contactable(worker: Connection, *pairs: tuple[UUID, UUID | None]) -> int:
    async with begin(worker, job="test"):
        return len(await gate.contactable(worker, pairs))


async def block(admin: Connection, anna: UUID, scope: str, study_id: UUID | None = None) -> None:
    sql = """
        INSERT INTO block (resident_id, kind, source, scope, study_id, placed_by)
        VALUES ($1, 'block', 'resident', $2, $3, $4)
    """
    await admin.execute(sql, anna, scope, study_id, STEWARD)


async def test_a_study_speaks_to_those_who_take_part_in_it(
    worker: Connection, anna: UUID, study: UUID
) -> None:
    assert await contactable(worker, (anna, study), (anna, None)) == 2
    assert await contactable(worker, (anna, uuid4()), (uuid4(), study)) == 0


async def test_a_pause_or_an_end_silences_the_study(
    worker: Connection, admin: Connection, anna: UUID, study: UUID
) -> None:
    await admin.execute("UPDATE consent_grant SET pauses = '{[2020-01-01,2100-01-01)}'")
    assert await contactable(worker, (anna, study)) == 0
    await admin.execute("UPDATE consent_grant SET pauses = '{}', valid_until = $1", _past())
    assert await contactable(worker, (anna, study)) == 0


async def test_a_study_without_approval_is_silent(
    worker: Connection, admin: Connection, anna: UUID, study: UUID
) -> None:
    await admin.execute("DELETE FROM approval")
    assert await contactable(worker, (anna, study)) == 0


async def test_no_contact_holds_for_one_study_or_for_all(
    worker: Connection, admin: Connection, anna: UUID, study: UUID
) -> None:
    await block(admin, anna, "contact", study)
    assert await contactable(worker, (anna, study), (anna, None)) == 1
    await block(admin, anna, "contact")
    assert await contactable(worker, (anna, study), (anna, None)) == 0


async def test_a_block_on_everything_is_one_on_speaking(
    worker: Connection, admin: Connection, anna: UUID, study: UUID
) -> None:
    await block(admin, anna, "everything")
    assert await contactable(worker, (anna, study), (anna, None)) == 0


def _past() -> datetime:
    return datetime(2021, 1, 1, tzinfo=UTC)
