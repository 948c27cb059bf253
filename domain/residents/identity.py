"""From a login to who is behind it: the directories of residents and of staff."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from msgspec import Struct

from domain.caller import Member, Resident
from domain.db import Connection, calling, find_one
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


class Door(Struct, frozen=True, kw_only=True):
    """A verified login that asks to come in. Tokens name it; the directory says whose it is."""

    issuer: str
    subject_hmac: bytes
    issued_at: datetime

    def admit(self, found: Record | None) -> Resident:
        """The resident that the directory found.

        Raises:
            Unauthenticated: a login of before the last sign-out-everywhere or erasure.
            ResidentUnknown: the platform notice has not been accepted.

        """
        if found is None:
            raise Unauthenticated
        refused_until = found["refused_until"]
        if refused_until and self.issued_at <= refused_until:
            raise Unauthenticated
        if found["language"] is None:
            raise ResidentUnknown("PUT /v1/me accepts the platform notice.", accept_at="/v1/me")
        resident_id = UUID(int=found["resident_id"].int)
        return Resident(resident_id=resident_id, language=found["language"], zone=found["zone"])


class Knock(NamedTuple):
    """A login that asks to come in with an Idempotency-Key, in the first statement of what it asks.

    `fingerprint` is of what it asks. `admit` is handed what that statement found, and raises where it
    may not come in.
    """

    door: Door
    route: str
    key: str
    fingerprint: bytes
    admit: Callable[[Record], Resident]


async def enter(conn: Connection, door: Door) -> Resident:
    """The resident of a login, as whom the rest of the transaction acts (app.resident). Raises as `Door.admit`."""
    sql = """
        SELECT resident_id, language, zone, refused_until FROM enter($1, $2, NULL, NULL)
    """
    return door.admit(await conn.fetchrow(sql, door.issuer, door.subject_hmac))


async def enter_at(conn: Connection, knock: Knock) -> Resident:
    """`enter` and `claim` in one round trip. Raises what `Knock.admit` does."""
    sql = """
        SELECT resident_id, language, zone, refused_until,
               turn, fingerprint, status, content_type, body
          FROM enter($1, $2, $3, $4)
    """
    row: Any = await conn.fetchrow(
        sql, knock.door.issuer, knock.door.subject_hmac, knock.route, knock.key
    )
    return knock.admit(row)


def claimed(row: Record) -> Claim:
    """The claim in a row that has its columns."""
    return Claim(**{name: row[name] for name in Claim.__struct_fields__})


async def claim(conn: Connection, actor_id: UUID, route: str, key: str) -> Claim:
    """What stands under a key of a caller who has entered already."""
    sql = "SELECT turn, fingerprint, status, content_type, body FROM claim($1, $2, $3)"
    found = await find_one(conn, Claim, sql, actor_id, route, key)
    if found is None:
        raise Unauthenticated
    return found


class Reply(Struct, frozen=True, kw_only=True):
    """An answer as it is kept under an Idempotency-Key, to be given again."""

    actor_id: UUID
    route: str
    key: str
    fingerprint: bytes
    status: int
    content_type: str
    body: bytes


def keeping(reply: Reply) -> str:
    """The words that keep an answer, to go with the COMMIT of what it answers."""
    return calling(
        "keep_reply", reply.actor_id, reply.route, reply.key, reply.fingerprint, reply.status,
        reply.content_type, reply.body,
    )  # fmt: skip


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
