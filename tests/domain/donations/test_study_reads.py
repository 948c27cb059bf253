"""A study reads what its permits open, by the time of measurement, and nothing else."""

from uuid import UUID, uuid4

from asyncpg import Connection

from domain.consents import gate
from domain.db import begin
from domain.donations.keys import FileKeyProvider
from domain.donations.study_reads import Mark, Most, Run, read_for_study
from tests.domain.donations.conftest import HOUR_MS, NOW_MS, Give, heart, permit, steps
from tests.people import make_study

DAY = 24 * HOUR_MS


async def read(
    conn: Connection, keys: FileKeyProvider, study: UUID, resident: UUID, most: int = 500
) -> list[Run]:
    """Everything the study may read of one resident, through the gate."""
    found: list[Run] = []
    async with begin(conn, study=study):
        locked = await gate.lock_many(conn, [resident])
        permits = await gate.study_permits(conn, study, locked, None)
        mark: Mark | None = None
        while True:
            reading = await read_for_study(conn, keys, permits, mark, most=Most(segments=most))
            found += reading.runs
            mark = reading.mark
            if mark is None:
                break
    return found


def before_now(runs: list[Run], category: str) -> list[int]:
    return [
        NOW_MS - int(at) for run in runs if run.category == category for at in run.columns.start
    ]


async def test_a_study_reads_only_the_periods_that_were_granted(
    give: Give, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(28 * DAY, 27 * DAY, 26 * DAY, DAY), steps(HOUR_MS))
    study = await make_study(admin)
    await permit(admin, resident, "heart", "[2026-02-01,2026-02-02)", study)
    await permit(admin, resident, "heart", "[2026-02-28,)", study)
    runs = await read(conn, keys, study, resident)
    assert before_now(runs, "heart") == [28 * DAY, DAY]
    assert before_now(runs, "activity") == []


async def test_small_readings_hold_every_sample_once(
    give: Give, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    for at in range(7):
        await give(heart(3 * at + 3, 3 * at + 2, 3 * at + 1), steps((at + 1) * HOUR_MS))
    study = await make_study(admin)
    await permit(admin, resident, "heart", "(,)", study)
    await permit(admin, resident, "activity", "(,)", study)
    runs = await read(conn, keys, study, resident, most=3)
    assert sorted(before_now(runs, "heart")) == list(range(1, 22))
    assert sorted(before_now(runs, "activity")) == [at * HOUR_MS for at in range(1, 8)]


async def test_a_study_without_a_grant_reads_nothing_even_with_forged_permits(
    give: Give, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(1))
    study = await make_study(admin)
    forged = gate.Permit(
        resident_id=resident, item_id=uuid4(), category="heart", event_seq=1, periods=[(None, None)]
    )
    async with begin(conn, study=study):
        assert (await read_for_study(conn, keys, [forged])).runs == []
    assert await read(conn, keys, study, resident) == []
