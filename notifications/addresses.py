"""E-mail addresses: what is one, whose may be written to, and which is given up.

What could end a header line or name a second recipient is no address.
"""

import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from domain.db import Connection, fetch_all

LONGEST = 254
"""Of an address, by RFC 5321 §4.5.3.1.3."""
LONGEST_LOCAL = 64
"""Of what stands before the @, by §4.5.3.1.1."""
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")


class Address(Struct, frozen=True, kw_only=True):
    """A resident's address, sealed. `code_id`: the letter that is to confirm it.

    `usable`: it is confirmed, and wanted.
    """

    resident_id: UUID
    sealed: bytes
    language: str
    usable: bool
    code_id: UUID | None

    @property
    def device_id(self) -> UUID:
        """Under what it stands among the devices that were told: no device has a resident's id."""
        return self.resident_id


def is_address(text: str) -> bool:
    """Whether it is one address as nearly everyone has it: ASCII, no quotes, a domain with a dot."""
    local = text.partition("@")[0]
    return len(text) <= LONGEST and len(local) <= LONGEST_LOCAL and bool(_ADDRESS.fullmatch(text))


async def known(conn: Connection, resident_ids: Sequence[UUID]) -> Mapping[UUID, Address]:
    """The addresses of those who have one, confirmed or to be confirmed by a code that is still good."""
    sql = """
        SELECT e.resident_id, e.sealed, r.language,
               e.confirmed_at IS NOT NULL AND e.wanted AS usable,
               CASE WHEN e.code_expires_at > clock_timestamp() THEN e.code_id END AS code_id
          FROM email e
          JOIN resident r USING (resident_id)
         WHERE e.resident_id = ANY ($1) AND e.sealed IS NOT NULL
    """
    found = await fetch_all(conn, Address, sql, resident_ids)
    return {one.resident_id: one for one in found}


async def give_up(conn: Connection, address: Address) -> bool:
    """Write to an address no more, if it is still the one that was written to. Whether it was."""
    sql = """
        UPDATE email
           SET confirmed_at = NULL, code_id = NULL, code_digest = NULL, code_expires_at = NULL
         WHERE resident_id = $1 AND sealed = $2
        RETURNING resident_id
    """
    return await conn.fetchval(sql, address.resident_id, address.sealed) is not None
