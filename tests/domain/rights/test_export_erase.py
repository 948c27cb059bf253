"""Taking everything along is complete or says that it is not; erasing leaves what is documented."""

import asyncio
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from asyncpg import Connection

from domain.caller import Resident
from domain.consents import store as consents
from domain.consents.model import ConsentAnswer
from domain.db import Pool, begin
from domain.donations.keys import FileKeyProvider
from domain.errors import NotFound, Unauthenticated
from domain.residents.arrival import Arrival, Vault, arrive
from domain.residents.model import Beginning
from domain.rights import erase
from domain.rights.erase import REMAIN, Erasure
from domain.rights.export import Taken
from domain.rights.sweeps import sweep
from migrations.databases import connected
from tests.database import Database
from tests.domain.rights.conftest import (
    CLAIMS,
    LOGIN_AT,
    STARTS,
    SUBJECT,
    hold,
    keep_using,
    lift,
)
from tests.people import make_item


async def erased(pool: Pool, resident: Resident) -> Erasure:
    async with pool.acquire() as conn, begin(conn, resident=resident.resident_id):
        return await erase.erase(conn, resident)


async def holding(admin: Connection, resident_id: UUID) -> set[str]:
    """Every table in which any column of any row names the resident."""
    sql = """
        SELECT format('SELECT 1 FROM %I t WHERE t::text LIKE %L LIMIT 1', relname, '%' || $1 || '%'),
               relname
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    """
    tables = await admin.fetch(sql, str(resident_id))
    return {name for query, name in tables if await admin.fetchval(query)}


async def of_residents(admin: Connection) -> set[str]:
    sql = """
        SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
         WHERE attname IN ('resident_id', 'actor_id') AND relkind = 'r'
           AND relnamespace = 'public'::regnamespace
    """
    return {row[0] for row in await admin.fetch(sql)}


async def read(pool: Pool, keys: FileKeyProvider, resident: Resident) -> dict[str, Any]:
    pieces = [piece async for piece in Taken(pool, keys, resident).document()]
    document: dict[str, Any] = json.loads(b"".join(pieces))
    return document


async def test_after_erasure_only_what_is_documented_names_the_resident(
    pool: Pool, admin: Connection, anna: Resident, everything: UUID
) -> None:
    assert await holding(admin, everything) == await of_residents(admin), (
        "a new table: see `destroy`"
    )
    assert (await erased(pool, anna)).destroyed
    assert await holding(admin, everything) == set(REMAIN)
    assert await admin.fetchval("SELECT count(*) FROM data_key") == 0


async def test_what_remains_names_no_person(pool: Pool, admin: Connection, anna: Resident) -> None:
    await erased(pool, anna)
    assert await admin.fetchval("SELECT count(*) FROM person") == 0
    row = await admin.fetchrow("SELECT resident_id, erased_at IS NOT NULL AS gone FROM identity")
    assert row is not None
    assert tuple(row) == (None, True)


async def test_an_erasure_is_the_last_event_of_the_chain(
    pool: Pool, admin: Connection, anna: Resident
) -> None:
    await erased(pool, anna)
    sql = "SELECT decision, scope, effect FROM consent_event ORDER BY seq DESC LIMIT 1"
    row = await admin.fetchrow(sql)
    assert row is not None
    assert tuple(row) == ("withdraw", "everything", "erase")


async def test_a_hold_closes_the_account_and_defers_the_destroying(
    pool: Pool, worker: Pool, admin: Connection, anna: Resident, everything: UUID
) -> None:
    await hold(admin, everything)
    assert not (await erased(pool, anna)).destroyed
    await sweep(worker)
    sql = "SELECT count(*) FROM consent_grant WHERE NOT isempty(data_period)"
    assert await admin.fetchval(sql) == 0
    assert await admin.fetchval("SELECT count(*) FROM identity WHERE resident_id IS NOT NULL") == 0
    assert await admin.fetchval("SELECT count(*) FROM segment") > 0
    await lift(admin, everything)
    await admin.execute("UPDATE job SET due_at = now()")
    await sweep(worker)
    assert await holding(admin, everything) == set(REMAIN)


async def test_a_use_under_way_defers_the_destroying_alone(
    pool: Pool, worker: Pool, admin: Connection, database: Database, anna: Resident
) -> None:
    async with connected(database.dsn("api")) as user:
        await keep_using(user, anna.resident_id)
        assert not (await erased(pool, anna)).destroyed
        assert await admin.fetchval("SELECT state FROM resident") == "erased"
        await user.execute("COMMIT")
    await sweep(worker)
    assert await holding(admin, anna.resident_id) == set(REMAIN)


async def test_a_deferred_erasure_s_person_begins_anew_at_once(
    pool: Pool, keys: FileKeyProvider, admin: Connection, anna: Resident
) -> None:
    await hold(admin, anna.resident_id)
    await erased(pool, anna)
    now = await admin.fetchval("SELECT now() + interval '1 second'")
    again = Arrival(issuer="idp", subject_hmac=SUBJECT, login_at=now, claims=CLAIMS)
    terms = Beginning(notice_version=1, language="en")
    async with pool.acquire() as conn, begin(conn, subject=SUBJECT):
        resident_id, new = await arrive(conn, Vault(b"secret", keys), again, terms)
    assert new
    assert resident_id != anna.resident_id
    old = Arrival(issuer="idp", subject_hmac=SUBJECT, login_at=LOGIN_AT, claims=CLAIMS)
    async with pool.acquire() as conn:
        with pytest.raises(Unauthenticated):
            async with begin(conn, subject=SUBJECT):
                await arrive(conn, Vault(b"secret", keys), old, terms)


async def test_a_login_that_crosses_an_erasure_ties_nobody_to_what_is_gone(
    pool: Pool, keys: FileKeyProvider, admin: Connection, anna: Resident
) -> None:
    terms = Beginning(notice_version=1, language="en")

    async def come(subject: bytes, at: datetime) -> UUID:
        login = Arrival(issuer="idp", subject_hmac=subject, login_at=at, claims=CLAIMS)
        async with pool.acquire() as conn, begin(conn, subject=subject):
            return (await arrive(conn, Vault(b"secret", keys), login, terms))[0]

    resident = anna
    for round_ in range(8):
        now = await admin.fetchval("SELECT clock_timestamp() + interval '20 seconds'")
        crossing = [come(SUBJECT, now), come(f"other {round_}".encode(), now)]
        await asyncio.gather(erased(pool, resident), *crossing, return_exceptions=True)
        later = await admin.fetchval("SELECT clock_timestamp() + interval '30 seconds'")
        living = await come(SUBJECT, later)
        sql = (
            "SELECT count(*) FROM person LEFT JOIN resident USING (resident_id) WHERE state IS NULL"
        )
        assert await admin.fetchval(sql) == 0
        resident = Resident(resident_id=living, language="en", zone="Europe/Stockholm")


async def test_an_answer_that_was_under_way_opens_nothing_of_nobody_s(
    pool: Pool, admin: Connection, anna: Resident
) -> None:
    item_id, _ = await make_item(admin, ["heart"])
    await erased(pool, anna)
    answer = ConsentAnswer(
        item_id=item_id, notice_version=1, language="en", decision="permit", seen_seq=0
    )
    async with pool.acquire() as conn:
        with pytest.raises(NotFound):
            async with begin(conn, resident=anna.resident_id):
                await consents.record(conn, anna.resident_id, [answer], anna.resident_id)
    assert await holding(admin, anna.resident_id) == set(REMAIN)


async def test_what_a_late_request_leaves_is_found(
    pool: Pool, worker: Pool, admin: Connection, anna: Resident
) -> None:
    await erased(pool, anna)
    sql = "INSERT INTO reply VALUES ($1, 'r', 'k', '', 200, 'a', '')"
    await admin.execute(sql, anna.resident_id)
    await sweep(worker)
    assert await holding(admin, anna.resident_id) == set(REMAIN)
    assert await admin.fetchval("SELECT count(*) FROM erasure WHERE scope = 'account'") == 1


async def test_every_sample_and_row_is_in_the_export(
    pool: Pool, keys: FileKeyProvider, anna: Resident, everything: UUID
) -> None:
    document = await read(pool, keys, anna)
    assert document["complete"]
    starts = [start for batch in document["samples"] for start in batch["start"]]
    values = [value for batch in document["samples"] for value in batch["value"]]
    assert starts == STARTS
    assert values == [60.0 + at % 7 for at in STARTS]
    empty = [name for name, member in document.items() if member == []]
    assert empty == []
    assert document["profile"][0]["resident_id"] == str(everything)
    assert document["profile"][0]["person_number"] == CLAIMS["nin"]


async def test_the_export_comes_in_small_pieces(
    pool: Pool, keys: FileKeyProvider, anna: Resident
) -> None:
    sizes = [len(piece) async for piece in Taken(pool, keys, anna).document()]
    assert max(sizes) < 150_000


async def test_an_export_that_breaks_off_says_so(pool: Pool, anna: Resident) -> None:
    document = await read(pool, FileKeyProvider(bytes(32)), anna)
    assert document["complete"] is False


async def test_an_account_erased_meanwhile_is_not_called_complete(
    pool: Pool, keys: FileKeyProvider, anna: Resident
) -> None:
    pieces = []
    async for piece in Taken(pool, keys, anna).document():
        if piece.startswith(b',"samples"'):
            await erased(pool, anna)
        pieces.append(piece)
    document = json.loads(b"".join(pieces))
    assert document["samples"] == []
    assert document["complete"] is False


async def test_a_slow_reader_holds_no_connection(
    pool: Pool, keys: FileKeyProvider, anna: Resident
) -> None:
    async for _ in Taken(pool, keys, anna).document():
        assert pool.get_idle_size() == pool.get_size()
