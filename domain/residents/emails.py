"""A resident's e-mail address: set, confirmed by a code that was sent to it, and removed.

At rest it is sealed by the platform's key. The code is never stored: it follows from the id of the
letter that brings it and the region's secret, and a digest under that secret tells a right one.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from domain.damage import Damaged
from domain.db import Connection, find_one, new_id
from domain.errors import NotFound, Refusal
from domain.fields import Input
from notifications import outbox
from notifications.addresses import LONGEST, is_address

DIGITS = 6
MOST_TRIES = 5
"""Of one code."""
MOST_CODES = 5
"""Sent for one resident within a day, to whatever addresses."""
DAY = timedelta(days=1)
LIVES = timedelta(hours=1)
AGAIN = timedelta(minutes=1)
"""What is asked again so soon is the same request: its letter is under way."""


class NotAnAddress(Refusal):
    """This is not an e-mail address that can be written to."""

    status = 422


class TooManyCodes(Refusal):
    """More codes have been asked for within a day than are sent."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        """`wait`: until the first of them is a day old."""
        super().__init__("Go on after Retry-After.")
        self.retry_after = max(1, int(wait.total_seconds()))


class CodeWrong(Refusal):
    """This is not the code that was sent."""

    status = 422


class CodeOver(Refusal):
    """The code has run out, or was tried too often. Set the address again for a new one."""

    status = 409


class Setting(Input, frozen=True, kw_only=True):
    """An address as it is set. Where it is not `wanted`, it is kept and not written to."""

    address: Annotated[
        str,
        Meta(min_length=3, max_length=LONGEST, pattern=r"^[!-~]+$(?!\n)"),
        Meta(examples=["anna@mail.example"]),
    ]
    wanted: bool = True


class Code(Input, frozen=True, kw_only=True):
    """What the letter says."""

    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$(?!\n)", examples=["040506"])]


class Email(Struct, frozen=True, kw_only=True):
    """An address as its resident sees it. Knocks go there once it is confirmed, where no device can be told."""

    address: str
    wanted: bool
    set_at: datetime
    confirmed_at: datetime | None
    code_expires_at: datetime | None


Seal = Callable[[UUID, str], Awaitable[bytes]]
"""A resident's address as it is stored. Raises `KeyUnavailable`."""
Open = Callable[[UUID, bytes], Awaitable[str]]
"""The address in clear again. Raises `KeyUnavailable`, `Damaged`."""


class Safe(NamedTuple):
    """The region's secret, and what seals and opens at rest."""

    secret: bytes
    seal: Seal
    open: Open


class _Row(Struct, frozen=True, kw_only=True):
    sealed: bytes | None
    wanted: bool
    set_at: datetime
    confirmed_at: datetime | None
    code_expires_at: datetime | None
    asked_at: list[datetime]
    now: datetime


def code_of(secret: bytes, code_id: UUID) -> str:
    """What the letter of that id says."""
    made = hmac.digest(secret, b"email code\0" + code_id.bytes, hashlib.sha256)
    return f"{int.from_bytes(made) % 10**DIGITS:0{DIGITS}}"


def digest(secret: bytes, resident_id: UUID, code: str) -> bytes:
    """Under what a code is kept. Unkeyed, all million codes could be tried."""
    said = b"email digest\0" + resident_id.bytes + code.encode()
    return hmac.digest(secret, said, hashlib.sha256)


async def readable(opening: Open, resident_id: UUID, sealed: bytes) -> str | None:
    """An address in clear, or None where it does not open. Raises `KeyUnavailable`."""
    try:
        return await opening(resident_id, sealed)
    except Damaged:
        return None


async def put(conn: Connection, safe: Safe, resident_id: UUID, given: Setting) -> Email:
    """Set an address. One that is not the confirmed one is sent a code, and is used only after it.

    Raises:
        NotAnAddress: nobody could be written to under it.
        TooManyCodes: more than are sent in a day.

    """
    if not is_address(given.address):
        raise NotAnAddress
    row = await _held(conn, resident_id)
    known = row.sealed and await readable(safe.open, resident_id, row.sealed)
    late = [at for at in row.asked_at if at > row.now - DAY]
    under_way = row.code_expires_at is not None and late and late[-1] > row.now - AGAIN
    if known != given.address or not (row.confirmed_at or under_way):
        if len(late) >= MOST_CODES:
            raise TooManyCodes(late[0] + DAY - row.now)
        await _ask(conn, safe, resident_id, given.address, [*late, row.now])
    sql = "UPDATE email SET wanted = $2 WHERE resident_id = $1"
    await conn.execute(sql, resident_id, given.wanted)
    return await mine(conn, safe.open, resident_id)


async def _held(conn: Connection, resident_id: UUID) -> _Row:
    """What is there, or was: locked, so that no two requests count the same letters."""
    sql = "INSERT INTO email (resident_id) VALUES ($1) ON CONFLICT DO NOTHING"
    await conn.execute(sql, resident_id)
    sql = """
        SELECT sealed, wanted, set_at, confirmed_at, code_expires_at, asked_at, clock_timestamp() AS now
          FROM email
         WHERE resident_id = $1
           FOR UPDATE
    """
    row = await find_one(conn, _Row, sql, resident_id)
    if row is None:
        raise NotFound
    return row


async def _ask(
    conn: Connection, safe: Safe, resident_id: UUID, address: str, asked: Sequence[datetime]
) -> None:
    """Keep an address that is to be confirmed, and promise it a letter with a code."""
    code_id = new_id()
    sql = """
        UPDATE email
           SET sealed = $2, set_at = $6, confirmed_at = NULL, code_id = $3, code_digest = $4,
               code_expires_at = $6::timestamptz + $7::interval, tries = 0, asked_at = $5
         WHERE resident_id = $1
    """
    sealed = await safe.seal(resident_id, address)
    kept = digest(safe.secret, resident_id, code_of(safe.secret, code_id))
    await conn.execute(sql, resident_id, sealed, code_id, kept, asked, asked[-1], LIVES)
    await outbox.promise_code(conn, resident_id, code_id)


async def confirm(conn: Connection, safe: Safe, resident_id: UUID, given: Code) -> Email | Refusal:
    """Confirm the address by its code. A confirmed one stays so.

    A refusal is returned and not raised: with a wrong code the transaction has a try to commit.

    Raises:
        NotFound: there is no address.

    """
    sql = """
        UPDATE email SET tries = tries + 1
         WHERE resident_id = $1 AND tries < $2 AND code_expires_at > clock_timestamp()
        RETURNING code_digest
    """
    kept = await conn.fetchval(sql, resident_id, MOST_TRIES)
    if kept is None:
        found = await mine(conn, safe.open, resident_id)
        return found if found.confirmed_at else CodeOver()
    if not hmac.compare_digest(kept, digest(safe.secret, resident_id, given.code)):
        return CodeWrong()
    sql = """
        UPDATE email
           SET confirmed_at = clock_timestamp(), code_id = NULL, code_digest = NULL, code_expires_at = NULL
         WHERE resident_id = $1
    """
    await conn.execute(sql, resident_id)
    return await mine(conn, safe.open, resident_id)


async def mine(conn: Connection, opening: Open, resident_id: UUID) -> Email:
    """A resident's address.

    Raises:
        NotFound: there is none.
        KeyUnavailable, Damaged: it does not open.

    """
    found = await of_resident(conn, opening, resident_id)
    if not found:
        raise NotFound
    return found[0]


async def of_resident(conn: Connection, opening: Open, resident_id: UUID) -> list[Email]:
    """A resident's address, or nothing. Raises `KeyUnavailable`, `Damaged`."""
    sql = """
        SELECT sealed, wanted, set_at, confirmed_at, code_expires_at, asked_at, clock_timestamp() AS now
          FROM email
         WHERE resident_id = $1
    """
    row = await find_one(conn, _Row, sql, resident_id)
    if row is None or row.sealed is None:
        return []
    address = await opening(resident_id, row.sealed)
    return [
        Email(
            address=address, wanted=row.wanted, set_at=row.set_at, confirmed_at=row.confirmed_at,
            code_expires_at=row.code_expires_at,
        )
    ]  # fmt: skip


async def remove(conn: Connection, resident_id: UUID) -> None:
    """Forget the address; twice does no harm. That codes were sent of late is remembered for a day."""
    sql = """
        UPDATE email
           SET sealed = NULL, set_at = clock_timestamp(), confirmed_at = NULL, code_id = NULL,
               code_digest = NULL, code_expires_at = NULL
         WHERE resident_id = $1
    """
    await conn.execute(sql, resident_id)
    await outbox.cancel_code(conn, resident_id)


async def purge_removed(conn: Connection, limit: int) -> int:
    """Forget what was left of addresses that were removed a day ago. How many."""
    sql = """
        WITH gone AS (
            DELETE FROM email e
             USING (SELECT resident_id FROM email
                     WHERE sealed IS NULL AND set_at < now() - $1::interval
                     LIMIT $2) old
             WHERE e.resident_id = old.resident_id AND e.sealed IS NULL
            RETURNING 1)
        SELECT count(*) AS gone FROM gone
    """
    gone: int = await conn.fetchval(sql, DAY, limit)
    return gone
