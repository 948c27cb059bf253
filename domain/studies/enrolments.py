"""Taking part: episodes of enrolment, and the pairwise codes that are all a study team sees.

Leaving and joining again is a new episode under a new code; the last one names the resident's data.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.consents import gate
from domain.consents import store as consents
from domain.consents.model import LIVE, Grant, Scope
from domain.db import BEGINNING, Connection, fetch_all, find_one
from domain.errors import NotFound
from domain.studies.model import (
    AlreadyEnrolled,
    RequiredConsentMissing,
    StudyNotOpen,
)
from notifications.kinds import Kind
from notifications.outbox import promise

EndedBy = Literal["resident", "study", "controller"]


class Enrolment(Struct, frozen=True, kw_only=True):
    """One episode of taking part. `code` is who the resident is to the study team."""

    enrolment_id: UUID
    study_id: UUID
    code: UUID
    enrolled_at: datetime
    ended_at: datetime | None
    ended_by: EndedBy | None


class _Opening(Struct, frozen=True, kw_only=True):
    """What joining asks for. `terms`: the oldest version of the notice whose terms still stand."""

    open: bool
    terms: int | None
    required: list[UUID]


async def enrol(conn: Connection, resident_id: UUID, study_id: UUID) -> Enrolment:
    """Begin an episode, once the required items of the study's notice are permitted and in force.

    Raises:
        NotFound: there is no such study to join.
        StudyNotOpen: it does not take anyone now.
        RequiredConsentMissing: `item_ids` says which choices are missing.
        AlreadyEnrolled: an episode is under way.

    """
    await gate.lock_own(conn, resident_id)
    opening = await _opening(conn, study_id)
    if not opening.open or opening.terms is None:
        raise StudyNotOpen
    missing = await _missing(conn, resident_id, study_id, opening)
    if missing:
        raise RequiredConsentMissing("Choose these first.", item_ids=missing)
    sql = """
        INSERT INTO enrolment (resident_id, study_id) VALUES ($1, $2)
        ON CONFLICT (resident_id, study_id) WHERE ended_at IS NULL DO NOTHING
        RETURNING enrolment_id, study_id, code, enrolled_at, ended_at, ended_by
    """
    made = await find_one(conn, Enrolment, sql, resident_id, study_id)
    if made is None:
        raise AlreadyEnrolled
    sql = "INSERT INTO participant_code (code, study_id, resident_id) VALUES ($1, $2, $3)"
    await conn.execute(sql, made.code, study_id, resident_id)
    await promise(conn, resident_id, Kind.STUDY_JOINED, made.enrolment_id, study_id)
    return made


async def _opening(conn: Connection, study_id: UUID) -> _Opening:
    sql = """
        SELECT EXISTS (SELECT FROM study_in_force f
                        WHERE f.study_id = s.study_id AND f.status = 'active') AS open,
               (SELECT max(v.version) FILTER (WHERE v.change = 'material' OR v.version = 1)
                  FROM notice n JOIN notice_version v USING (notice_id)
                 WHERE n.study_id = s.study_id) AS terms,
               ARRAY(SELECT i.item_id FROM consent_item i
                      WHERE i.study_id = s.study_id AND i.required
                        AND i.version = (SELECT max(v.version) FROM notice_version v
                                          WHERE v.notice_id = i.notice_id)
                      ORDER BY i.position) AS required
          FROM study s
         WHERE s.study_id = $1 AND s.status NOT IN ('in-review', 'approved', 'disapproved')
    """
    found = await find_one(conn, _Opening, sql, study_id)
    if found is None:
        raise NotFound
    return found


async def _missing(
    conn: Connection, resident_id: UUID, study_id: UUID, opening: _Opening
) -> list[UUID]:
    """Required items that nothing permits now, or only under terms that have been replaced."""
    permits = await gate.study_permits(conn, study_id, [resident_id], None)
    in_force = {(permit.item_id, permit.category) for permit in permits}
    given = {
        grant.item_id
        for grant in await consents.grants(conn, resident_id)
        if (grant.item_id, grant.category) in in_force
        and grant.notice_version >= (opening.terms or 0)
    }
    return [item_id for item_id in opening.required if item_id not in given]


async def of_resident(
    conn: Connection, resident_id: UUID, after: UUID | None, limit: int
) -> list[Enrolment]:
    """A resident's episodes, newest first."""
    sql = """
        SELECT enrolment_id, study_id, code, enrolled_at, ended_at, ended_by
          FROM enrolment
         WHERE resident_id = $1 AND ($2::uuid IS NULL OR enrolment_id < $2)
         ORDER BY enrolment_id DESC
         LIMIT $3
    """
    return await fetch_all(conn, Enrolment, sql, resident_id, after, limit)


async def episode(conn: Connection, resident_id: UUID, enrolment_id: UUID) -> Enrolment:
    """One of a resident's episodes.

    Raises:
        NotFound: the resident has no such episode.

    """
    sql = """
        SELECT enrolment_id, study_id, code, enrolled_at, ended_at, ended_by
          FROM enrolment
         WHERE resident_id = $1 AND enrolment_id = $2
    """
    found = await find_one(conn, Enrolment, sql, resident_id, enrolment_id)
    if found is None:
        raise NotFound
    return found


async def leave(conn: Connection, resident_id: UUID, enrolment_id: UUID) -> Enrolment:
    """End an episode. Consents are apart: they stand until they are withdrawn.

    Raises:
        NotFound: the resident has no such episode.

    """
    await _end(conn, resident_id, [enrolment_id], "resident")
    return await episode(conn, resident_id, enrolment_id)


class _Live(Struct, frozen=True, kw_only=True):
    enrolment_id: UUID
    study_id: UUID
    required: list[UUID]


async def end(
    conn: Connection, resident_id: UUID, scope: Scope, ended_by: EndedBy = "resident"
) -> None:
    """End the episodes that a withdrawal leaves without ground. Call it once the grants are closed."""
    over = await _resting_on(conn, resident_id, scope)
    if over:
        await _end(conn, resident_id, [episode.enrolment_id for episode in over], ended_by)


async def leaving(conn: Connection, resident_id: UUID, scope: Scope) -> list[UUID]:
    """The studies that a withdrawal of this scope would leave, were it made now."""
    return [episode.study_id for episode in await _resting_on(conn, resident_id, scope)]


async def _resting_on(conn: Connection, resident_id: UUID, scope: Scope) -> list[_Live]:
    """The episodes that have no ground without what the scope covers."""
    episodes = await _live(conn, resident_id)
    if not episodes:
        return []
    closed = _closed(await consents.grants(conn, resident_id), scope)
    return [
        episode
        for episode in episodes
        if scope.scope == "everything"
        or scope.study_id == episode.study_id
        or any(item_id in closed for item_id in episode.required)
    ]


async def _live(conn: Connection, resident_id: UUID) -> list[_Live]:
    sql = """
        SELECT e.enrolment_id, e.study_id,
               ARRAY(SELECT i.item_id FROM consent_item i
                      WHERE i.study_id = e.study_id AND i.required
                        AND i.version = (SELECT max(v.version) FROM notice_version v
                                          WHERE v.notice_id = i.notice_id)) AS required
          FROM enrolment e
         WHERE e.resident_id = $1 AND e.ended_at IS NULL
         ORDER BY e.study_id
    """
    return await fetch_all(conn, _Live, sql, resident_id)


def _closed(grants: Sequence[Grant], scope: Scope) -> set[UUID]:
    """Items that were given once and would be in no category any more. An item never answered is not one."""
    live = {
        grant.item_id
        for grant in grants
        if grant.status in LIVE
        and grant.item_id != scope.item_id
        and grant.category != scope.category
    }
    return {grant.item_id for grant in grants} - live


async def _end(
    conn: Connection, resident_id: UUID, enrolment_ids: Sequence[UUID], ended_by: EndedBy
) -> None:
    sql = """
        WITH over AS (
            UPDATE enrolment SET ended_at = clock_timestamp(), ended_by = $3
             WHERE resident_id = $1 AND enrolment_id = ANY($2) AND ended_at IS NULL
            RETURNING enrolment_id, study_id),
        events AS (
            DELETE FROM study_event e USING over WHERE e.resident_id = $1 AND e.study_id = over.study_id)
        SELECT enrolment_id, study_id FROM over
    """
    for row in await conn.fetch(sql, resident_id, enrolment_ids, ended_by):
        await promise(conn, resident_id, Kind.STUDY_LEFT, row["enrolment_id"], row["study_id"])


async def codes(
    conn: Connection, study_id: UUID, resident_ids: Sequence[UUID]
) -> Mapping[UUID, UUID]:
    """The code under which a study knows each of these residents: that of the last episode."""
    sql = """
        SELECT DISTINCT ON (resident_id) resident_id, code
          FROM enrolment
         WHERE study_id = $1 AND resident_id = ANY($2)
         ORDER BY resident_id, enrolled_at DESC
    """
    rows = await conn.fetch(sql, study_id, resident_ids)
    return {row["resident_id"]: row["code"] for row in rows}


async def participants(
    conn: Connection, study_id: UUID, after: UUID | None, limit: int
) -> list[tuple[UUID, UUID]]:
    """Codes of a study in their own, random order, with whom they stand for."""
    sql = """
        SELECT code, resident_id
          FROM participant_code
         WHERE study_id = $1 AND code > $2
         ORDER BY code
         LIMIT $3
    """
    return [
        (row["code"], row["resident_id"])
        for row in await conn.fetch(sql, study_id, after or BEGINNING, limit)
    ]


async def resident_of(conn: Connection, study_id: UUID, code: UUID) -> UUID:
    """Whom a code stands for. The caller has checked the right to know.

    Raises:
        NotFound: the study has no such code.

    """
    sql = "SELECT set_config('app.study', $1, true) AS study"
    await conn.execute(sql, str(study_id))
    sql = "SELECT resident_id FROM participant_code WHERE study_id = $1 AND code = $2"
    found: UUID | None = await conn.fetchval(sql, study_id, code)
    sql = "SELECT set_config('app.study', '', true) AS study"
    await conn.execute(sql)
    if found is None:
        raise NotFound
    return found
