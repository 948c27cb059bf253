"""The last batch of a walk costs what the first does."""

from uuid import uuid4

import msgspec
from asyncpg import Connection

from domain.db import begin, open_pool
from domain.surveys.assigning import BATCH, Schedule, keep_plans, taking_part
from domain.surveys.schedules import Timetable
from tests.database import Database
from tests.people import make_study

PEOPLE = 20 * BATCH
AFTER_SURGERY = msgspec.convert(
    {"relative_to": "event", "event": "surgery", "at": "08:00:00", "window": 60}, Timetable
)


async def test_a_batch_reads_only_its_own_however_late_in_the_walk_it_comes(
    admin: Connection, database: Database
) -> None:
    study_id = await make_study(admin)
    sql = """
        WITH people AS (
            INSERT INTO resident (notice_version, notice_language, language)
            SELECT 1, 'en', 'en' FROM generate_series(1, $2) RETURNING resident_id)
        INSERT INTO enrolment (resident_id, study_id) SELECT resident_id, $1 FROM people
    """
    await admin.execute(sql, study_id, PEOPLE)
    sql = """
        INSERT INTO study_event (resident_id, study_id, name, occurred_at, recorded_by)
        SELECT resident_id, study_id, 'surgery', now(), study_id FROM enrolment
    """
    await admin.execute(sql)
    await admin.execute("VACUUM ANALYZE")
    sql = "SELECT resident_id FROM enrolment ORDER BY 1 OFFSET $1 LIMIT 1"
    last = await admin.fetchval(sql, PEOPLE - BATCH - 1)
    schedule = Schedule(
        schedule_id=uuid4(),
        study_id=study_id,
        questionnaire="",
        category="",
        timetable=AFTER_SURGERY,
    )
    sql = "SELECT sum(seq_tup_read + idx_tup_fetch)::int FROM pg_stat_xact_user_tables"
    async with (
        await open_pool(database.dsn("worker"), 1) as pool,
        pool.acquire() as conn,
        begin(conn, job="assign"),
    ):
        await keep_plans(conn)
        assert len(await taking_part(conn, schedule, last)) == BATCH
        assert await conn.fetchval(sql) <= 4 * BATCH
