"""E-mail knocks with the same empty words, to one address, over TLS, or not at all."""

import asyncio
from uuid import UUID, uuid4

import pytest

from notifications.addresses import is_address
from notifications.email import BadAddress, Mail, Mailer, written
from notifications.post import Letter
from notifications.push import Answer
from notifications.texts import knock
from tests.fcm.authority import Files, certified
from tests.fcm.standin import HOST
from tests.notifications.postbox import SENDER, posting


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certified(tmp_path_factory.mktemp("mail"), HOST)


def letter(address: str = "a@b.example", message_id: UUID | None = None) -> Letter:
    return Letter(message_id or uuid4(), address, "en")


async def answers(mailer: Mailer, *letters: Letter) -> list[Answer]:
    posted = mailer.begin(letters)
    return await asyncio.wait_for(asyncio.gather(*(one.answer for one in posted)), 20)


async def test_a_letter_says_nothing(files: Files) -> None:
    async with posting(files) as (box, mailer):
        assert [one.verdict for one in await answers(mailer, letter())] == ["accepted"]
    [got] = box.letters
    assert got.rcpt_tos == ["a@b.example"]
    assert str(knock("en").body) in got.content.decode()  # type: ignore[union-attr]
    assert b"Auto-Submitted: auto-generated" in got.content  # type: ignore[operator]


async def test_many_go_over_few_connections(files: Files) -> None:
    async with posting(files) as (box, mailer):
        found = await answers(mailer, *(letter(f"r{n}@b.example") for n in range(40)))
    assert {one.verdict for one in found} == {"accepted"}
    assert {one.rcpt_tos[0] for one in box.letters} == {f"r{n}@b.example" for n in range(40)}


@pytest.mark.parametrize(
    ("step", "says", "verdict"),
    [("RCPT", "550 5.1.1 No such user", "unregistered"), ("RCPT", "550 5.7.1 No", "invalid-message"),
     ("RCPT", "450 4.2.1 Later", "later"), ("DATA", "451 4.3.0 Later", "later"),
     ("DATA", "554 5.6.0 No", "invalid-message")],
)  # fmt: skip
async def test_a_no_is_taken_for_what_it_is(
    files: Files, step: str, says: str, verdict: str
) -> None:
    async with posting(files) as (box, mailer):
        box.says[step] = says
        assert [one.verdict for one in await answers(mailer, letter())] == [verdict]


async def test_a_wrong_password_stops_all(files: Files) -> None:
    async with posting(files, "worker:wrong") as (box, mailer):
        found = await answers(mailer, letter(), letter())
    assert {one.verdict for one in found} == {"refused-credentials"}
    assert box.letters == []


async def test_a_server_that_nobody_vouches_for_is_given_neither_password_nor_letter(
    files: Files, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = certified(tmp_path_factory.mktemp("other"), HOST)
    async with posting(files._replace(authority=other.authority)) as (box, mailer):
        assert [one.cause for one in await answers(mailer, letter())] == ["no-connection"]
    assert box.letters == []


async def test_what_is_taken_back_before_it_began_is_not_sent(files: Files) -> None:
    async with posting(files) as (box, mailer):
        posted = mailer.begin([letter(), letter("kept@b.example")])
        posted[0].started.cancel()
        found = [await asyncio.wait_for(one.answer, 10) for one in posted]
    assert [one.cause for one in found] == ["not-begun", "accepted"]
    assert [one.rcpt_tos for one in box.letters] == [["kept@b.example"]]


HOSTILE = (
    "", "a", "@b.example", "a@", "a@b", "a b@c.example", "a@b.example\r\nBcc: x@y.example",
    "a@b.example, x@y.example", "a@b.example;x@y.example", "<a@b.example>", '"a b"@c.example',
    "a@b.example\n", "a@b..example", ".a@b.example", "a@-b.example", "a@b.example ", "å@b.example",
    "a@[127.0.0.1]", f"{'a' * 65}@b.example", f"a@{'b.' * 130}example", "a@b.example\0",
)  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
async def test_what_could_be_more_than_an_address_is_none(files: Files, address: str) -> None:
    assert not is_address(address)
    async with posting(files) as (box, mailer):
        assert [one.verdict for one in await answers(mailer, letter(address))] == ["invalid-target"]
    assert box.letters == []


@pytest.mark.parametrize(
    "address", ["a@b.example", "first.last+tag@mail.region-x.se", "o'b@c.example"]
)
def test_what_nearly_everyone_has_is_one(address: str) -> None:
    assert is_address(address)


def test_a_repeated_letter_can_be_told() -> None:
    one = letter()
    assert written(one, SENDER)["Message-ID"] == written(one, SENDER)["Message-ID"]


@pytest.mark.parametrize("url", ["", "http://mail", "smtp://", "mail.example"])
async def test_an_address_that_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        Mailer(Mail(url=url, sender=SENDER))
