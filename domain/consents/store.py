"""The ledger of consent events and the grants projected from it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from domain.caller import Resident
from domain.consents.categories import SENSITIVE
from domain.consents.model import (
    ActorRole,
    BeyondItem,
    ConsentAnswer,
    ConsentEvent,
    Effect,
    Grant,
    Method,
    NoticeNotInLanguage,
    NoticeSuperseded,
    Scope,
    SensitiveUnnamed,
    StudyClosed,
)
from domain.consents.periods import from_ranges
from domain.db import Connection, fetch_all, find_one, text_array
from domain.errors import Invalid, NotFound
from domain.residents.identity import Knock


async def record(
    conn: Connection,
    resident_id: UUID,
    answers: Sequence[ConsentAnswer],
    actor_id: UUID,
    actor_role: ActorRole = "resident",
) -> list[ConsentEvent]:
    """Append the answers to the resident's chain and bring the grants up to them.

    Raises:
        NotFound: no such item in that version of its notice.
        NoticeSuperseded: giving consent to a version that a minor or material one has replaced.
        NoticeNotInLanguage: the resident cannot have read it in that language.
        StudyClosed: the study does not take consent now.
        BeyondItem: more was answered than the item offers.
        SensitiveUnnamed: all that the item offers is sensitive, and nothing of it is named.

    """
    sql = """
        SELECT outcome, current_version, event FROM consent_answers($1, $2, $3, $4::text::jsonb, $5::text::text[])
    """
    rows = await conn.fetch(
        sql, resident_id, actor_id, actor_role, _said(answers), text_array(SENSITIVE)
    )
    return [_recorded(row) for row in rows]


async def record_at(
    conn: Connection, knock: Knock, answers: Sequence[ConsentAnswer]
) -> tuple[Resident, list[ConsentEvent]]:
    """`record` together with letting the resident in. Raises as `record`, and what `admit` does."""
    sql = """
        SELECT e.resident_id, e.language, e.zone, e.refused_until,
               e.turn, e.fingerprint, e.status, e.content_type, e.body,
               a.outcome, a.current_version, a.event
          FROM enter($1, $2, $3, $4) e
          LEFT JOIN LATERAL consent_answers(
               CASE WHEN e.turn AND e.status IS NULL THEN e.resident_id END,
               e.resident_id, 'resident', $5::text::jsonb, $6::text::text[]) a ON true
    """
    door = knock.door
    rows = await conn.fetch(
        sql,
        door.issuer,
        door.subject_hmac,
        knock.route,
        knock.key,
        _said(answers),
        text_array(SENSITIVE),
    )
    return knock.admit(rows[0]), [_recorded(row) for row in rows]


def _said(answers: Sequence[ConsentAnswer]) -> str:
    return msgspec.json.encode(answers).decode()


def _recorded(row: Record) -> ConsentEvent:
    match row["outcome"]:
        case "recorded":
            return msgspec.convert(dict(row["event"]), ConsentEvent)
        case "superseded":
            raise NoticeSuperseded(
                "Show the current version and ask again.", current_version=row["current_version"]
            )
        case "untranslated":
            raise NoticeNotInLanguage
        case "closed":
            raise StudyClosed
        case "beyond-scope":
            raise BeyondItem
        case "unnamed":
            raise SensitiveUnnamed("Name in `categories` what you permit.")
        case "not-yet-written":
            raise Invalid("seen_seq is of an event that does not exist yet.")
        case _:
            raise NotFound("No such item in that version of its notice.")


async def close(  # noqa: PLR0913 - the event's own fields
    conn: Connection,
    resident_id: UUID,
    decision: str,
    scope: Scope,
    actor_id: UUID,
    *,
    effect: Effect | None = None,
    pause_until: datetime | None = None,
    actor_role: ActorRole = "resident",
    method: Method = "app",
    claimed_at: datetime | None = None,
) -> ConsentEvent:
    """Append a withdrawal, pause, resumption, revocation or invalidation, and close what it covers."""
    sql = """
        SELECT (e).* FROM consent_close($1, $2, $3, $4, $5, $6, $7, $8, NULL, $9, $10, $11, $12) e
    """
    event = await find_one(
        conn, ConsentEvent, sql, resident_id, decision, scope.scope, scope.item_id, scope.study_id,
        scope.category, effect, pause_until, actor_id, actor_role, method, claimed_at,
    )  # fmt: skip
    if event is None:
        raise NotFound
    return event


async def history(
    conn: Connection, resident_id: UUID, before_seq: int | None, limit: int
) -> list[ConsentEvent]:
    """The resident's events, newest first."""
    sql = """
        SELECT *
          FROM consent_event
         WHERE resident_id = $1 AND ($2::bigint IS NULL OR seq < $2)
         ORDER BY seq DESC
         LIMIT $3
    """
    return await fetch_all(conn, ConsentEvent, sql, resident_id, before_seq, limit)


async def event(conn: Connection, resident_id: UUID, seq: int) -> ConsentEvent:
    """One event of the resident's chain.

    Raises:
        NotFound: the chain has no such `seq`.

    """
    sql = "SELECT * FROM consent_event WHERE resident_id = $1 AND seq = $2"
    found = await find_one(conn, ConsentEvent, sql, resident_id, seq)
    if found is None:
        raise NotFound
    return found


async def grants(conn: Connection, resident_id: UUID) -> list[Grant]:
    """The resident's grants as they are enforced, closed and refused ones too."""
    sql = """
        SELECT item_id, category, notice_version, status, event_seq, since, valid_until,
               data_period, pauses
          FROM consent_grant
         WHERE resident_id = $1
         ORDER BY item_id, category
    """
    return [_grant(row) for row in await conn.fetch(sql, resident_id)]


def _grant(row: Record) -> Grant:
    fields = dict(row)
    fields["data_period"] = from_ranges(fields["data_period"])
    fields["pauses"] = from_ranges(fields["pauses"])
    return Grant(**fields)


async def seq(conn: Connection, resident_id: UUID) -> int:
    """The last `seq` of the resident's chain, 0 before the first event."""
    sql = "SELECT seq FROM consent_head WHERE resident_id = $1"
    last: int | None = await conn.fetchval(sql, resident_id)
    return last or 0
