"""What a line of the journal says, done once more in a restored database, behind the resident's exclusive lock.

Each step may come twice and may find nothing: then it changes nothing, or closes what is closed.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.caller import Resident
from domain.consents.model import (
    ActorRole,
    ConsentAnswer,
    Decision,
    Effect,
    NoticeNotInLanguage,
    Scope,
    ScopeKind,
)
from domain.db import Connection
from domain.donations import streams
from domain.errors import NotFound
from domain.residents import store as residents
from domain.rights import answering, erase, given, officer, withdraw
from domain.rights.journal import Entry
from domain.rights.withdraw import Pausing, Withdrawing
from domain.surveys import own_responses


class _Event(Struct, frozen=True, kw_only=True):
    """What is needed of a consent event to write one like it."""

    decision: Decision
    scope: ScopeKind
    item_id: UUID | None = None
    study_id: UUID | None = None
    category: str | None = None
    notice_version: int = 1
    language: str = ""
    effect: Effect = "no-further-use"
    pause_until: datetime | None = None
    actor_id: UUID
    actor_role: ActorRole
    recorded_at: datetime


async def carry_out(conn: Connection, entry: Entry) -> None:
    """Destroy, close or block what the line names. Raises Unauthenticated where there is no such resident."""
    kind, _, name = entry.scope.partition("/")
    if kind == "consent":
        await _end(conn, entry.resident_id, msgspec.convert(entry.terms, _Event))
    elif kind == "block":
        await _block(conn, entry.terms)
    elif kind == "account":
        await residents.close_account(conn, entry.resident_id)
        await erase.destroy(conn, entry.resident_id)
    elif kind in {"stream", "response"}:
        delete = streams.delete if kind == "stream" else own_responses.delete
        try:
            await delete(conn, entry.resident_id, UUID(name))
        except NotFound:
            return
    else:
        await given.erase(conn, entry.resident_id, [entry.scope])


async def _end(conn: Connection, resident_id: UUID, event: _Event) -> None:
    """The same event at the end of the chain as it is now; `claimed_at` is when it was first recorded."""
    resident = Resident(resident_id=resident_id, language="", zone="")  # nobody is spoken to
    if event.decision == "withdraw":
        wish = Withdrawing(**_scope(event), effect=event.effect, claimed_at=event.recorded_at)
        await withdraw.withdraw(conn, resident, wish)
    elif event.decision == "pause" and event.pause_until:
        if event.pause_until > datetime.now(UTC):
            pausing = Pausing(**_scope(event), until=event.pause_until)
            await withdraw.pause(conn, resident, pausing)
    elif event.decision == "deny" and event.item_id:
        refusal = ConsentAnswer(
            item_id=event.item_id, notice_version=event.notice_version, language=event.language,
            decision="deny", seen_seq=0, claimed_at=event.recorded_at,
        )  # fmt: skip
        try:
            await answering.record(conn, resident_id, [refusal])
        except (NotFound, NoticeNotInLanguage):
            return  # what is refused came after the backup: nothing of it was given
    else:
        await officer.close(
            conn, resident_id, event.decision, Scope(**_scope(event)), event.actor_id,
            claimed_at=event.recorded_at,
        )  # fmt: skip


def _scope(event: _Event) -> dict[str, Any]:
    """As it was asked for: the study of an item is the item's own."""
    study_id = None if event.scope == "item" else event.study_id
    return {
        "scope": event.scope, "item_id": event.item_id, "study_id": study_id, "category": event.category,
    }  # fmt: skip


async def _block(conn: Connection, terms: dict[str, Any] | None) -> None:
    sql = "INSERT INTO block SELECT * FROM jsonb_populate_record(NULL::block, $1) ON CONFLICT DO NOTHING"
    await conn.execute(sql, terms)
