"""By e-mail goes what no device can be told: to who confirmed an address, once, and nothing after a no."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from asyncpg import Connection

from domain.consents import gate
from domain.db import Pool, begin, open_pool
from domain.errors import Unavailable
from domain.residents import emails
from notifications import outbox
from notifications import worker as working
from notifications.kinds import Kind
from notifications.push import Answer
from notifications.texts import knock
from tests.database import Database
from tests.fcm.authority import Files, certified
from tests.fcm.standin import HOST
from tests.notifications.doorbell import Doorbell
from tests.notifications.postbox import posting
from tests.notifications.street import (
    SECRET,
    make_due,
    make_email,
    make_neighbour,
    make_phone,
    post,
    promise,
    rows,
    states,
    worker,
)

ADDRESS = "anna@mail.example"


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("api"), 4) as pool:
        yield pool


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn("worker"), working.CONNECTIONS) as pool:
        yield pool


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certified(tmp_path_factory.mktemp("mail"), HOST)


class Street:
    """A worker with a push service that is a doorbell, and a real mail server."""

    def __init__(self, pool: Pool, files: Files) -> None:
        self.bell = Doorbell()
        self._pool, self._files = pool, files

    async def live(self) -> AsyncIterator["Street"]:
        async with posting(self._files) as (self.box, self.mailer):
            await self.mailer.ready()
            self.lane = worker(self._pool, self.bell, post(self.mailer))
            yield self

    @property
    def to(self) -> list[str]:
        """Whom letters went to."""
        return [one.rcpt_tos[0] for one in self.box.letters]


@pytest.fixture
async def street(pool: Pool, files: Files) -> AsyncIterator[Street]:
    async for one in Street(pool, files).live():
        yield one


@pytest.fixture
async def anna(admin: Connection) -> UUID:
    """Has no phone, and an address that is confirmed."""
    who = await make_neighbour(admin, phones=0)
    await make_email(admin, who, ADDRESS)
    return who


async def test_who_has_no_phone_is_told_by_a_letter_that_says_nothing(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    for kind in (Kind.SIGNED_OUT, Kind.LOGIN_ADDED):
        await promise(api, anna, kind)
    await street.lane.once()
    await street.lane.once()
    [letter] = street.box.letters
    assert street.to == [ADDRESS]
    text = (letter.content or b"").decode()  # type: ignore[union-attr]
    assert str(knock("en").body) in text
    assert str(anna) not in text
    assert await states(admin) == ["sent", "bundled"]


async def test_who_has_a_phone_is_not_written_to(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    await make_phone(admin, anna)
    await promise(api, anna)
    await street.lane.once()
    assert (len(street.bell.knocks), street.to, await states(admin)) == (1, [], ["sent"])


async def test_when_the_last_phone_turns_out_to_be_gone_a_letter_goes(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    street.bell.say = lambda _: Answer("unregistered", None, "unregistered")
    await make_phone(admin, anna)
    await promise(api, anna)
    await street.lane.once()
    assert (street.to, await states(admin)) == ([], ["waiting"])
    await make_due(admin)
    await street.lane.once()
    assert (street.to, await states(admin)) == ([ADDRESS], ["sent"])


async def test_an_address_that_is_not_confirmed_or_not_wanted_is_sent_nothing(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    bo = await make_neighbour(admin, phones=0)
    await make_email(admin, bo, "bo@mail.example", confirmed=False)
    await admin.execute("UPDATE email SET wanted = false WHERE resident_id = $1", anna)
    for who in (anna, bo):
        await promise(api, who)
    await street.lane.once()
    assert (street.to, await states(admin)) == ([], ["no-device"] * 2)


async def test_the_code_goes_to_the_address_that_it_confirms_and_no_knock_does(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    code_id = await ask(api, admin, anna)
    await street.lane.once()
    [letter] = street.box.letters
    content = letter.content or b""
    assert emails.code_of(SECRET, code_id).encode() in content
    assert await states(admin) == ["sent"]


async def test_a_code_that_was_replaced_is_not_sent(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    await ask(api, admin, anna)
    await admin.execute("UPDATE email SET code_id = gen_random_uuid()")
    await street.lane.once()
    assert (street.to, await states(admin)) == ([], ["cancelled"])


async def ask(api: Pool, admin: Connection, who: UUID) -> UUID:
    """As a request does that sets the address anew."""
    sql = """
        UPDATE email SET confirmed_at = NULL, code_id = uuidv7(), code_digest = '',
                         code_expires_at = now() + interval '1 hour'
        RETURNING code_id
    """
    code_id: UUID = await admin.fetchval(sql)
    async with api.acquire() as conn, begin(conn, resident=who):
        await outbox.promise_code(conn, who, code_id)
    return code_id


async def test_after_a_withdrawal_nothing_is_written(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    await promise(api, anna, Kind.CONSENT_EXPIRING)
    async with api.acquire() as own, begin(own, resident=anna):
        await outbox.cancel(own, anna, None)
    await street.lane.once()
    assert (street.to, await states(admin)) == ([], ["cancelled"])


async def test_during_a_withdrawal_nothing_begins(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    await promise(api, anna)
    async with api.acquire() as own, begin(own, resident=anna):
        assert await gate.drain(own, anna)
        await asyncio.wait_for(street.lane.once(), 5)
    assert (street.to, await states(admin)) == ([], ["waiting"])


async def test_at_night_no_letter_goes(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    sql = """UPDATE resident SET preferences = '{"quiet_hours": {"start": "00:00", "end": "23:59"}}'"""
    await admin.execute(sql)
    await promise(api, anna, Kind.DONATIONS_ERASED)
    await street.lane.once()
    assert (street.to, await states(admin)) == ([], ["waiting"])


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
async def test_a_server_that_cannot_take_it_now_is_asked_again_and_then_no_more(
    street: Street, api: Pool, admin: Connection, anna: UUID, step: str
) -> None:
    street.box.says[step] = "451 4.3.0 Later"
    await promise(api, anna)
    await street.lane.once()
    [row] = await rows(admin)
    assert (row["state"], row["attempts"], row["cause"]) == ("waiting", 1, "smtp-451")
    street.box.letters.clear()
    street.box.says[step] = "250 OK"
    for _ in range(3):
        await make_due(admin)
        await street.lane.once()
    assert (street.to, await states(admin)) == ([ADDRESS], ["sent"])


async def test_what_a_server_took_without_a_word_is_not_sent_again(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    street.box.hang_up = True
    await promise(api, anna)
    for _ in range(3):
        await street.lane.once()
        await make_due(admin)
    assert (street.to, await states(admin)) == ([ADDRESS], ["sent"])


async def test_a_connection_that_the_server_has_ended_is_opened_anew(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    await promise(api, anna)
    await street.lane.once()
    street.box.hang_up_now()
    await promise(api, anna)
    for _ in range(3):
        await street.lane.once()
        await street.mailer.ready()
        await make_due(admin)
    assert (len(street.to), await states(admin)) == (2, ["sent", "sent"])


async def test_without_a_key_it_waits(
    street: Street, pool: Pool, api: Pool, admin: Connection, anna: UUID
) -> None:
    async def away(_: UUID, __: bytes) -> str:
        raise Unavailable

    await promise(api, anna)
    await worker(pool, street.bell, post(street.mailer)._replace(open=away)).once()
    [row] = await rows(admin)
    assert (street.to, row["state"], row["cause"]) == ([], "waiting", "no-key")


async def test_an_address_that_is_gone_is_given_up(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    street.box.says["RCPT"] = "550 5.1.1 No such user"
    await promise(api, anna)
    await street.lane.once()
    assert await states(admin) == ["no-device"]
    assert await admin.fetchval("SELECT confirmed_at FROM email") is None


async def test_without_a_mail_server_to_be_had_it_waits_and_phones_are_told_all_the_same(
    pool: Pool, api: Pool, admin: Connection, files: Files, anna: UUID
) -> None:
    bo, bell = await make_neighbour(admin), Doorbell()
    async with posting(files, "worker:wrong") as (box, mailer):
        lane = worker(pool, bell, post(mailer))
        for who in (anna, bo):
            await promise(api, who)
        await mailer.ready()
        await lane.once()
        await promise(api, bo)
        await lane.once()
    assert (box.letters, len(bell.knocks)) == ([], 2)
    found = {row["resident_id"]: row["state"] for row in await rows(admin)}
    assert found == {anna: "waiting", bo: "sent"}


async def test_where_there_is_no_push_service_letters_go_to_all_who_want_them(
    street: Street, pool: Pool, api: Pool, admin: Connection, anna: UUID
) -> None:
    await make_phone(admin, anna)
    await promise(api, anna)
    await worker(pool, None, post(street.mailer)).once()
    assert (street.to, await states(admin)) == ([ADDRESS], ["sent"])


async def test_an_address_that_does_not_open_leaves_it_to_the_inbox(
    street: Street, api: Pool, admin: Connection, anna: UUID
) -> None:
    await admin.execute("UPDATE email SET sealed = 'damaged'")
    await promise(api, anna)
    await street.lane.once()
    [row] = await rows(admin)
    assert (street.to, row["state"], row["cause"]) == ([], "no-device", "address-damaged")
