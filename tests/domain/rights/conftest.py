"""A resident who has a bit of everything, and pools of the two roles."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import pytest
from asyncpg import Connection
from msgspec import Raw

from domain.caller import Resident
from domain.db import Pool, begin, bucket_of, open_pool
from domain.disclosures import conversations
from domain.disclosures.conversations import Between, Writing
from domain.donations import sealed_emails
from domain.donations import store as donations
from domain.donations.data_keys import opened_or_made
from domain.donations.keys import FileKeyProvider
from domain.donations.model import Batch, Source, Upload
from domain.residents import emails
from domain.residents.arrival import Arrival, Vault, arrive
from domain.residents.emails import Safe, Setting
from domain.residents.model import Beginning
from domain.surveys.sealed import Contents, Place, seal
from migrations.databases import connected
from tests import database as databases
from tests.database import Database
from tests.domain.donations.conftest import permit
from tests.people import make_study

SUBJECT = b"anna"
LOGIN_AT = datetime(2026, 3, 1, tzinfo=UTC)
CLAIMS = {"nin": "198112189876", "gender": "female"}
STARTS = list(range(1_767_268_800_000, 1_767_268_800_000 + 5_000 * 12_000, 5_000))
"""Twelve thousand samples, five seconds apart: more than a page."""

ASSIGNED = """
WITH s AS (INSERT INTO schedule (schedule_id, study_id, questionnaire, category, timetable, created_by, ended_at)
           VALUES (gen_random_uuid(), $2, 'q|1', 'heart', '{}', $2, now())
           RETURNING schedule_id)
INSERT INTO assignment (resident_id, assignment_id, schedule_id, study_id, category, questionnaire,
                        slot, opens_at, closes_at, expires_at, knocks_at)
SELECT $1, uuidv7(), schedule_id, $2, 'heart', 'q|1', '2026-03-01 08:00',
       now(), now() + interval '1 h', now() + interval '1 h', '{}'
  FROM s
"""
OF_STUDY = (
    "INSERT INTO enrolment (resident_id, study_id) VALUES ($1, $2)",
    "INSERT INTO participant_code VALUES (gen_random_uuid(), $2, $1)",
    "INSERT INTO study_event VALUES ($1, $2, 'visit', now(), $1)",
    """
    INSERT INTO access (resident_id, study_id, purpose, categories, samples, grant_seqs)
    VALUES ($1, $2, 'p', '{heart}', 1, '{1}')
    """,
    """
    INSERT INTO message (resident_id, message_id, kind, study_id)
    VALUES ($1, uuidv7(), 'study-joined', $2)
    """,
    """
    INSERT INTO block (resident_id, kind, source, scope, study_id, placed_by)
    VALUES ($1, 'block', 'resident', 'study', $2, $1)
    """,
    ASSIGNED,
    """
    INSERT INTO concern (resident_id, concern_id, study_id, response_id, category, tells, raised_at, due_at)
    VALUES ($1, uuidv7(), $2, uuidv7(), 'heart', 'study-team', now(), now())
    """,
    """
    INSERT INTO fact (resident_id, url, code, value, response_id, declared_at)
    VALUES ($1, 'q', 'walks', 'often', $2, now())
    """,
)
QUEUED = (
    """
    INSERT INTO outbox (bucket, message_id, resident_id, kind, expires_at)
    VALUES ($2, uuidv7(), $1, 'login-added', now())
    """,
    """
    INSERT INTO job (bucket, kind, resident_id, due_at)
    VALUES ($2, 'erase-account', $1, 'infinity')
    """,
)
OWN = (
    """
    INSERT INTO device (resident_id, device_id, value_kind, value, value_hash, platform, language)
    VALUES ($1, uuidv7(), 'fid', 'f', sha256('f'), 'ios', 'en')
    """,
    "INSERT INTO delivery SELECT $1, uuidv7(), uuidv7(), 'opened', now()",
    "INSERT INTO device_value SELECT value_hash, $1, device_id FROM device WHERE resident_id = $1",
    """
    INSERT INTO sample_deletion (resident_id, stream_id, seq, deleted, category, sample_ids)
    SELECT resident_id, stream_id, 1, true, category, '{1}' FROM stream WHERE resident_id = $1
    """,
    "INSERT INTO erasure (resident_id, scope) VALUES ($1, 'sleep')",
    "INSERT INTO withdrawal (resident_id, seq) VALUES ($1, 1)",
    """
    SELECT consent_close($1, 'pause', 'everything', NULL, NULL, NULL, NULL,
                         now() + interval '1 day', NULL, $1, 'resident', 'app', NULL)
    """,
)


@pytest.fixture
def keys() -> FileKeyProvider:
    return FileKeyProvider(bytes(range(32)))


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("api"), 4) as pool:
        yield pool


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("worker"), 4) as pool:
        yield pool


@pytest.fixture
async def anna(pool: Pool, keys: FileKeyProvider, admin: Connection) -> Resident:
    """Lets her heart rate be kept, and has donated it."""
    come = Arrival(issuer="idp", subject_hmac=SUBJECT, login_at=LOGIN_AT, claims=CLAIMS)
    terms = Beginning(notice_version=1, language="en")
    async with pool.acquire() as conn, begin(conn, subject=SUBJECT):
        resident_id, _ = await arrive(conn, Vault(b"secret", keys), come, terms)
    await permit(admin, resident_id, "heart")
    async with pool.acquire() as conn, begin(conn, resident=resident_id):
        for first in range(0, len(STARTS), 10_000):
            upload = Upload(
                source=Source(app="watch"), batches=[heart(STARTS[first : first + 10_000])]
            )
            await donations.donate(conn, keys, resident_id, upload, LOGIN_AT)
    return Resident(resident_id=resident_id, language="en", zone="Europe/Stockholm")


@pytest.fixture
async def everything(pool: Pool, keys: FileKeyProvider, admin: Connection, anna: Resident) -> UUID:
    """Anna, with a row of hers in every table that holds rows of residents."""
    study_id = await make_study(admin)
    await answer(pool, keys, admin, anna.resident_id)
    for sql in OF_STUDY:
        await admin.execute(sql, anna.resident_id, study_id)
    async with pool.acquire() as conn, begin(conn, resident=anna.resident_id):
        between = Between(anna.resident_id, study_id)
        await conversations.write(conn, keys, between, Writing(text="Hello"))
        safe = Safe(
            b"secret", partial(sealed_emails.seal, keys), partial(sealed_emails.opened, keys)
        )
        await emails.put(conn, safe, anna.resident_id, Setting(address="anna@mail.example"))
    for sql in QUEUED:
        await admin.execute(sql, anna.resident_id, bucket_of(anna.resident_id))
    for sql in OWN:
        await admin.execute(sql, anna.resident_id)
    sql = "INSERT INTO reply VALUES ($1, 'r', $2, '', 200, 'a', '')"
    await admin.execute(sql, anna.resident_id, uuid4().hex)
    return anna.resident_id


async def answer(pool: Pool, keys: FileKeyProvider, admin: Connection, resident_id: UUID) -> None:
    """A response of the resident's, as the application seals it."""
    async with pool.acquire() as conn, begin(conn, resident=resident_id):
        ring = await opened_or_made(conn, keys, resident_id, ["survey-sleep"])
    place = Place(resident_id, uuid4(), 1, 1)
    contents = Contents(response=Raw(b"{}"), scores=[])
    sql = """
        INSERT INTO response SELECT $1, $2, $3, $2, NULL, 'q|1', 'survey-sleep', 'completed',
                                    now(), now(), $4, $5
    """
    body = seal(ring.keys["survey-sleep", 1], place, contents)
    await admin.execute(sql, *place, body)


def heart(starts: list[int]) -> Batch:
    return Batch(
        measure="heart-rate",
        unit="/min",
        utc_offset_minutes=60,
        start=starts,
        value=[60.0 + at % 7 for at in starts],
    )


async def backed_up(database: Database, *pools: Pool) -> Database:
    """A copy of the database as it is now, whose connections begin anew."""
    for one in pools:
        await one.expire_connections()
    async with connected(database.cluster.dsn("admin")) as admin:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        await admin.execute(sql, database.name)
    return await databases.clone(database.cluster, database.name)


async def hold(admin: Connection, resident_id: UUID) -> None:
    """The data protection officer restricts the use of a resident's data."""
    sql = """
        INSERT INTO block (resident_id, kind, source, scope, placed_by)
        VALUES ($1, 'hold', 'data-protection-officer', 'everything', gen_random_uuid())
    """
    await admin.execute(sql, resident_id)


async def lift(admin: Connection, resident_id: UUID) -> None:
    sql = "UPDATE block SET lifted_at = now() WHERE resident_id = $1 AND kind = 'hold'"
    await admin.execute(sql, resident_id)


async def keep_using(conn: Connection, resident_id: UUID) -> None:
    """Begin a use that goes on until its transaction ends, however slow the machine: it is not idle too long."""
    await conn.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
    sql = "SELECT pg_advisory_xact_lock_shared(uuid_hash_extended($1, 0))"
    await conn.execute(sql, resident_id)
