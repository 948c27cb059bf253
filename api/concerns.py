"""Concerns: answers that somebody is to look at within a time, on the lists of those who are to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import get, put
from litestar.params import FromPath

from api.auth import staff
from api.dependencies import Conn, Staff
from api.pages import Cursor, Limit, Page, cursor_of, key_of
from api.problems import refusals
from domain.disclosures import concerns
from domain.disclosures.concerns import Concern
from domain.disclosures.model import MembershipEnded, StudyNotInForce
from domain.errors import NotFound

NOT_NOW = (NotFound, StudyNotInForce, MembershipEnded)


@get(
    "/v1/studies/{study_id:uuid}/concerns",
    guards=[staff],
    responses=refusals(*NOT_NOW),
)
async def open_ones(
    conn: Conn, member: Staff, study_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
) -> Page[Concern]:
    """What nobody has looked at yet, the most urgent first.

    The study's team sees what is for it. Stewards see what is for them, and what is overdue.
    """
    after = key_of(cursor, tuple[datetime, UUID])
    found, last = await concerns.of_study(conn, member, study_id, after, limit)
    return Page(items=found, next=None if last is None else cursor_of(last))


@put(
    "/v1/studies/{study_id:uuid}/concerns/{concern_id:uuid}/seen",
    guards=[staff],
    responses=refusals(*NOT_NOW),
)
async def seen(
    conn: Conn, member: Staff, study_id: FromPath[UUID], concern_id: FromPath[UUID]
) -> Concern:
    """Say that I have looked, and that it is in hand. Once more changes nothing."""
    return await concerns.see(conn, member, study_id, concern_id)


routes: list[Any] = [open_ones, seen]
"""In the order of the description."""
