"""A login arrives: at its resident, at the resident of the same person, or as a new one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.db import Connection, act_for, new_id
from domain.errors import Busy
from domain.residents import person_number
from domain.residents.identity import Door, ResidentUnknown, enter
from domain.residents.model import AttributeName, Beginning, attributes_of, is_protected
from domain.residents.person_number import Sealer
from notifications import outbox
from notifications.kinds import Kind


class Arrival(Struct, frozen=True, kw_only=True):
    """A verified login with what its provider says of the person. Its repr would tell: do not log it."""

    issuer: str
    subject_hmac: bytes
    login_at: datetime
    claims: Mapping[str, Any]


class Vault(NamedTuple):
    """The region's secret for looking a person up, and what seals a number at rest."""

    secret: bytes
    sealer: Sealer


async def arrive(
    conn: Connection, vault: Vault, arrival: Arrival, terms: Beginning
) -> tuple[UUID, bool]:
    """The resident of a login, and whether they are new. The caller has checked the notice's version.

    What the provider says is taken over each time; preferences of a known resident stay.

    Raises:
        Unauthenticated: the login is of before a sign-out-everywhere or an erasure.
        Busy: the same person arrives by another login, or is erased, at this moment.

    """
    today = arrival.login_at.date()
    numbers = person_number.from_claims(arrival.claims, today)
    digests = [person_number.digest(vault.secret, number) for number in numbers]
    resident_id, new = await _known(conn, arrival), False
    if resident_id is None:
        resident_id, new = await _begin(conn, arrival, digests, terms)
    elif not await _stays(conn, resident_id):
        raise Busy
    linked = await _link(conn, resident_id, digests)
    if numbers and (new or linked):
        sealed = await person_number.seal(vault.sealer, resident_id, numbers[0])
        await _keep_number(conn, resident_id, sealed)
    if is_protected(arrival.claims):
        await protect(conn, resident_id)
    await _take_over(conn, resident_id, arrival, attributes_of(arrival.claims, today))
    return resident_id, new


async def _known(conn: Connection, arrival: Arrival) -> UUID | None:
    try:
        found = await enter(conn, _door(arrival))
    except ResidentUnknown:
        return None
    return found.resident_id


def _door(arrival: Arrival) -> Door:
    return Door(
        issuer=arrival.issuer, subject_hmac=arrival.subject_hmac, issued_at=arrival.login_at
    )


async def _begin(
    conn: Connection, arrival: Arrival, digests: Sequence[bytes], terms: Beginning
) -> tuple[UUID, bool]:
    """Claim the person, then the login, for a resident that is new unless one of them is taken."""
    fresh = new_id()
    person = await _person(conn, fresh, digests)
    await act_for(conn, person)
    erased_at = await _erased_at(conn, arrival)
    if not await _claim_login(conn, arrival, person):
        other = await _known(conn, arrival)
        if other is None or (digests and other != person):
            raise Busy
        return other, False
    if person == fresh:
        await _make(conn, fresh, terms, erased_at)
        return fresh, True
    await enter(conn, _door(arrival))
    await outbox.promise(conn, person, Kind.LOGIN_ADDED)
    return person, False


async def _person(conn: Connection, fresh: UUID, digests: Sequence[bytes]) -> UUID:
    """Whose person this is: an earlier resident's by any of the numbers, else the fresh one's."""
    for digest in digests:
        if (owner := await _owner(conn, digest)) is not None:
            await _hold_on_to(conn, owner, digest)
            return owner
    await act_for(conn, fresh)
    await _link(conn, fresh, digests)
    if not digests:
        return fresh
    owner = await _owner(conn, digests[0])  # another login of the same person may have been first
    if owner is None:
        raise Busy
    return owner


async def _hold_on_to(conn: Connection, resident_id: UUID, digest: bytes) -> None:
    """Make sure that the person is this resident's until COMMIT, now that the resident stays."""
    await act_for(conn, resident_id)
    if not await _stays(conn, resident_id) or await _owner(conn, digest) != resident_id:
        raise Busy


async def _stays(conn: Connection, resident_id: UUID) -> bool:
    """Keep an erasure of the resident waiting until COMMIT; False where one has just been."""
    sql = """
        SELECT resident_id FROM resident WHERE resident_id = $1 AND state <> 'erased' FOR KEY SHARE
    """
    return await conn.fetchval(sql, resident_id) is not None


async def _owner(conn: Connection, digest: bytes) -> UUID | None:
    sql = "SELECT set_config('app.person', $1, true) AS person"
    await conn.execute(sql, digest.hex())
    sql = "SELECT resident_id FROM person WHERE person_hmac = $1"
    found: UUID | None = await conn.fetchval(sql, digest)
    return None if found is None else UUID(int=found.int)


async def _link(conn: Connection, resident_id: UUID, digests: Sequence[bytes]) -> bool:
    """Let the numbers lead to this resident; whether any is new. One that leads to another still does."""
    sql = """
        INSERT INTO person (person_hmac, resident_id)
        SELECT digest, $1 FROM unnest($2::bytea[]) AS digest
            ON CONFLICT DO NOTHING
        RETURNING resident_id
    """
    return bool(digests and await conn.fetch(sql, resident_id, digests))


async def _erased_at(conn: Connection, arrival: Arrival) -> datetime | None:
    """When the account that this login had was erased, where it had one."""
    sql = "SELECT erased_at FROM identity WHERE subject_hmac = $1 AND issuer = $2"
    erased_at: datetime | None = await conn.fetchval(sql, arrival.subject_hmac, arrival.issuer)
    return erased_at


async def _claim_login(conn: Connection, arrival: Arrival, resident_id: UUID) -> bool:
    """Let the login lead to the resident; False where it leads to one already. Waits for who is first."""
    sql = """
        INSERT INTO identity AS i (issuer, subject_hmac, resident_id)
        VALUES ($1, $2, $3)
            ON CONFLICT (subject_hmac, issuer)
            DO UPDATE SET resident_id = excluded.resident_id, erased_at = NULL, created_at = now()
                WHERE i.resident_id IS NULL
        RETURNING resident_id
    """
    claimed = await conn.fetchval(sql, arrival.issuer, arrival.subject_hmac, resident_id)
    return claimed is not None


async def _make(
    conn: Connection, resident_id: UUID, terms: Beginning, erased_at: datetime | None
) -> None:
    """A resident who has chosen nothing. Tokens of an account erased before are refused as ever."""
    sql = """
        WITH lock AS (INSERT INTO resident_lock (resident_id) VALUES ($1)),
             head AS (INSERT INTO consent_head (resident_id) VALUES ($1))
        INSERT INTO resident (resident_id, language, zone, notice_version, notice_language, signed_out_at)
        VALUES ($1, $2, $3, $4, $2, $5)
    """
    await conn.execute(
        sql, resident_id, terms.language, terms.zone, terms.notice_version, erased_at
    )


async def _keep_number(conn: Connection, resident_id: UUID, sealed: bytes) -> None:
    sql = "UPDATE resident SET person_number_sealed = $2 WHERE resident_id = $1"
    await conn.execute(sql, resident_id, sealed)


async def protect(conn: Connection, resident_id: UUID) -> None:
    """Mark a protected identity, and drop where the person lives. A login never takes the mark off.

    From then on nothing is collected or used of where the person has been: a block says so.
    """
    sql = """
        WITH marked AS (UPDATE resident SET protected_identity = true
                          WHERE resident_id = $1 AND NOT protected_identity
                      RETURNING resident_id),
             blocked AS (INSERT INTO block (resident_id, kind, source, scope, category, placed_by)
                         SELECT resident_id, 'block', 'protected-identity', 'category', 'location',
                                resident_id
                           FROM marked)
        DELETE FROM resident_attribute WHERE resident_id = $1 AND name = 'municipality'
    """
    await conn.execute(sql, resident_id)


async def _take_over(
    conn: Connection,
    resident_id: UUID,
    arrival: Arrival,
    attributes: Mapping[AttributeName, str],
) -> None:
    """Store what the provider says, newest login first. A dispute was of the value it was about."""
    sql = """
        INSERT INTO resident_attribute AS a (resident_id, name, value, source, as_of)
        SELECT $1, t.name, t.value, $4, $5
          FROM unnest($2::text[], $3::text[]) AS t (name, value)
         WHERE NOT (t.name = 'municipality' AND EXISTS (
               SELECT FROM resident r WHERE r.resident_id = $1 AND r.protected_identity))
            ON CONFLICT (resident_id, name) DO UPDATE
           SET value = excluded.value, source = excluded.source, as_of = excluded.as_of,
               dispute = CASE WHEN a.value = excluded.value THEN a.dispute END,
               disputed_at = CASE WHEN a.value = excluded.value THEN a.disputed_at END
         WHERE a.as_of <= excluded.as_of
    """
    names, values = list(attributes), list(attributes.values())
    await conn.execute(sql, resident_id, names, values, arrival.issuer, arrival.login_at)
