"""Both ways to carry the bytes keep the same promises, against a real server over TLS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from notifications.fcm import Fcm
from notifications.firebase import Account, NoCredentials
from notifications.push import Answer, Begun, Knock, Pusher, Target
from notifications.sdk import Sdk
from tests.drills.harness import free_port
from tests.fcm.plan import Doing, Plan
from tests.fcm.standin import HOST, StandIn, standing_in

CARRIERS = pytest.mark.parametrize("carrier", [Fcm, Sdk])
Carrier = Callable[[Account], Pusher]
ACCEPTED = Answer("accepted", None, "accepted")


@pytest.fixture(scope="module")
def there() -> Iterator[StandIn]:
    with standing_in(free_port()) as stand_in:
        yield stand_in


def account(there: StandIn) -> Account:
    return Account(
        credentials=str(there.account), address=there.address, authority=str(there.authority)
    )


@asynccontextmanager
async def opened(carrier: Carrier, by: Account) -> AsyncIterator[Pusher]:
    pusher = carrier(by)
    try:
        yield pusher
    finally:
        await pusher.close()


def knock(value: str = "") -> Knock:
    target = Target(uuid4(), "token", value or uuid4().hex, "android", "en")
    return Knock(uuid4(), target, timedelta(hours=1), "key", urgent=False)


async def soon(answer: Awaitable[Answer]) -> Answer:
    return await asyncio.wait_for(answer, 20)


async def settled(begun: list[Begun]) -> list[Answer]:
    return [await soon(one.answer) for one in begun]


@CARRIERS
async def test_a_knock_arrives_as_it_was_asked_for(there: StandIn, carrier: Carrier) -> None:
    there.plan(Plan(headers=True))
    before, one = there.count(), knock()
    async with opened(carrier, account(there)) as pusher:
        [begun] = pusher.begin([one])
        assert await soon(begun.answer) == ACCEPTED
        assert begun.started.result() is None
    [received] = there.received(before)
    assert received.target == one.target.value
    assert received.http_version == "2"
    assert "x-goog-api-client" in received.headers


@CARRIERS
async def test_each_of_many_has_its_own_answer(there: StandIn, carrier: Carrier) -> None:
    knocks = [knock() for _ in range(150)]
    gone = {one.target.value: [Doing(error="unregistered")] for one in knocks[::3]}
    there.plan(Plan(targets=gone))
    async with opened(carrier, account(there)) as pusher:
        answers = await settled(pusher.begin(knocks))
    wanted = ["unregistered" if n % 3 == 0 else "accepted" for n in range(150)]
    assert [one.verdict for one in answers] == wanted


@CARRIERS
@pytest.mark.parametrize("error", ["unavailable", "internal", "quota", "unauthenticated"])
async def test_nothing_beneath_the_outbox_tries_again(
    there: StandIn, carrier: Carrier, error: str
) -> None:
    there.plan(Plan(all=Doing(error=error, headers={"retry-after": "7"})))
    before = there.count()
    async with opened(carrier, account(there)) as pusher:
        [answer] = await settled(pusher.begin([knock()]))
    assert there.count() == before + 1
    late = None if error == "unauthenticated" else timedelta(seconds=7)
    assert answer.retry_after == late


@CARRIERS
async def test_what_is_taken_back_before_it_began_never_leaves(
    there: StandIn, carrier: Carrier
) -> None:
    """The canary: the token comes late, so nothing has begun when consent is withdrawn."""
    there.plan(Plan(tokens=Doing(delay=0.3)))
    before = there.count()
    async with opened(carrier, account(there)) as pusher:
        begun = pusher.begin([knock() for _ in range(20)])
        await asyncio.sleep(0.1)
        for one in begun[::2]:
            assert one.started.cancel()
        answers = await settled(begun)
    assert there.count() == before + 10
    assert {one.cause for one in answers[::2]} == {"not-begun"}
    assert answers[1::2] == [ACCEPTED] * 10


@CARRIERS
async def test_what_cannot_be_reached_has_not_begun(there: StandIn, carrier: Carrier) -> None:
    by = replace(account(there), address=f"https://{HOST}:{free_port()}")
    async with opened(carrier, by) as pusher:
        [begun] = pusher.begin([knock()])
        answer = await soon(begun.answer)
    assert answer.verdict == "later"
    assert begun.started.cancelled()


@CARRIERS
async def test_a_server_that_nobody_vouches_for_is_told_nothing(
    there: StandIn, carrier: Carrier
) -> None:
    with standing_in(free_port()) as impostor:
        by = replace(account(there), address=impostor.address)
        async with opened(carrier, by) as pusher:
            [answer] = await settled(pusher.begin([knock()]))
        assert impostor.count() == 0
    assert answer.verdict == "later"


@CARRIERS
async def test_refused_credentials_say_so_and_send_nothing(
    there: StandIn, carrier: Carrier
) -> None:
    there.plan(Plan(tokens=Doing(status=400, body='{"error": "invalid_grant"}')))
    before = there.count()
    async with opened(carrier, account(there)) as pusher:
        [answer] = await settled(pusher.begin([knock()]))
    assert answer == Answer("refused-credentials", None, "credential-refused")
    assert there.count() == before


@CARRIERS
@pytest.mark.parametrize("body", ["", "[]", "<html>", '{"expires_in": "x"}'])
async def test_nonsense_in_place_of_a_token_is_tried_again_later(
    there: StandIn, carrier: Carrier, body: str
) -> None:
    there.plan(Plan(tokens=Doing(status=200, body=body)))
    before = there.count()
    async with opened(carrier, account(there)) as pusher:
        [answer] = await settled(pusher.begin([knock()]))
    assert answer.verdict in {"later", "refused-credentials"}
    assert there.count() == before


@CARRIERS
async def test_no_answer_leaves_it_open_whether_it_arrived(
    there: StandIn, carrier: Carrier
) -> None:
    one = knock()
    there.plan(Plan(targets={one.target.value: [Doing(never=True)]}))
    async with opened(carrier, replace(account(there), seconds=1.0)) as pusher:
        [begun] = pusher.begin([one])
        assert await soon(begun.answer) == Answer("unknown", None, "timed-out")
        assert begun.started.result() is None


@CARRIERS
async def test_an_access_token_is_renewed_ahead_of_need(there: StandIn, carrier: Carrier) -> None:
    """Requests go on with the old one; the loop is not held up while the new one is fetched."""
    there.plan(Plan(lives=361))
    async with opened(carrier, account(there)) as pusher:
        await settled(pusher.begin([knock()]))
        there.plan(Plan(tokens=Doing(delay=1), lives=3600, headers=True))
        before, loop = there.count(), asyncio.get_running_loop()
        begun, longest = loop.time(), 0.0
        while loop.time() < begun + 8:
            asked = loop.time()
            assert await settled(pusher.begin([knock()])) == [ACCEPTED]
            longest = max(longest, loop.time() - asked)
    tokens = {one.headers["authorization"] for one in there.received(before)}
    assert len(tokens) == 2
    assert longest < 0.9


@CARRIERS
@pytest.mark.parametrize("content", ["", "{}", '{"type": "service_account"}', "[]", '{"type": 7}'])
async def test_credentials_that_cannot_be_read_are_refused_at_once(
    tmp_path: Path, carrier: Carrier, content: str
) -> None:
    path = tmp_path / "account.json"
    path.write_text(content)
    with pytest.raises(NoCredentials, match="read"):
        carrier(Account(credentials=str(path)))


async def test_an_address_that_fits_in_no_request_holds_up_no_other(there: StandIn) -> None:
    there.plan(Plan())
    async with opened(Fcm, account(there)) as pusher:
        answers = await settled(pusher.begin([knock("x" * 20_000), knock("y" * 4_096), knock()]))
    assert [one.verdict for one in answers] == ["invalid-target", "accepted", "accepted"]


async def test_what_waits_when_it_closes_is_not_sent(there: StandIn) -> None:
    there.plan(Plan(tokens=Doing(delay=0.3)))
    before = there.count()
    async with opened(Fcm, account(there)) as pusher:
        begun = pusher.begin([knock()])
    assert (await settled(begun))[0].cause == "closed"
    await asyncio.sleep(0.5)
    assert there.count() == before
