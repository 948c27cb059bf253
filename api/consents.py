"""Consent: notices, my choices and their receipts, withdrawal, pause.

Nothing is on until it is chosen. Withdrawing takes no more than giving did, and is never refused
for what one had seen: not for an outdated notice, not for an old app.
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from api.at_once import AT_ONCE, Answer, Asked
from api.auth import resident, resident_alone
from api.dependencies import Conn, Issuer, Me, Once, Settings, Visitor, whole
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from api.receipts import ReceiptIssuer
from api.studies import AcceptLanguage
from domain.consents import notices, review
from domain.consents import store as consents
from domain.consents.model import (
    BeyondItem,
    ConsentAnswer,
    ConsentEvent,
    NoticeNotInLanguage,
    NoticeSuperseded,
    SensitiveUnnamed,
    StudyClosed,
)
from domain.consents.notices import Notice
from domain.consents.review import Standing, Waiting
from domain.errors import Invalid, NotFound
from domain.fields import Input, Seq
from domain.languages import accepted
from domain.rights import answering, at_once
from domain.rights import withdraw as rights
from domain.rights.withdraw import Pausing, Preview, Resuming, Withdrawal, Withdrawing
from domain.trips import alone

ALWAYS = {"any_version": True}
"""Withdrawing passes whatever the app's version."""

LARGEST_SEQ = 2**63 - 1

UNDER_WAY = "Recorded; uses under way have not ended yet"
"""Of every 202: what was asked for counts, and `drained_at` is still to come."""

Version = Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1)]


class Answers(Input, frozen=True, kw_only=True):
    """One tap may answer many items; each becomes an event of its own, all or none."""

    answers: Annotated[list[ConsentAnswer], Meta(min_length=1, max_length=50)]


class Recorded(Struct, frozen=True, kw_only=True):
    """An event as it was written, and its receipt: a compact JWS, see /.well-known/jwks.json."""

    event: ConsentEvent
    receipt: str


class RecordedAnswers(Struct, frozen=True, kw_only=True):
    """What was written, in the order of the answers."""

    recorded: list[Recorded]


class Withdrawn(Recorded, frozen=True, kw_only=True):
    """The event of a withdrawal or pause, its receipt, and how far it has come."""

    withdrawal: Withdrawal


class MyConsents(Struct, frozen=True, kw_only=True):
    """Where each of my choices stands. `seq` is the last event: send it as `seen_seq`."""

    seq: int
    consents: list[Standing]


class Review(Struct, frozen=True, kw_only=True):
    """What waits for my answer."""

    seq: int
    waiting: list[Waiting]


@get("/v1/notices/{notice_id:uuid}", responses=refusals(NotFound, NoticeNotInLanguage))
async def notice(
    conn: Conn,
    settings: Settings,
    notice_id: FromPath[UUID],
    version: Version = None,
    accept_language: AcceptLanguage = None,
) -> Notice:
    """A notice with its choices: the current version unless one is named."""
    wanted = [*accepted(accept_language or ""), *settings.languages]
    return await notices.shown(conn, notice_id, version, wanted)


async def _consents_at_once(asked: Asked) -> Answer:
    seq, standing = await review.standing_at(asked.rows, asked.door)
    return Answer(msgspec.json.encode(MyConsents(seq=seq, consents=standing)))


@get("/v1/me/consents", guards=[resident], opt={AT_ONCE: _consents_at_once})
async def my_consents(conn: Conn, me: Me) -> MyConsents:
    """Every choice I have made, as it stands now."""
    seq, standing = await review.standing(conn, me.resident_id)
    return MyConsents(seq=seq, consents=standing)


@get("/v1/me/consents/waiting", guards=[resident])
async def my_review(conn: Conn, me: Me) -> Review:
    """What waits for my answer: new choices, materially changed ones, and those that ran out."""
    waiting = await review.waiting(conn, me.resident_id)
    return Review(seq=await consents.seq(conn, me.resident_id), waiting=waiting)


async def _answer_at_once(asked: Asked) -> Answer | None:
    answers, knock = (await asked.data()).answers, await asked.knock()
    done = await at_once.answer(asked.rows, knock, answers)
    if done is None:
        return None
    recorded = _all_recorded(done.events, asked.state.receipts)
    return Answer(msgspec.json.encode(recorded), 201, done.again)


@post(
    "/v1/me/consent-events",
    guards=[resident_alone],
    opt={AT_ONCE: _answer_at_once},
    responses=refusals(
        NotFound,
        NoticeSuperseded,
        NoticeNotInLanguage,
        StudyClosed,
        BeyondItem,
        SensitiveUnnamed,
        Invalid,
    )
    | {202: ResponseSpec(RecordedAnswers, description=UNDER_WAY)},
)
async def answer(
    conn: Conn,
    visitor: Visitor,
    once: Once,
    issuer: Issuer,
    data: JSONBody[Answers],
) -> Response[RecordedAnswers]:
    """Answer items of a notice: permit or deny, as wide as the item or narrower.

    Refusing what was given ends it: 201, or 202 as for a withdrawal, to be followed by the event's `seq`.
    """
    async with whole(conn, visitor, once):
        done = await answering.answer_at(conn, once.knock(visitor.door), data.answers)
        answer = _all_recorded(done.events, issuer)
        return once.keep(answer, 201 if done.drained else 202)


@get("/v1/me/consent-events", guards=[resident])
async def my_history(
    conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 50
) -> Page[ConsentEvent]:
    """Every choice I ever made, newest first. Each holds the hash of the one before."""
    before = key_of(cursor, tuple[Seq])
    events = await consents.history(conn, me.resident_id, before[0] if before else None, limit + 1)
    return page(events, limit, "seq")


@get("/v1/me/consent-events/{seq:int}", guards=[resident], responses=refusals(NotFound))
async def my_event(conn: Conn, me: Me, issuer: Issuer, seq: FromPath[int]) -> Recorded:
    """One of my choices, with its receipt."""
    event = await consents.event(conn, me.resident_id, _seq(seq))
    return _recorded(event, issuer)


async def _withdraw_at_once(asked: Asked) -> Answer | None:
    wish, knock = await asked.data(), await asked.knock()
    try:
        ended = await at_once.withdraw(asked.rows, knock, wish, wait=False)
    except (at_once.UsesUnderWay, TimeoutError):  # no trip keeps a withdrawal out
        async with asked.connection() as conn:
            ended = await at_once.withdraw(alone(conn), knock, wish, wait=True)
    if ended is None:
        return None
    withdrawn, status = _withdrawn(ended.event, ended.withdrawal, asked.state.receipts)
    return Answer(msgspec.json.encode(withdrawn), status, ended.again)


@post(
    "/v1/me/withdrawals",
    guards=[resident_alone],
    opt=ALWAYS | {AT_ONCE: _withdraw_at_once},
    status_code=200,
    responses=refusals(NotFound) | {202: ResponseSpec(Withdrawn, description=UNDER_WAY)},
)
async def withdraw(
    conn: Conn,
    visitor: Visitor,
    once: Once,
    issuer: Issuer,
    data: JSONBody[Withdrawing],
) -> Response[Withdrawn]:
    """Withdraw an item, a study, a category or everything.

    200: no use that starts or commits later has it. 202: uses under way did not end within two
    seconds; new ones have stopped, and `GET /v1/me/withdrawals/{seq}` tells when the last is over.
    """
    async with whole(conn, visitor, once):
        knock = once.knock(visitor.door)
        return once.keep(*_withdrawn(*await rights.withdraw_at(conn, knock, data), issuer))


@post("/v1/me/withdrawals/preview", guards=[resident], opt=ALWAYS, status_code=200)
async def preview(conn: Conn, me: Me, data: JSONBody[Withdrawing]) -> Preview:
    """What a withdrawal would end and destroy. It changes nothing."""
    return await rights.preview(conn, me, data)


@get("/v1/me/withdrawals/{seq:int}", guards=[resident], opt=ALWAYS, responses=refusals(NotFound))
async def my_withdrawal(conn: Conn, me: Me, seq: FromPath[int]) -> Withdrawal:
    """How far one of my withdrawals has come."""
    return await rights.state(conn, me.resident_id, _seq(seq))


@post(
    "/v1/me/pauses",
    guards=[resident],
    opt=ALWAYS,
    responses=refusals(Invalid) | {202: ResponseSpec(Withdrawn, description=UNDER_WAY)},
)
async def pause(
    conn: Conn,
    me: Me,
    once: Once,
    issuer: Issuer,
    data: JSONBody[Pausing],
) -> Response[Withdrawn]:
    """Pause until a time. What is measured meanwhile is neither collected nor used later.

    201, or 202 as for a withdrawal.
    """
    event, pausing = await rights.pause(conn, me, data)
    answer = Withdrawn(event=event, receipt=issuer.sign(event), withdrawal=pausing)
    return once.keep(answer, 201 if pausing.drained_at else 202)


@post("/v1/me/resumptions", guards=[resident])
async def resume(
    conn: Conn,
    me: Me,
    once: Once,
    issuer: Issuer,
    data: JSONBody[Resuming],
) -> Response[Recorded]:
    """End a pause now."""
    event = await rights.resume(conn, me, data)
    return once.keep(_recorded(event, issuer))


def _seq(number: int) -> int:
    """A path's number as a `seq`. None is what PostgreSQL cannot hold."""
    if not 0 < number <= LARGEST_SEQ:
        raise NotFound
    return number


def _recorded(event: ConsentEvent, issuer: ReceiptIssuer) -> Recorded:
    return Recorded(event=event, receipt=issuer.sign(event))


def _all_recorded(events: list[ConsentEvent], issuer: ReceiptIssuer) -> RecordedAnswers:
    return RecordedAnswers(recorded=[_recorded(event, issuer) for event in events])


def _withdrawn(
    event: ConsentEvent, withdrawal: Withdrawal, issuer: ReceiptIssuer
) -> tuple[Withdrawn, int]:
    """The answer and its status: 202 while uses under way have not ended."""
    answer = Withdrawn(event=event, receipt=issuer.sign(event), withdrawal=withdrawal)
    return answer, 200 if withdrawal.drained_at else 202


routes: list[Any] = [
    notice, my_consents, my_review, answer, my_history, my_event, withdraw, preview,
    my_withdrawal, pause, resume,
]  # fmt: skip
