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


async def forget(conn: Connection, limit: int) -> int:
    """Delete the facts of choices that ran out. The worker's step; how many."""
    sql = """
        WITH over AS (
            SELECT DISTINCT g.resident_id
              FROM consent_grant g
             WHERE g.use = 'find' AND g.category = $1 AND g.valid_until <= statement_timestamp()
               AND EXISTS (SELECT FROM fact f WHERE f.resident_id = g.resident_id)
               AND NOT EXISTS (SELECT FROM consent_grant o
                                WHERE o.resident_id = g.resident_id AND o.use = 'find' AND o.category = $1
                                  AND NOT isempty(o.data_period)
                                  AND (o.valid_until IS NULL OR o.valid_until > statement_timestamp()))
             LIMIT $2),
        gone AS (DELETE FROM fact f USING over WHERE f.resident_id = over.resident_id RETURNING 1)
        SELECT count(*) AS gone FROM gone
    """
    gone: int = await conn.fetchval(sql, CATEGORY, limit)
    return gone
