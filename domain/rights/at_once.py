"""Answers and withdrawals that are one statement: one round trip, and a transaction by itself.

None where it is not to be done so: nothing is done then, and the request takes the long way, which
also says why it is refused. The answer is kept under its Idempotency-Key as the events it tells of.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from asyncpg import Record

from domain.consents.categories import SENSITIVE
from domain.consents.model import ConsentAnswer, ConsentEvent
from domain.residents.identity import Knock
from domain.rights.withdraw import Withdrawal, Withdrawing, progress
from domain.trips import Asking, Rows, at_once


class Answered(NamedTuple):
    """The events recorded. `again`: by an earlier request with the same key."""

    events: list[ConsentEvent]
    again: bool


class UsesUnderWay(Exception):
    """Somebody uses the resident's data right now."""


class Ended(NamedTuple):
    """A withdrawal and how far it has come. `again`: by an earlier request with the same key."""

    event: ConsentEvent
    withdrawal: Withdrawal
    again: bool


async def answer(ask: Asking, knock: Knock, answers: Sequence[ConsentAnswer]) -> Answered | None:
    """Let the resident in and record answers, all or none (see `answering.answer_at`).

    A refusal may end taking part in a study, and is left to the long way.
    """
    sql = "SELECT n, event, again FROM answer_at_once($1)"
    if any(one.decision != "permit" for one in answers):
        return None
    found = await _rows(ask, sql, knock, answers=answers, sensitive=SENSITIVE)
    return Answered([_event(row) for row in found], found[0]["again"]) if found else None


async def withdraw(ask: Asking, knock: Knock, wish: Withdrawing, *, wait: bool) -> Ended | None:
    """Let the resident in and withdraw (see `withdraw.withdraw_at`) where there is little to end.

    That is for who takes part in nothing, has donated nothing, and for whom no knock waits.
    Raises UsesUnderWay where it would have to `wait` for them and may not: nothing is done then.
    """
    sql = """
        SELECT a.n, r.event, r.drained_at, r.again
          FROM jsonb_to_recordset($1) AS a (
               n integer, issuer text, subject text, issued_at timestamptz, route text, key text, fingerprint text,
               scope text, item_id uuid, study_id uuid, category text, effect text, claimed_at timestamptz, wait boolean)
         CROSS JOIN LATERAL withdraw_at_once(
               a.issuer, decode(a.subject, 'base64'), a.issued_at, a.route, a.key, decode(a.fingerprint, 'base64'),
               a.scope, a.item_id, a.study_id, a.category, a.effect, a.claimed_at, a.wait) r
    """
    if wish.effect == "no-contact":
        return None
    found = await _rows(
        ask, sql, knock, scope=wish.scope, item_id=wish.item_id, study_id=wish.study_id,
        category=wish.category, effect=wish.effect, claimed_at=wish.claimed_at, wait=wait,
    )  # fmt: skip
    if not found:
        return None
    if found[0]["event"] is None:
        raise UsesUnderWay
    event = _event(found[0])
    return Ended(event, progress(event, wish.effect, found[0]["drained_at"]), found[0]["again"])


def _event(row: Record) -> ConsentEvent:
    return msgspec.convert(dict(row["event"]), ConsentEvent)


async def _rows(ask: Asking, sql: str, knock: Knock, **row: object) -> Rows:
    door = knock.door
    return await at_once(
        ask, sql, issuer=door.issuer, subject=door.subject_hmac, issued_at=door.issued_at,
        route=knock.route, key=knock.key, fingerprint=knock.fingerprint, **row,
    )  # fmt: skip
