"""What changes between looking and storing is seen: a submission in two round trips takes no lock while it looks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from litestar import Litestar

from domain.db import Connection
from tests.api.region import OpenStudy, Region
from tests.api.surveying import TOPIC, Survey, answers, survey
from tests.domain.donations.conftest import permit
from tests.domain.surveys.forms import said

WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"


@pytest.fixture
async def asked(region: Region, study: OpenStudy) -> Survey:
    """Who has answered before, and so has a key."""
    made = await survey(region, study)
    assert (await made.submit()).status_code == 201
    return made


@asynccontextmanager
async def meanwhile(admin: Connection, resident_id: UUID) -> AsyncIterator[None]:
    """Whoever stores for this resident waits until what is done in this block is committed."""
    async with admin.transaction():
        await admin.execute("SELECT pg_advisory_xact_lock(uuid_hash_extended($1, 0))", resident_id)
        yield
        for _ in range(1_000):
            if await admin.fetchval(WAITING):
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE consent_grant SET data_period = '{}'", 403),
        ("UPDATE consent_grant SET pauses = tstzmultirange(tstzrange(now(), NULL))", 403),
        ("UPDATE study SET suspended_at = now()", 403),
        ("UPDATE questionnaire_version SET status = 'retired', retired_at = now()", 422),
        ("DELETE FROM data_key", 201),
        ("DELETE FROM response", 201),
    ],
)
async def test_what_is_stored_is_what_is_permitted_then(
    asked: Survey, change: str, status: int
) -> None:
    admin = asked.region.admin
    async with meanwhile(admin, asked.resident_id):
        before = await admin.fetchval("SELECT count(*) FROM response")
        submitting = asyncio.create_task(asked.submit())
        await admin.execute(change)
    answer = await submitting
    assert answer.status_code == status
    if status == 201:
        path = f"/v1/me/responses/{answer.json()['response_id']}"
        assert (await asked.region.get("anna", path)).status_code == 200
    else:
        assert await admin.fetchval("SELECT count(*) FROM response") == before


async def test_an_assignment_that_was_cancelled_meanwhile_is_not_answered(asked: Survey) -> None:
    one, admin = await asked.assigned(), asked.region.admin
    async with meanwhile(admin, asked.resident_id):
        submitting = asyncio.create_task(asked.submit(assignment_id=one))
        await admin.execute("UPDATE assignment SET state = 'cancelled'")
    assert (await submitting).status_code == 409
    assert await admin.fetchval("SELECT count(*) FROM response") == 1


async def test_of_two_submissions_of_one_response_one_is_told(asked: Survey) -> None:
    path, admin = f"/v1/me/responses/{uuid4()}/submission", asked.region.admin
    async with meanwhile(admin, asked.resident_id):
        both = [
            asyncio.create_task(asked.region.post("anna", path, asked.body())) for _ in range(2)
        ]
    answers = [await one for one in both]
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert await admin.fetchval("SELECT count(*) FROM response") == 2


async def test_a_first_submission_makes_its_key_at_once(
    app: Litestar, region: Region, study: OpenStudy
) -> None:
    made = await survey(region, study)
    before = app.state.pool.get_size()
    answer = await made.submit()
    assert answer.status_code == 201, answer.text
    assert await region.admin.fetchval("SELECT count(*) FROM data_key") == 1
    path = f"/v1/me/responses/{answer.json()['response_id']}"
    assert app.state.pool.get_size() == max(before, 1)  # the long way takes another
    assert (await region.get("anna", path)).status_code == 200


async def test_those_who_share_a_trip_have_their_responses_written_together(asked: Survey) -> None:
    region, study_id = asked.region, UUID(asked.study.study_id)
    names = [f"resident {n}" for n in range(12)]
    for name in names:
        await permit(region.admin, await region.resident(name), TOPIC, study_id=study_id)

    async def visit(n: int) -> None:
        path = f"/v1/me/responses/{uuid4()}"
        sent = asked.body(answers(hours=n))
        given = await region.post(names[n], f"{path}/submission", sent, "key")
        assert given.status_code == 201, given.text
        assert (await region.get(names[n], path)).json()["response"]["item"][0] == said("hours", {"Decimal": n})  # fmt: skip
        assert (await region.post(names[n], f"{path}/submission", sent, "key")).content == given.content  # fmt: skip

    await asyncio.gather(*map(visit, range(len(names))))
    sql = "SELECT count(*), count(DISTINCT xmin::text) FROM response WHERE resident_id <> $1"
    stored, transactions = await region.admin.fetchrow(sql, asked.resident_id) or (0, 0)
    assert stored == len(names) > transactions
