"""Facts as rows: what a resident declared to be found by, in clear only while they chose to be found.

They go with that choice in its own transaction (the trigger `fact_forget`), and with the response.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.consents import gate
from domain.db import Connection, fetch_all
from domain.surveys.facts import Fact

CATEGORY = "declared-facts"
"""The category of the use `find` that facts are kept under."""


class Declared(Struct, frozen=True, kw_only=True):
    """A fact, and the response that declared it. `url` is the questionnaire's."""

    url: str
    code: str
    value: str
    response_id: UUID
    declared_at: datetime


async def keep(
    conn: Connection,
    resident_id: UUID,
    url: str,
    response_id: UUID,
    written_at: datetime,
    facts: Sequence[Fact],
) -> None:
    """Put the facts of a response in the place of earlier ones, where the resident chose to be found.

    Those of a response that was written later stay. Call it behind the gate's lock.
    """
    if not await gate.may(conn, resident_id, "find", CATEGORY):
        return
    sql = """
        DELETE FROM fact
         WHERE resident_id = $1 AND url = $2 AND (declared_at <= $3 OR response_id = $4)
    """
    await conn.execute(sql, resident_id, url, written_at, response_id)
    sql = """
        INSERT INTO fact (resident_id, url, declared_at, response_id, code, value)
        SELECT $1, $2, $3, $4, t.code, t.value FROM unnest($5::text[], $6::text[]) AS t (code, value)
         WHERE NOT EXISTS (SELECT FROM fact WHERE resident_id = $1 AND url = $2)
    """
    codes, values = [one.code for one in facts], [one.value for one in facts]
    await conn.execute(sql, resident_id, url, written_at, response_id, codes, values)


async def of_resident(conn: Connection, resident_id: UUID) -> list[Declared]:
    """Everything that a resident can be found by of what they declared."""
    sql = """
        SELECT url, code, value, response_id, declared_at
          FROM fact
         WHERE resident_id = $1
         ORDER BY url, code, value
    """
    return await fetch_all(conn, Declared, sql, resident_id)


async def forget(conn: Connection, resident_id: UUID) -> None:
    """Delete a resident's facts where the choice to be found has run out. The worker's step."""
    sql = "DELETE FROM fact WHERE resident_id = $1"
    if not await gate.chosen(conn, resident_id, "find", CATEGORY):
        await conn.execute(sql, resident_id)
