"""What a response has to know before it can be judged and stored, in one round trip."""

from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from domain.caller import Resident
from domain.consents import gate
from domain.consents.gate import Milliseconds
from domain.db import Connection
from domain.donations.data_keys import Ring, ring_of
from domain.donations.keys import KeyProvider
from domain.errors import Unauthenticated
from domain.residents.identity import Door
from domain.surveys import questionnaires
from domain.surveys.questionnaires import Ready
from domain.trips import Asking, alone


class Before(NamedTuple):
    """The newest revision of a response that is there, kept as it is until COMMIT."""

    revision: int
    state: str
    questionnaire: str
    study_id: UUID
    assignment_id: UUID | None


class Opening(NamedTuple):
    """How a response stands, the published questionnaire and whether it is `retired`, and the keys.

    `periods` are of the study's permits of its topic: when what they open was written.
    """

    before: Before | None
    ready: Ready | None
    retired: bool
    periods: list[Milliseconds]
    ring: Ring


async def open_for(
    conn: Connection,
    keys: KeyProvider,
    resident_id: UUID,
    response_id: UUID,
    study_id: UUID,
    canonical: str,
) -> Opening:
    """How things stand until COMMIT. `canonical`: the `url|version` that the study may ask.

    Raises:
        Unauthenticated: the account has been erased meanwhile.

    """
    sql = """
        SELECT revision, state, questionnaire, study_id, assignment_id,
               questionnaire_id, status, category, periods, versions, keks, wrapped
          FROM response_open($1, $2, $3, $4, $5)
    """
    url, _, version = canonical.partition("|")
    row = await conn.fetchrow(sql, resident_id, response_id, study_id, url, version)
    if row is None:
        raise Unauthenticated
    return await _opening(alone(conn), keys, resident_id, row)


async def look(
    ask: Asking,
    keys: KeyProvider,
    door: Door,
    response_id: UUID,
    study_id: UUID,
    canonical: str,
) -> tuple[Resident, Opening]:
    """Let the resident in and see how things stand. Raises what `Door.admit` does."""
    sql = """
        SELECT a.n, o.revision, o.state, o.questionnaire, o.study_id, o.assignment_id,
               o.questionnaire_id, o.status, o.category, o.periods, o.versions, o.keks, o.wrapped,
               me.resident_id, me.language, me.zone, me.refused_until
          FROM jsonb_to_recordset($1) AS a (
               n integer, issuer text, subject text, response_id uuid, study_id uuid, url text, version text)
         CROSS JOIN LATERAL enter_alone(a.issuer, decode(a.subject, 'base64')) me
          LEFT JOIN LATERAL response_look(me.resident_id, a.response_id, a.study_id, a.url, a.version) o ON true
    """
    url, _, version = canonical.partition("|")
    (row,) = await ask(
        sql, issuer=door.issuer, subject=door.subject_hmac,
        response_id=response_id, study_id=study_id, url=url, version=version,
    )  # fmt: skip
    me = door.admit(row)
    return me, await _opening(ask, keys, me.resident_id, row)


async def _opening(ask: Asking, keys: KeyProvider, resident_id: UUID, row: Record) -> Opening:
    found, category = row["questionnaire_id"], row["category"]
    held = zip(*(row[name] or () for name in ("versions", "keks", "wrapped")), strict=True)
    return Opening(
        before=_before(row) if row["revision"] else None,
        ready=await questionnaires.ready(ask, found) if found else None,
        retired=row["status"] == "retired",
        periods=gate.opened(row["periods"] or ()),
        ring=await ring_of(keys, resident_id, [(category, *key) for key in held]),
    )


def _before(row: Record) -> Before:
    return Before(
        row["revision"], row["state"], row["questionnaire"], row["study_id"], row["assignment_id"]
    )
