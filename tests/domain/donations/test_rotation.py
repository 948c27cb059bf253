"""After a change of the key-encryption key everything opens, under the new key alone."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from asyncpg import Connection

from domain.damage import NOTICED
from domain.db import Pool, begin, open_pool
from domain.donations import rotation, sealed_emails, streams
from domain.donations.keys import FileKeyProvider, KeyUnavailable, new_key, opened_text
from domain.donations.rotation import Turned
from domain.residents import person_number, sealed_numbers
from domain.residents.sealed_numbers import Sealed
from tests.database import Database
from tests.domain.donations.conftest import Give, heart, steps
from tests.people import make_resident

NEW = bytes(range(1, 33))


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("worker"), 2) as pool:
        yield pool


@pytest.fixture
def turned() -> FileKeyProvider:
    """The key of the tests' donations beside a new one that is in force."""
    return FileKeyProvider(NEW, (bytes(range(32)),))


def quiet(_: int) -> None:
    pass


async def test_data_keys_are_wrapped_anew_and_open_without_the_old_key(
    worker: Pool, conn: Connection, resident: UUID, give: Give, turned: FileKeyProvider
) -> None:
    await give(heart(2_000, 1_000), steps(9_000_000))
    assert await rotation.rewrap(worker, turned, quiet) == Turned(2, 0)
    assert await rotation.rewrap(worker, turned, quiet) == Turned(0, 0)
    async with begin(conn, resident=resident):
        for stream in await streams.streams(conn, resident):
            page = await streams.read(conn, FileKeyProvider(NEW), resident, stream.stream_id)
            assert page.batches


async def test_it_goes_through_in_batches(
    worker: Pool, admin: Connection, give: Give, turned: FileKeyProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await give(heart(1_000))
    monkeypatch.setattr(rotation, "BATCH", 2)
    sql = """
        INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
        SELECT resident_id, scope, version + n, kek, wrapped FROM data_key, generate_series(1, 5) n
    """
    await admin.execute(sql)  # bound to version 1, so that these do not open
    told: list[int] = []
    before = NOTICED._value.get()
    assert await rotation.rewrap(worker, turned, told.append) == Turned(1, 5)
    assert told == [1, 1, 1]
    assert NOTICED._value.get() == before + 5


async def test_a_key_destroyed_while_it_is_wrapped_stays_destroyed(
    worker: Pool, admin: Connection, give: Give, turned: FileKeyProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await give(heart(1_000))
    wrap = turned.wrap

    async def meanwhile(data_key: bytes, context: bytes) -> object:
        await admin.execute("DELETE FROM data_key")
        return await wrap(data_key, context)

    monkeypatch.setattr(turned, "wrap", meanwhile)
    assert await rotation.rewrap(worker, turned, quiet) == Turned(0, 0)
    assert await admin.fetchval("SELECT count(*) FROM data_key") == 0


async def test_e_mail_addresses_are_sealed_anew_and_open_without_the_old_key(
    worker: Pool, admin: Connection, turned: FileKeyProvider
) -> None:
    who, old = await make_resident(admin), FileKeyProvider(bytes(range(32)))
    sql = "INSERT INTO email (resident_id, sealed) VALUES ($1, $2)"
    await admin.execute(sql, who, await sealed_emails.seal(old, who, "anna@mail.example"))
    assert await rotation.reseal_emails(worker, turned, quiet) == Turned(1, 0)
    sealed = await admin.fetchval("SELECT sealed FROM email")
    assert await sealed_emails.opened(FileKeyProvider(NEW), who, sealed) == "anna@mail.example"


async def test_without_the_old_key_it_stops_and_nothing_is_changed(
    worker: Pool, admin: Connection, give: Give
) -> None:
    await give(heart(1_000))
    before = await admin.fetch("SELECT * FROM data_key")
    with pytest.raises(KeyUnavailable):
        await rotation.rewrap(worker, FileKeyProvider(NEW), quiet)
    assert await admin.fetch("SELECT * FROM data_key") == before


async def _numbered(admin: Connection, keys: FileKeyProvider, number: str) -> UUID:
    resident_id = await make_resident(admin)
    sealed = await person_number.seal(keys, resident_id, number)
    sql = "UPDATE resident SET person_number_sealed = $2 WHERE resident_id = $1"
    await admin.execute(sql, resident_id, sealed)
    return resident_id


async def test_person_numbers_are_sealed_anew(
    worker: Pool, admin: Connection, keys: FileKeyProvider, turned: FileKeyProvider
) -> None:
    numbers = ["198112189876", "189001019802", "197010632391"]
    people = {await _numbered(admin, keys, number): number for number in numbers}
    await make_resident(admin)  # of whom no number is known
    assert await rotation.reseal_numbers(worker, turned, quiet) == Turned(3, 0)
    async with worker.acquire() as conn, begin(conn, job="test"):
        assert await sealed_numbers.counted(conn) == {await turned.current(): 3}
    rows = await admin.fetch(
        "SELECT resident_id, person_number_sealed FROM resident WHERE person_number_sealed IS NOT NULL"
    )
    found = [Sealed(UUID(int=row[0].int), row[1]) for row in rows]
    assert {
        one.resident_id: await opened_text(
            FileKeyProvider(NEW), one.sealed, person_number.context(one.resident_id)
        )
        for one in found
    } == people


async def test_a_number_of_another_resident_is_left_and_counted(
    worker: Pool, admin: Connection, keys: FileKeyProvider, turned: FileKeyProvider
) -> None:
    one = await _numbered(admin, keys, "198112189876")
    other = await make_resident(admin)
    sql = """
        UPDATE resident SET person_number_sealed = (
               SELECT person_number_sealed FROM resident WHERE resident_id = $1)
         WHERE resident_id = $2
    """
    await admin.execute(sql, one, other)
    assert await rotation.reseal_numbers(worker, turned, quiet) == Turned(1, 1)


@pytest.mark.parametrize("kek_id", ["k", "0123456789abcdef", "k" * 31, "k" * 32, "k" * 255])
async def test_the_database_tells_which_key_sealed_a_number(admin: Connection, kek_id: str) -> None:
    class Sealer:
        async def wrap(self, data_key: bytes, context: bytes, /) -> tuple[str, bytes]:
            return kek_id, data_key + context

    sealed = await person_number.seal(Sealer(), UUID(int=1), "198112189876")
    assert await admin.fetchval("SELECT sealed_by($1)", sealed) == kek_id


async def test_how_much_each_key_wraps_is_told(
    worker: Pool, give: Give, keys: FileKeyProvider
) -> None:
    await give(heart(1_000), steps(9_000_000))
    async with worker.acquire() as conn, begin(conn, job="test"):
        assert await rotation.counted(conn) == {await keys.current(): 2}


async def test_the_api_s_role_cannot_walk_through_everyone_s_keys(
    conn: Connection, give: Give
) -> None:
    await give(heart(1_000))
    async with begin(conn):
        assert await rotation.counted(conn) == {}
        assert await sealed_numbers.counted(conn) == {}


def test_a_new_key_is_another() -> None:
    assert new_key() != NEW
