"""What a resident and a study team write to each other (FHIR Communication).

The team knows the resident by the code of the study alone, and reaches them only through the gate:
while they take part, and where no block keeps the study from speaking to them. Texts are sealed.
"""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from domain.caller import Member
from domain.consents import gate
from domain.db import Connection, act_for, new_id
from domain.disclosures import uses
from domain.disclosures.model import Reader
from domain.donations.data_keys import opened, opened_or_made
from domain.donations.keys import KeyProvider
from domain.donations.segments import Place, decrypt, encrypt
from domain.errors import Forbidden, NotFound, Refusal
from domain.fields import Input
from domain.studies import enrolments
from notifications.kinds import Kind
from notifications.outbox import promise

SCOPE = "conversations"
WRITERS = frozenset({"lead", "coordinator"})
MOST_BY_TEAM, MOST_BY_RESIDENT = 20, 100
"""In one conversation within 24 hours."""

Words = Annotated[
    str,
    Meta(min_length=1, max_length=4000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"),
    Meta(description="No control characters but line feeds", examples=["When is the next visit?"]),
]


class NotReachable(Refusal):
    """The study cannot speak to this participant now."""

    status = 409


class TooManyMessages(Refusal):
    """More has been written within a day than is taken."""

    status = 429
    retry_after = 3600


class Writing(Input, frozen=True, kw_only=True):
    """A message as it is sent."""

    text: Words


class Written(Struct, frozen=True, kw_only=True):
    """What became of a message. It repeats no text: the answer is kept in clear for its retries."""

    communication_id: UUID
    from_team: bool
    written_at: datetime


class Communication(Written, frozen=True, kw_only=True):
    """One message of a conversation. `read_at`: when the resident marked it as read."""

    text: str
    read_at: datetime | None


class Between(NamedTuple):
    """A conversation."""

    resident_id: UUID
    study_id: UUID


async def write(conn: Connection, keys: KeyProvider, between: Between, writing: Writing) -> Written:
    """A resident writes to the team of a study that they take part in.

    Raises:
        NotFound: they do not take part in it.
        TooManyMessages: more than is taken in a day.

    """
    await gate.lock_own(conn, between.resident_id)
    await _check_taking_part(conn, between)
    return await _add(conn, keys, between, None, writing.text)


async def write_to(
    conn: Connection,
    keys: KeyProvider,
    member: Member,
    study_id: UUID,
    code: UUID,
    writing: Writing,
) -> Written:
    """A team writes to a participant, who is told.

    Raises:
        Forbidden: only a study's lead and coordinators speak for it.
        NotFound: not their study, or nobody takes part under the code.
        NotReachable: a block, a pause or a withdrawal stands against it.
        StudyNotInForce: nothing may be done for the study now.
        TooManyMessages: more than is taken in a day.

    """
    between = await reach(conn, member, study_id, code)
    made = await _add(conn, keys, between, member.member_id, writing.text)
    await promise(conn, between.resident_id, Kind.MESSAGE_RECEIVED, made.communication_id, study_id)
    return made


async def reach(conn: Connection, member: Member, study_id: UUID, code: UUID) -> Between:
    """Whom a code stands for, held to the gate until COMMIT; row-level security then goes by them.

    Raises as `write_to`.
    """
    role = member.studies.get(study_id)
    if role is None:
        raise NotFound
    if role not in WRITERS:
        raise Forbidden
    await uses.check_standing(conn, Reader(study_id, member.member_id))
    between = Between(await enrolments.resident_of(conn, study_id, code), study_id)
    locked = await gate.lock_many(conn, [between.resident_id])
    await act_for(conn, between.resident_id)
    await _check_taking_part(conn, between, code)
    if not locked or between not in await gate.contactable(conn, [between]):
        raise NotReachable("Nothing was sent, and nothing is shown.")
    return between


async def mine(
    conn: Connection, keys: KeyProvider, between: Between, before: UUID | None, limit: int
) -> list[Communication]:
    """What a resident and a team wrote, newest first, also when they have left.

    Raises:
        NotFound: they never took part in it.

    """
    await check_took_part(conn, between)
    return await conversation(conn, keys, between, before, limit)


async def check_took_part(conn: Connection, between: Between) -> None:
    """That a resident takes part in a study, or did. Raises NotFound."""
    sql = "SELECT EXISTS (SELECT FROM enrolment WHERE resident_id = $1 AND study_id = $2) AS there"
    if not await conn.fetchval(sql, *between):
        raise NotFound


async def conversation(
    conn: Connection, keys: KeyProvider, between: Between, before: UUID | None, limit: int
) -> list[Communication]:
    """What was written, newest first. Raises `KeyUnavailable`, `KeyForeign`, `Unreadable`."""
    sql = """
        SELECT communication_id, member_id, key_version, body, written_at, read_at
          FROM communication
         WHERE resident_id = $1 AND study_id = $2 AND ($3::uuid IS NULL OR communication_id < $3)
         ORDER BY communication_id DESC
         LIMIT $4
    """
    rows = await conn.fetch(sql, *between, before, limit)
    ring = await opened(conn, keys, between.resident_id, [SCOPE])
    return [
        Communication(
            communication_id=row["communication_id"],
            from_team=row["member_id"] is not None,
            text=decrypt(
                ring.keys[SCOPE, row["key_version"]],
                Place(*between, row["communication_id"], row["key_version"]),
                row["body"],
            ).decode(),
            written_at=row["written_at"],
            read_at=row["read_at"],
        )
        for row in rows
    ]


async def studies_of(conn: Connection, resident_id: UUID) -> list[UUID]:
    """The studies that a resident has a conversation with."""
    sql = "SELECT DISTINCT study_id FROM communication WHERE resident_id = $1 ORDER BY study_id"
    return [row["study_id"] for row in await conn.fetch(sql, resident_id)]


async def mark_read(conn: Connection, between: Between, communication_id: UUID) -> None:
    """Mark a team's message as read; the first time counts.

    Raises:
        NotFound: the resident has no such message from a team.

    """
    sql = """
        UPDATE communication SET read_at = coalesce(read_at, clock_timestamp())
         WHERE resident_id = $1 AND study_id = $2 AND communication_id = $3
           AND member_id IS NOT NULL
        RETURNING communication_id
    """
    if await conn.fetchval(sql, *between, communication_id) is None:
        raise NotFound


async def _check_taking_part(conn: Connection, between: Between, code: UUID | None = None) -> None:
    sql = """
        SELECT EXISTS (SELECT FROM enrolment
                        WHERE resident_id = $1 AND study_id = $2 AND ended_at IS NULL
                          AND ($3::uuid IS NULL OR code = $3)) AS there
    """
    if not await conn.fetchval(sql, *between, code):
        raise NotFound


async def _add(
    conn: Connection, keys: KeyProvider, between: Between, member_id: UUID | None, text: str
) -> Written:
    sql = """
        SELECT count(*) AS today
          FROM communication
         WHERE resident_id = $1 AND study_id = $2 AND (member_id IS NULL) = $3
           AND written_at > now() - interval '24 hours'
    """
    most = MOST_BY_RESIDENT if member_id is None else MOST_BY_TEAM
    if await conn.fetchval(sql, *between, member_id is None) >= most:
        raise TooManyMessages("Go on tomorrow.")
    ring = await opened_or_made(conn, keys, between.resident_id, [SCOPE])
    version, communication_id = ring.newest(SCOPE), new_id()
    place = Place(*between, communication_id, version)
    body = encrypt(ring.keys[SCOPE, version], place, text.encode())
    sql = """
        INSERT INTO communication (resident_id, study_id, communication_id, member_id, key_version, body)
        VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING written_at
    """
    written_at = await conn.fetchval(sql, *between, communication_id, member_id, version, body)
    return Written(
        communication_id=communication_id,
        from_team=member_id is not None,
        written_at=written_at,
    )
