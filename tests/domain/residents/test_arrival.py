"""A person is one resident, by whichever login, however often and however many at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from asyncpg import Connection

from domain.consents import blocks
from domain.db import Pool, begin, open_pool
from domain.donations.keys import FileKeyProvider
from domain.errors import NotFound, Unauthenticated
from domain.residents import store as residents
from domain.residents.arrival import Arrival, Vault, arrive
from domain.residents.model import Beginning
from tests.database import Database
from tests.domain.donations.conftest import permit

TERMS = Beginning(notice_version=1, language="sv")
VAULT = Vault(b"secret", FileKeyProvider(bytes(range(32))))
LOGIN_AT = datetime(2026, 3, 1, tzinfo=UTC)
NUMBER = {"nin": "198112189876"}
OTHER_NUMBER = {"nin": "189001019802"}
PREVIOUS = "https://id.oidc.se/claim/previousCoordinationNumber"


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("api"), 10) as pool:
        yield pool


def login(subject: str, claims: dict[str, Any], at: datetime) -> Arrival:
    return Arrival(issuer="idp", subject_hmac=subject.encode(), login_at=at, claims=claims)


async def come(
    pool: Pool, subject: str, claims: dict[str, Any] | None = None, at: datetime = LOGIN_AT
) -> tuple[UUID, bool]:
    async with pool.acquire() as conn, begin(conn, subject=subject.encode()):
        return await arrive(conn, VAULT, login(subject, claims or {}, at), TERMS)


async def said(admin: Connection, resident_id: UUID) -> dict[str, str]:
    sql = "SELECT name, value FROM resident_attribute WHERE resident_id = $1"
    return {row["name"]: row["value"] for row in await admin.fetch(sql, resident_id)}


async def test_the_first_time_makes_a_resident_and_the_second_finds_them(pool: Pool) -> None:
    first, new = await come(pool, "anna")
    again, new_again = await come(pool, "anna")
    assert (new, new_again) == (True, False)
    assert first == again


@pytest.mark.parametrize("claims", [{}, NUMBER])
async def test_many_at_once_make_one_resident(
    pool: Pool, admin: Connection, claims: dict[str, Any]
) -> None:
    came = await asyncio.gather(*(come(pool, "anna", claims) for _ in range(10)))
    assert len({resident_id for resident_id, _ in came}) == 1
    assert sum(new for _, new in came) == 1
    assert await admin.fetchval("SELECT count(*) FROM resident") == 1


async def test_two_logins_of_one_person_at_once_make_one_resident(
    pool: Pool, admin: Connection
) -> None:
    came = await asyncio.gather(*(come(pool, f"login {n}", NUMBER) for n in range(5)))
    assert len({resident_id for resident_id, _ in came}) == 1
    assert await admin.fetchval("SELECT count(*) FROM identity") == 5


async def test_another_login_of_the_same_person_is_told_of(pool: Pool, admin: Connection) -> None:
    resident_id, _ = await come(pool, "bankid", NUMBER)
    assert await come(pool, "freja", NUMBER) == (resident_id, False)
    assert await admin.fetchval("SELECT kind FROM message") == "login-added"


async def test_a_changed_number_stays_the_same_resident(pool: Pool) -> None:
    resident_id, _ = await come(pool, "anna", NUMBER)
    await come(pool, "anna", OTHER_NUMBER)
    assert await come(pool, "by the new one", OTHER_NUMBER) == (resident_id, False)
    assert await come(pool, "by the old one", NUMBER) == (resident_id, False)


async def test_the_number_that_was_replaced_finds_the_resident(pool: Pool) -> None:
    resident_id, _ = await come(pool, "bankid", NUMBER)
    both = OTHER_NUMBER | {PREVIOUS: NUMBER["nin"]}
    assert await come(pool, "freja", both) == (resident_id, False)


async def test_other_people_are_other_residents(pool: Pool) -> None:
    anna, _ = await come(pool, "anna", NUMBER)
    bo, _ = await come(pool, "bo", OTHER_NUMBER)
    unknown, _ = await come(pool, "without a number")
    assert len({anna, bo, unknown}) == 3


async def test_the_number_is_stored_nowhere_in_clear(pool: Pool, admin: Connection) -> None:
    await come(pool, "anna", NUMBER)
    sealed = await admin.fetchval("SELECT person_number_sealed FROM resident")
    assert len(sealed) > 12
    assert NUMBER["nin"].encode() not in sealed
    assert NUMBER["nin"] not in str(await admin.fetch("SELECT * FROM person, resident, identity"))


async def test_a_second_login_cannot_pass_a_sign_out(pool: Pool) -> None:
    resident_id, _ = await come(pool, "bankid", NUMBER)
    async with pool.acquire() as conn, begin(conn, resident=resident_id):
        await residents.sign_out_everywhere(conn, resident_id)
    with pytest.raises(Unauthenticated):
        await come(pool, "freja", NUMBER)


async def test_what_the_provider_says_is_taken_over_with_source_and_date(
    pool: Pool, admin: Connection
) -> None:
    resident_id, _ = await come(pool, "anna", {"gender": "female", "municipality": "1480"})
    await come(pool, "anna", {"municipality": "0180"})
    assert await said(admin, resident_id) == {"sex": "female", "municipality": "0180"}
    row = await admin.fetchrow("SELECT source, as_of FROM resident_attribute LIMIT 1")
    assert row is not None
    assert tuple(row) == ("idp", LOGIN_AT)


async def test_an_older_login_does_not_overwrite_a_newer_ones_word(
    pool: Pool, admin: Connection
) -> None:
    resident_id, _ = await come(pool, "anna", {"municipality": "1480"})
    await come(pool, "anna", {"municipality": "0180"}, datetime(2025, 1, 1, tzinfo=UTC))
    assert await said(admin, resident_id) == {"municipality": "1480"}


async def test_a_protected_identity_has_no_municipality_and_no_login_undoes_that(
    pool: Pool, admin: Connection
) -> None:
    resident_id, _ = await come(pool, "anna", {"municipality": "1480", "gender": "female"})
    await come(pool, "anna", {"municipality": "1480", "protectedPersonIndicator": True})
    await come(pool, "anna", {"municipality": "1480", "protectedPersonIndicator": False})
    assert await said(admin, resident_id) == {"sex": "female"}
    assert await admin.fetchval("SELECT protected_identity FROM resident")


async def test_a_protected_identity_is_collected_no_places_of(
    pool: Pool, admin: Connection
) -> None:
    resident_id, _ = await come(pool, "anna")
    await permit(admin, resident_id, "location")
    assert await admin.fetchval("SELECT count(*) FROM collectable") == 1
    for _ in range(2):
        await come(pool, "anna", {"protectedPersonIndicator": True})
    assert await admin.fetchval("SELECT count(*) FROM collectable") == 0
    async with pool.acquire() as conn, begin(conn, resident=resident_id):
        (block,) = await blocks.of_resident(conn, resident_id, None, 9)
        with pytest.raises(NotFound):
            await blocks.lift(conn, resident_id, block.block_id, resident_id)
    assert (block.source, block.category) == ("protected-identity", "location")
