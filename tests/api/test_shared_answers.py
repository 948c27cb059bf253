"""Answers that share a statement are written together, each as if it were alone."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from api.auth import subject_hmac
from api.development import subject_secret
from domain.consents import store as consents
from domain.consents.chain import unbroken
from domain.db import Connection, as_json
from domain.trips import NOT_AT_ONCE
from migrations.databases import connected
from tests.api.region import OpenStudy, Region
from tests.api.test_at_once import EVENTS, events, permit
from tests.database import Database

ANSWER = "SELECT n, (event).resident_id, (event).seq FROM answer_at_once($1)"


def asked(region: Region, study: OpenStudy, *names: str) -> str:
    """What their permits bring to the statement that they share, each under a key of its own."""
    secret, issuer = subject_secret(region.settings), region.settings.issuer
    return as_json(
        [{"n": n, "issuer": issuer, "subject": subject_hmac(secret, issuer, name), "route": "answers",
          "issued_at": datetime.now(UTC), "key": f"{len(names)}-{n}", "fingerprint": b"", "sensitive": [],
          "answers": [permit(study, method="app")]} for n, name in enumerate(names, 1)]
    )  # fmt: skip


async def test_one_statement_writes_the_answers_of_all_who_share_it(
    region: Region, study: OpenStudy, conn: Connection
) -> None:
    anna, bo = [await region.resident(name) for name in ("anna", "bo")]
    rows = await conn.fetch(ANSWER, asked(region, study, "anna", "bo", "bo", "anna", "nobody"))
    assert [tuple(row) for row in rows] == [(1, anna, 1), (2, bo, 1), (3, bo, 2), (4, anna, 2)]
    assert await region.admin.fetchval("SELECT count(*) FROM consent_head WHERE seq > 0") == 2
    assert await region.admin.fetchval("SELECT count(DISTINCT resident_id) FROM consent_grant") == 2
    assert await region.admin.fetchval("SELECT count(*) FROM reply WHERE route = 'answers'") == 4


async def test_an_answer_at_once_does_nothing_where_another_was_faster(
    region: Region, study: OpenStudy, conn: Connection, database: Database
) -> None:
    await region.resident("anna")
    async with connected(database.dsn("api")) as other, other.transaction():
        assert len(await other.fetch(ANSWER, asked(region, study, "anna"))) == 1
        late = asyncio.create_task(conn.fetch(ANSWER, asked(region, study, "anna", "anna")))
        await asyncio.sleep(0.02)
    with pytest.raises(asyncpg.PostgresError) as declined:
        await late
    assert declined.value.sqlstate in NOT_AT_ONCE
    assert await events(region) == 1


async def test_answers_of_one_resident_in_a_shared_trip_follow_from_each_other(
    region: Region, study: OpenStudy
) -> None:
    ids = [await region.resident(name) for name in ("anna", "bo")]
    both = [permit(study), permit(study, past=False)]
    asked = [("anna", f"k-{n // 2}", both[: 1 + n // 2 % 2]) for n in range(8)]  # each key twice
    given = await asyncio.gather(
        *[region.post(name, EVENTS, {"answers": answers}, key) for name, key, answers in asked],
        region.post("bo", EVENTS, {"answers": both}),
    )
    assert {one.status_code for one in given} == {201}
    assert all(given[n].content == given[n + 1].content for n in range(0, 8, 2))
    for resident_id, count in zip(ids, (6, 2), strict=True):
        chain = (await consents.history(region.admin, resident_id, None, 10))[::-1]
        assert (len(chain), unbroken(chain)) == (count, True)
        assert [event.blind for event in chain] == [False] + [True] * (count - 1)
