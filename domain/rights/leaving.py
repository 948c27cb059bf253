"""What ends with the consent that it rests on: taking part, and what was still to be answered."""

from uuid import UUID

from domain.consents.model import Scope
from domain.db import Connection
from domain.studies import enrolments
from domain.surveys import assignments


async def end(conn: Connection, resident_id: UUID, scope: Scope) -> None:
    """End what a withdrawal leaves without ground. Call it once the grants are closed."""
    await enrolments.end(conn, resident_id, scope)
    await assignments.stop(conn, resident_id)
