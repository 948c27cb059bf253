"""What a resident sees of their consents: where each stands, and what waits for an answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from asyncpg import Record
from msgspec import Struct

from domain.consents.model import Status
from domain.consents.notices import PLATFORM_NOTICE
from domain.db import Connection, fetch_all
from domain.residents.identity import Door
from domain.trips import Asking


class Standing(Struct, frozen=True, kw_only=True):
    """One grant as it stands now. `collects`: a sample measured now would be taken in under it."""

    item_id: UUID
    category: str
    study_id: UUID | None
    use: str
    notice_version: int
    status: Status
    event_seq: int
    since: datetime | None
    valid_until: datetime | None
    paused_until: datetime | None
    collects: bool


class Waiting(Struct, frozen=True, kw_only=True):
    """An item that waits for an answer, and why (DPV: ConsentRequested)."""

    notice_id: UUID
    version: int
    item_id: UUID
    study_id: UUID | None
    required: bool
    reason: Literal["new", "material-change", "expired"]


async def standing(conn: Connection, resident_id: UUID) -> tuple[int, list[Standing]]:
    """The last `seq`, and every choice the resident has made, as it stands at this moment."""
    sql = """
        SELECT seq, item_id, category, study_id, use, notice_version, event_seq, since, valid_until,
               status, paused_until, collects
          FROM consents_standing($1)
    """
    return _standing(await conn.fetch(sql, resident_id))


async def standing_at(ask: Asking, door: Door) -> tuple[int, list[Standing]]:
    """`standing` of whoever knocks.

    Raises:
        Unauthenticated: a login of before the last sign-out-everywhere or erasure.
        ResidentUnknown: the platform notice has not been accepted.

    """
    sql = """
        SELECT a.n, me.resident_id, me.language, me.zone, me.refused_until,
               s.seq, s.item_id, s.category, s.study_id, s.use, s.notice_version, s.event_seq,
               s.since, s.valid_until, s.status, s.paused_until, s.collects
          FROM jsonb_to_recordset($1) AS a (n integer, issuer text, subject text)
         CROSS JOIN LATERAL enter_alone(a.issuer, decode(a.subject, 'base64')) me
          LEFT JOIN LATERAL consents_standing(me.resident_id) s ON true
    """
    found = await ask(sql, issuer=door.issuer, subject=door.subject_hmac)
    door.admit(found[0])
    return _standing(found)


def _standing(rows: Sequence[Record]) -> tuple[int, list[Standing]]:
    names = Standing.__struct_fields__
    standing = [Standing(**{n: row[n] for n in names}) for row in rows if row["item_id"]]
    return (rows[0]["seq"] or 0 if rows else 0), standing


class ToAsk(Struct, frozen=True):
    """Who holds to terms that have changed, and of which study."""

    resident_id: UUID
    study_id: UUID | None


async def to_ask_again(
    conn: Connection, notice_id: UUID, version: int, resident_ids: Sequence[UUID]
) -> list[ToAsk]:
    """Of these residents those with a choice in force under terms before that version of a notice."""
    sql = """
        SELECT DISTINCT g.resident_id, g.study_id
          FROM consent_item i
          JOIN consent_grant g USING (item_id)
         WHERE i.notice_id = $1 AND i.version = $2 AND g.resident_id = ANY ($3)
           AND g.notice_version < $2 AND NOT isempty(g.data_period)
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())
         ORDER BY g.resident_id
    """
    return await fetch_all(conn, ToAsk, sql, notice_id, version, resident_ids)


async def waiting(conn: Connection, resident_id: UUID) -> list[Waiting]:
    """Items of the platform, and of studies the resident has to do with, that wait for an answer.

    A refusal is an answer: it is asked again only when the terms change materially.
    """
    sql = """
        WITH mine AS (
            SELECT notice_id FROM notice WHERE notice_id = $2
             UNION
            SELECT n.notice_id FROM enrolment e JOIN notice n USING (study_id)
             WHERE e.resident_id = $1 AND e.ended_at IS NULL
             UNION
            SELECT n.notice_id FROM consent_grant g JOIN notice n USING (study_id)
             WHERE g.resident_id = $1 AND NOT isempty(g.data_period)),
        shown AS (
            SELECT v.notice_id, max(v.version) AS version,
                   max(v.version) FILTER (WHERE v.change = 'material') AS material
              FROM mine JOIN notice_version v USING (notice_id)
             GROUP BY v.notice_id)
        SELECT i.notice_id, i.version, i.item_id, i.study_id, i.required,
               CASE WHEN a.item_id IS NULL THEN 'new'
                    WHEN a.notice_version < s.material THEN 'material-change'
                    ELSE 'expired' END AS reason
          FROM shown s
          JOIN consent_item i ON i.notice_id = s.notice_id AND i.version = s.version
          LEFT JOIN LATERAL (
               SELECT e.item_id, e.notice_version, e.valid_until, e.decision
                 FROM consent_event e
                WHERE e.resident_id = $1 AND e.item_id = i.item_id
                  AND e.decision IN ('permit', 'deny') AND NOT e.blind
                ORDER BY e.seq DESC LIMIT 1) a ON true
         WHERE a.item_id IS NULL OR a.notice_version < s.material
            OR (a.decision = 'permit' AND a.valid_until <= statement_timestamp())
         ORDER BY i.notice_id, i.position
    """
    return await fetch_all(conn, Waiting, sql, resident_id, PLATFORM_NOTICE)
