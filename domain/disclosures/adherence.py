"""How a study's participants answer what it asks them, by code and week, behind the gate."""

from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.audit import store as audit
from domain.consents import gate
from domain.consents.categories import TOPICS
from domain.db import Connection
from domain.disclosures.model import Reader, written_down
from domain.disclosures.survey_uses import opened
from domain.disclosures.uses import check_standing
from domain.studies import enrolments
from domain.surveys.receiving import Week, by_week
from domain.surveys.study_responses import outcomes


class Adherence(Struct, frozen=True, kw_only=True):
    """The weeks of one participant in which anything was asked."""

    participant: UUID
    weeks: list[Week]


async def adherence(
    conn: Connection, reader: Reader, weeks: int, after: UUID | None, limit: int, now: datetime
) -> tuple[list[Adherence], UUID | None]:
    """Of the participants after a code, and the code to go on after. Each read is in their access logs.

    Who is being withdrawn from at this moment, or has consented to none of it, is left out.

    Raises:
        MembershipEnded, StudyNotInForce: see `uses.check_standing`.

    """
    purpose = await check_standing(conn, reader)
    sql = "SELECT set_config('app.study', $1, true) AS study"
    await conn.execute(sql, str(reader.study_id))
    window = await enrolments.participants(conn, reader.study_id, after, limit)
    locked = set(await gate.lock_many(conn, sorted({one for _, one in window})))
    permits, codes = await opened(conn, reader.study_id, window, locked, sorted(TOPICS))
    since = now - timedelta(weeks=weeks)
    found = await outcomes(conn, reader.study_id, permits, since)
    await audit.record(
        conn,
        [
            written_down(
                reader, purpose, one, permits,
                [(category, outcome.opens_at) for category, outcome in asked],
            )
            for one, asked in found.items()
        ],
    )  # fmt: skip
    told = [
        Adherence(participant=code, weeks=by_week([o for _, o in found[resident_id]], now))
        for resident_id, code in codes.items()
        if resident_id in found
    ]
    return told, window[-1][0] if len(window) == limit else None
