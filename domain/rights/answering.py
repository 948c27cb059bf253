"""Answers to items of notices, the long way. A refusal ends what was given before, as a withdrawal does."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from domain.consents import gate
from domain.consents import store as consents
from domain.consents.model import ConsentAnswer, ConsentEvent, Scope
from domain.db import Connection
from domain.residents import identity
from domain.residents.identity import Knock
from domain.rights import leaving, withdraw


class Recorded(NamedTuple):
    """The events. `drained`: no use that began before a refusal among them is left."""

    events: list[ConsentEvent]
    drained: bool


async def answer_at(conn: Connection, knock: Knock, answers: Sequence[ConsentAnswer]) -> Recorded:
    """Let the resident in, and record answers, all or none. Raises as `consents.record`, and what `admit` does."""
    if all(answer.decision == "permit" for answer in answers):
        return Recorded((await consents.record_at(conn, knock, answers))[1], drained=True)
    resident_id = (await identity.enter_at(conn, knock)).resident_id
    drained = await gate.drain(conn, resident_id)
    events = await record(conn, resident_id, answers)
    if not drained:
        for event in events:
            if event.decision == "deny":
                await withdraw.owe(conn, event)
    return Recorded(events, drained)


async def record(
    conn: Connection, resident_id: UUID, answers: Sequence[ConsentAnswer]
) -> list[ConsentEvent]:
    """Record answers behind the exclusive lock. A required item refused ends taking part."""
    events = await consents.record(conn, resident_id, answers, resident_id)
    for event in events:
        if event.decision == "deny" and event.study_id is not None:
            await leaving.end(conn, resident_id, Scope(scope="item", item_id=event.item_id))
    return events
