"""Answers and withdrawals that are one statement: one round trip, and a transaction by itself.

None where it is not to be done so: nothing is done then, and the request takes the long way, which
also says why it is refused. The answer is kept under its Idempotency-Key as the events it tells of.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from asyncpg import PostgresError, Record

from domain.consents.categories import SENSITIVE
from domain.consents.model import ConsentAnswer, ConsentEvent
from domain.db import Connection, not_at_once, text_array
from domain.residents.identity import Knock
from domain.rights.withdraw import Withdrawal, Withdrawing, progress


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


async def answer(
    conn: Connection, knock: Knock, answers: Sequence[ConsentAnswer]
) -> Answered | None:
    """Let the resident in and record answers, all or none (see `answering.answer_at`).

    A refusal may end taking part in a study, and is left to the long way.
    """
    sql = "SELECT event, again FROM answer_at_once($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8::text::text[])"
    if any(one.decision != "permit" for one in answers):
        return None
    said = msgspec.json.encode(answers).decode()
    rows = await _rows(conn, sql, knock, said, text_array(SENSITIVE))
    return Answered([_event(row) for row in rows], rows[0]["again"]) if rows else None


async def withdraw(
    conn: Connection, knock: Knock, wish: Withdrawing, *, wait: bool
) -> Ended | None:
    """Let the resident in and withdraw (see `withdraw.withdraw_at`) where there is little to end.

    That is for who takes part in nothing, has donated nothing, and for whom no knock waits.
    Raises UsesUnderWay where it would have to `wait` for them and may not: nothing is done then.
    """
    sql = """
        SELECT event, drained_at, again
          FROM withdraw_at_once($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    """
    if wish.effect == "no-contact":
        return None
    rows = await _rows(
        conn, sql, knock, wish.scope, wish.item_id, wish.study_id, wish.category, wish.effect,
        wish.claimed_at, wait,
    )  # fmt: skip
    if not rows:
        return None
    if rows[0]["event"] is None:
        raise UsesUnderWay
    event = _event(rows[0])
    return Ended(event, progress(event, wish.effect, rows[0]["drained_at"]), rows[0]["again"])


def _event(row: Record) -> ConsentEvent:
    return msgspec.convert(dict(row["event"]), ConsentEvent)


async def _rows(conn: Connection, sql: str, knock: Knock, *args: object) -> list[Record]:
    door = knock.door
    who = (door.issuer, door.subject_hmac, door.issued_at)
    try:
        return await conn.fetch(sql, *who, knock.route, knock.key, knock.fingerprint, *args)
    except PostgresError as error:
        if not_at_once(error):
            return []
        raise
