"""From a login to who is behind it: the directories of residents and of staff."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.caller import Member, Resident
from domain.db import Connection, find_one
from domain.errors import Forbidden, Refusal, Unauthenticated


class ResidentUnknown(Refusal):
    """This login has no resident yet: accept the platform notice first."""

    status = 409


class Claim(Struct, frozen=True, kw_only=True):
    """What stands under an Idempotency-Key. Not our turn: the first request is still under way."""

    turn: bool | None
    fingerprint: bytes | None
    status: int | None
    content_type: str | None
    body: bytes | None


class Entered(Struct, frozen=True, kw_only=True):
    """What the directory says about a login. Tokens up to `refused_until` are refused."""

    resident_id: UUID | None
    language: str | None
    zone: str | None
    refused_until: datetime | None


async def enter(
    conn: Connection, issuer: str, subject_hmac: bytes, issued_at: datetime
) -> Resident:
    """The resident of a login, as whom the rest of the transaction acts (app.resident).

    Raises:
        Unauthenticated: a login of before the last sign-out-everywhere or erasure.
        ResidentUnknown: the platform notice has not been accepted.

    """
    sql = """
        SELECT resident_id, language, zone, refused_until FROM enter($1, $2, NULL, NULL)
    """
    return _admitted(await find_one(conn, Entered, sql, issuer, subject_hmac), issued_at)


async def enter_once(
    conn: Connection, issuer: str, subject_hmac: bytes, issued_at: datetime, route: str, key: str
) -> tuple[Resident, Claim]:
    """`enter` and `claim` in one round trip."""
    sql = """
        SELECT resident_id, language, zone, refused_until,
               turn, fingerprint, status, content_type, body
          FROM enter($1, $2, $3, $4)
    """
    row = await conn.fetchrow(sql, issuer, subject_hmac, route, key)
    if row is None:
        raise Unauthenticated
    entered = Entered(**{name: row[name] for name in Entered.__struct_fields__})
    found = Claim(**{name: row[name] for name in Claim.__struct_fields__})
    return _admitted(entered, issued_at), found


def _admitted(found: Entered | None, issued_at: datetime) -> Resident:
    if found is None or (found.refused_until and issued_at <= found.refused_until):
        raise Unauthenticated
    if found.resident_id is None or found.language is None or found.zone is None:
        raise ResidentUnknown("PUT /v1/me accepts the platform notice.", accept_at="/v1/me")
    return Resident(resident_id=found.resident_id, language=found.language, zone=found.zone)


async def claim(conn: Connection, actor_id: UUID, route: str, key: str) -> Claim:
    """What stands under a key of a caller who has entered already."""
    sql = "SELECT turn, fingerprint, status, content_type, body FROM claim($1, $2, $3)"
    found = await find_one(conn, Claim, sql, actor_id, route, key)
    if found is None:
        raise Unauthenticated
    return found


async def enter_as_member(conn: Connection, issuer: str, subject_hmac: bytes) -> Member:
    """The staff member of a login with the roles held now; sets app.member."""
    sql = """
        SELECT set_config('app.member', m.member_id::text, true) AS entered, m.member_id,
               coalesce(jsonb_agg(jsonb_build_object('role', s.role, 'study', s.study_id,
                                                     'organisation', s.organisation_id))
                        FILTER (WHERE s.role IS NOT NULL), '[]') AS memberships
          FROM member m
          LEFT JOIN membership s ON s.member_id = m.member_id AND s.ended_at IS NULL
         WHERE m.subject_hmac = $2 AND m.issuer = $1
         GROUP BY m.member_id
    """
    row = await conn.fetchrow(sql, issuer, subject_hmac)
    if row is None:
        raise Forbidden("This login belongs to no member.")
    return _member(row["member_id"], row["memberships"])


def _member(member_id: UUID, memberships: list[dict[str, Any]]) -> Member:
    return Member(
        member_id=UUID(int=member_id.int),
        roles=frozenset(
            m["role"] for m in memberships if m["study"] is None and m["organisation"] is None
        ),
        studies={UUID(m["study"]): m["role"] for m in memberships if m["study"]},
        organisations={
            UUID(m["organisation"]): m["role"] for m in memberships if m["organisation"]
        },
    )
