"""Where a message leads, and whether that is still open: an app asks before it goes there."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.db import Connection
from notifications.inbox import Message
from notifications.kinds import Kind

What = Literal["assignment", "consents", "conversation", "devices", "donations", "sources", "study"]

LEADS: Mapping[Kind, What] = {
    Kind.CONSENT_EXPIRING: "consents",
    Kind.CONSENT_ENDED: "consents",
    Kind.CONSENT_TO_REVIEW: "consents",
    Kind.STUDY_JOINED: "study",
    Kind.STUDY_LEFT: "study",
    Kind.DONATIONS_UNUSED: "donations",
    Kind.SOURCE_SILENT: "sources",
    Kind.MESSAGE_RECEIVED: "conversation",
    Kind.SURVEY_DUE: "assignment",
    Kind.SURVEY_REMINDER: "assignment",
    Kind.LOGIN_ADDED: "devices",
    Kind.DEVICE_ADDED: "devices",
}
"""What a kind leads to. The others are read, and lead nowhere."""


class Target(Struct, frozen=True, kw_only=True):
    """A place in the app. One's choices, devices and sources are always there. `id` is that of the assignment, study or item; `open`: it is still there to act on."""

    what: What
    id: UUID | None
    open: bool


async def target(conn: Connection, resident_id: UUID, message: Message) -> Target | None:
    """Where a message leads now; None where it is only to be read."""
    sql = """
        SELECT CASE $2
               WHEN 'assignment' THEN EXISTS (
                    SELECT FROM assignment a
                     WHERE a.resident_id = $1 AND a.assignment_id = $3 AND a.state IN ('due', 'draft')
                       AND a.opens_at <= now() AND a.expires_at > now())
               WHEN 'study' THEN EXISTS (
                    SELECT FROM study s WHERE s.study_id = $4 AND s.status <> 'withdrawn')
               WHEN 'conversation' THEN EXISTS (
                    SELECT FROM enrolment e
                     WHERE e.resident_id = $1 AND e.study_id = $4 AND e.ended_at IS NULL)
               WHEN 'donations' THEN EXISTS (SELECT FROM stream s WHERE s.resident_id = $1)
               ELSE true END AS open
    """
    what = LEADS.get(message.kind)
    if what is None:
        return None
    still: bool = await conn.fetchval(sql, resident_id, what, message.about, message.study_id)
    named = message.study_id if what in {"conversation", "study"} else message.about
    return Target(what=what, id=named, open=still)
