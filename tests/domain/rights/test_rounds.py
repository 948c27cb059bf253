"""Residents are told once of a source that fell silent, and not of a silence that they chose."""

import pytest
from asyncpg import Connection

from domain.db import Pool
from domain.rights import rounds

AGAIN = "UPDATE round SET after_resident = '00000000-0000-0000-0000-000000000000'"


async def told(admin: Connection, kind: str) -> int:
    count: int = await admin.fetchval("SELECT count(*) FROM message WHERE kind = $1", kind)
    return count


async def last_sent(admin: Connection, days: float) -> None:
    sql = "UPDATE stream SET last_upload_at = now() - make_interval(secs => $1 * 86400)"
    await admin.execute(sql, days)


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(("days", "times"), [(2.9, 0), (3.1, 1), (16.9, 1), (17.1, 0)])
async def test_of_a_silence_one_is_told_once_and_in_time(
    worker: Pool, admin: Connection, days: float, times: int
) -> None:
    await last_sent(admin, days)
    for _ in range(2):
        await rounds.go(worker)
        await admin.execute(AGAIN)
    assert await told(admin, "source-silent") == times


@pytest.mark.usefixtures("anna")
async def test_a_source_that_falls_silent_again_is_told_of_again(
    worker: Pool, admin: Connection
) -> None:
    await last_sent(admin, 4)
    await rounds.go(worker)
    await admin.execute("UPDATE message SET created_at = now() - interval '10 days'")
    await admin.execute(AGAIN)
    await rounds.go(worker)
    assert await told(admin, "source-silent") == 2


@pytest.mark.usefixtures("anna")
async def test_a_silence_that_was_chosen_is_not_told_of(worker: Pool, admin: Connection) -> None:
    await last_sent(admin, 4)
    ended = "tstzmultirange(tstzrange(NULL, now() - interval '30 days'))"
    await admin.execute(f"UPDATE consent_grant SET data_period = {ended}")  # noqa: S608
    await rounds.go(worker)
    assert await told(admin, "source-silent") == 0


@pytest.mark.usefixtures("anna")
async def test_a_round_rests_for_a_day(worker: Pool, admin: Connection) -> None:
    await rounds.go(worker)
    await admin.execute("UPDATE round SET begun_at = now()")
    await last_sent(admin, 4)
    await rounds.go(worker)
    assert await told(admin, "source-silent") == 0
    await admin.execute("UPDATE round SET begun_at = begun_at - interval '25 hours'")
    await rounds.go(worker)
    assert await told(admin, "source-silent") == 1
