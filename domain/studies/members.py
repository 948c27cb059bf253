"""Who works in a study. A login is known by the HMAC of its subject; roles are rows, not claims."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.caller import PlatformRole, StudyRole
from domain.db import Connection, fetch_all, find_one
from domain.errors import Invalid, NotFound
from domain.fields import Input, Name
from domain.studies.model import AlreadyThere, OwnMembership


class MembershipDraft(Input, frozen=True, kw_only=True):
    """A role in a study, for a member known by id or for a login, with a label to know them by."""

    role: StudyRole
    member_id: UUID | None = None
    issuer: Name | None = None
    subject: Name | None = None
    label: Name | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        by_login = None not in {self.issuer, self.subject, self.label}
        if by_login is (self.member_id is not None):
            raise ValueError("Either member_id, or issuer, subject and label.")


class Membership(Struct, frozen=True, kw_only=True):
    """A role that someone has, or had until `ended_at`."""

    membership_id: UUID
    member_id: UUID
    role: StudyRole
    granted_at: datetime
    ended_at: datetime | None


async def known(conn: Connection, issuer: str, subject_hmac: bytes, label: str) -> UUID:
    """The member of a login, made now if there is none."""
    sql = """
        INSERT INTO member (issuer, subject_hmac, label) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        RETURNING member_id
    """
    made: UUID | None = await conn.fetchval(sql, issuer, subject_hmac, label)
    if made is not None:
        return made
    sql = "SELECT member_id FROM member WHERE issuer = $1 AND subject_hmac = $2"
    found: UUID = await conn.fetchval(sql, issuer, subject_hmac)
    return found


async def admit(
    conn: Connection, study_id: UUID, member_id: UUID, role: StudyRole, granted_by: UUID
) -> Membership:
    """Give someone a role in a study.

    Raises:
        OwnMembership: to oneself.
        Invalid: no such member.
        AlreadyThere: they have it.

    """
    if member_id == granted_by:
        raise OwnMembership("Another steward has to do this.")
    sql = "SELECT EXISTS (SELECT FROM member WHERE member_id = $1) AS there"
    if not await conn.fetchval(sql, member_id):
        raise Invalid("There is no such member.")
    sql = """
        INSERT INTO membership (member_id, role, study_id, granted_by) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        RETURNING membership_id, member_id, role, granted_at, ended_at
    """
    made = await find_one(conn, Membership, sql, member_id, role, study_id, granted_by)
    if made is None:
        raise AlreadyThere("They have this role.")
    return made


async def end(conn: Connection, study_id: UUID, membership_id: UUID) -> Membership:
    """End a role now; uses under way stop with their batch.

    Raises:
        NotFound: the study has no such membership.

    """
    sql = """
        UPDATE membership SET ended_at = coalesce(ended_at, clock_timestamp())
         WHERE study_id = $1 AND membership_id = $2
        RETURNING membership_id, member_id, role, granted_at, ended_at
    """
    ended = await find_one(conn, Membership, sql, study_id, membership_id)
    if ended is None:
        raise NotFound
    return ended


async def of_study(
    conn: Connection, study_id: UUID, after: UUID | None, limit: int
) -> list[Membership]:
    """Who works in a study and who did, newest first."""
    sql = """
        SELECT membership_id, member_id, role, granted_at, ended_at
          FROM membership
         WHERE study_id = $1 AND ($2::uuid IS NULL OR membership_id < $2)
         ORDER BY membership_id DESC
         LIMIT $3
    """
    return await fetch_all(conn, Membership, sql, study_id, after, limit)


async def appoint(
    conn: Connection, issuer: str, subject_hmac: bytes, label: str, role: PlatformRole
) -> UUID:
    """Give a login a role of the platform, for the operator who sets it up. Idempotent."""
    member_id = await known(conn, issuer, subject_hmac, label)
    sql = "INSERT INTO membership (member_id, role) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    await conn.execute(sql, member_id, role)
    return member_id
