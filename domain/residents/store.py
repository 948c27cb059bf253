"""A resident's own record: profile, preferences, attributes, sign-out, and the end of an account's logins."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from domain.db import Connection, fetch_all, find_one
from domain.errors import NotFound, PreconditionFailed
from domain.residents.model import (
    UNUSED_DAYS,
    Attribute,
    AttributeName,
    Preferences,
    Profile,
)


async def profile(conn: Connection, resident_id: UUID) -> Profile:
    """The resident.

    Raises:
        NotFound: there is none, or no more.

    """
    sql = """
        SELECT resident_id, state, language, zone, protected_identity, notice_version,
               notice_language, created_at, unused_since,
               unused_since + make_interval(days => $2) AS donations_end_at
          FROM resident
         WHERE resident_id = $1
    """
    found = await find_one(conn, Profile, sql, resident_id, UNUSED_DAYS)
    if found is None:
        raise NotFound
    return found


async def preferences(conn: Connection, resident_id: UUID) -> tuple[Preferences, int]:
    """The preferences, and their revision.

    Raises:
        NotFound: there is no such resident.

    """
    sql = "SELECT language, zone, preferences, revision FROM resident WHERE resident_id = $1"
    row = await conn.fetchrow(sql, resident_id)
    if row is None:
        raise NotFound
    return _preferences(dict(row)), row["revision"]


async def prefer(
    conn: Connection, resident_id: UUID, wanted: Preferences, revision: int
) -> tuple[Preferences, int]:
    """Replace the preferences that stand at `revision`. Returns them with their new revision.

    Raises:
        PreconditionFailed: another device has changed them since.

    """
    sql = """
        UPDATE resident
           SET language = $3, zone = $4, preferences = $5, revision = revision + 1
         WHERE resident_id = $1 AND revision = $2
        RETURNING language, zone, preferences, revision
    """
    rest = {
        "quiet_hours": wanted.quiet_hours,
        "muted": sorted(set(wanted.muted)),
        "muted_studies": sorted(set(map(str, wanted.muted_studies))),
    }
    row = await conn.fetchrow(sql, resident_id, revision, wanted.language, wanted.zone, rest)
    if row is None:
        raise PreconditionFailed
    return _preferences(dict(row)), row["revision"]


def _preferences(row: Mapping[str, Any]) -> Preferences:
    own = {"language": row["language"], "zone": row["zone"], **row["preferences"]}
    return msgspec.convert(own, Preferences)


async def attributes(conn: Connection, resident_id: UUID) -> list[Attribute]:
    """What sources say about the resident."""
    sql = """
        SELECT name, value, source, as_of, dispute, disputed_at
          FROM resident_attribute
         WHERE resident_id = $1
         ORDER BY name
    """
    return await fetch_all(conn, Attribute, sql, resident_id)


async def dispute(
    conn: Connection, resident_id: UUID, name: AttributeName, text: str | None
) -> Attribute:
    """Say why an attribute is wrong, or (None) take that back. The value stays the source's.

    Raises:
        NotFound: nothing is said about the resident under that name.

    """
    sql = """
        UPDATE resident_attribute
           SET dispute = $3, disputed_at = CASE WHEN $3::text IS NULL THEN NULL
                                                WHEN dispute = $3 THEN disputed_at
                                                ELSE clock_timestamp() END
         WHERE resident_id = $1 AND name = $2
        RETURNING name, value, source, as_of, dispute, disputed_at
    """
    found = await find_one(conn, Attribute, sql, resident_id, name, text)
    if found is None:
        raise NotFound
    return found


async def sign_out_everywhere(conn: Connection, resident_id: UUID) -> None:
    """From COMMIT on, tokens of logins up to this moment are refused, whenever they run out."""
    sql = "UPDATE resident SET signed_out_at = clock_timestamp() WHERE resident_id = $1"
    await conn.execute(sql, resident_id)


async def sealed_person_number(conn: Connection, resident_id: UUID) -> bytes | None:
    """The resident's number as it is stored, where one is."""
    sql = "SELECT person_number_sealed FROM resident WHERE resident_id = $1"
    sealed: bytes | None = await conn.fetchval(sql, resident_id)
    return sealed


async def set_unused(conn: Connection, resident_id: UUID, *, unused: bool) -> bool:
    """Start the 90 days, or end them. True where they start now: the resident is to be asked."""
    sql = """
        UPDATE resident
           SET unused_since = CASE WHEN $2 THEN clock_timestamp() END
         WHERE resident_id = $1 AND (unused_since IS NULL) = $2
        RETURNING unused_since IS NOT NULL AS starts
    """
    starts: bool | None = await conn.fetchval(sql, resident_id, unused)
    return bool(starts)


async def hold_on_to(conn: Connection, resident_id: UUID) -> bool:
    """Keep others from changing the record or adding a login until COMMIT. False: it is gone."""
    sql = "SELECT resident_id FROM resident WHERE resident_id = $1 FOR UPDATE"
    return await conn.fetchval(sql, resident_id) is not None


async def close_account(conn: Connection, resident_id: UUID) -> None:
    """The account is gone: its tokens are refused from COMMIT on, and the person is found no more."""
    sql = "UPDATE resident SET state = 'erased' WHERE resident_id = $1"
    await conn.execute(sql, resident_id)
    sql = "SELECT subject_hmac, issuer FROM identity WHERE resident_id = $1"
    for login in await conn.fetch(sql, resident_id):
        # A login without a resident is seen by nobody but itself: each is closed in its own name.
        sql = "SELECT set_config('app.subject', $1, true) AS subject"
        await conn.execute(sql, login["subject_hmac"].hex())
        sql = """
            UPDATE identity SET resident_id = NULL, erased_at = clock_timestamp()
             WHERE subject_hmac = $1 AND issuer = $2
        """
        await conn.execute(sql, login["subject_hmac"], login["issuer"])
    sql = "DELETE FROM person WHERE resident_id = $1"
    await conn.execute(sql, resident_id)


async def purge_closed_logins(conn: Connection, limit: int) -> int:
    """Forget logins of erased accounts after a day, when every token of before has run out."""
    sql = """
        WITH gone AS (
            DELETE FROM identity i
             USING (SELECT issuer, subject_hmac FROM identity
                     WHERE erased_at < now() - interval '24 hours'
                     LIMIT $1) old
             WHERE i.subject_hmac = old.subject_hmac AND i.issuer = old.issuer
            RETURNING 1)
        SELECT count(*) AS gone FROM gone
    """
    gone: int = await conn.fetchval(sql, limit)
    return gone
