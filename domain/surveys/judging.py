"""Whether a response may be taken: consented to by the study's grant now, and without faults.

Order within a transaction: the resident's lock, then what is permitted, then the data key.
"""

from datetime import UTC, datetime
from uuid import UUID

from msgspec import UNSET, Struct

from domain.consents import gate
from domain.consents.gate import Permit
from domain.db import Connection
from domain.fields import within_reason
from domain.surveys import answers, questionnaires, resources
from domain.surveys.answered import answered
from domain.surveys.declarations import Answered
from domain.surveys.faults import fault
from domain.surveys.model import Faulty, NotConsented, ResponseSent, Status
from domain.surveys.questionnaires import Ready
from domain.surveys.receiving import CLOCKS_DIFFER
from domain.surveys.resources import QuestionnaireResponse, Unreadable

ASKED: tuple[Status, ...] = ("active",)
ASKED_ONCE: tuple[Status, ...] = ("active", "retired")
"""For what was asked, or begun, before the questionnaire was retired."""


class Judged(Struct, frozen=True, kw_only=True):
    """A response that may be taken. `authored_at` is not after it was received."""

    canonical: str
    ready: Ready
    answered: Answered
    authored_at: datetime


async def judged(
    conn: Connection,
    resident_id: UUID,
    sent: ResponseSent,
    now: datetime,
    *,
    complete: bool,
    known: bool,
) -> Judged:
    """Look a response over; the caller has the resident's lock. `known`: asked for, or begun, before.

    Raises:
        NotConsented: no consent to the study covers its topic, now and when it was written.
        Faulty: with its faults, all at once.

    """
    response = _read(sent)
    authored_at = _authored(response, now)
    canonical = "" if response.questionnaire is UNSET else response.questionnaire
    ready = await questionnaires.asked(
        conn, sent.study_id, canonical, ASKED_ONCE if known else ASKED
    )
    if ready is None:
        raise Faulty([fault("QuestionnaireResponse.questionnaire", "unknown-questionnaire")])
    permits = await gate.study_permits(conn, sent.study_id, [resident_id], [ready.category])
    if not any(covers(permit, authored_at) for permit in permits):
        raise NotConsented
    found = answers.faults(ready.compiled, response, complete=complete)
    if complete and response.status not in {"completed", "amended"}:
        found = [fault("QuestionnaireResponse.status", "wrong-value"), *found]
    if found:
        raise Faulty(found)
    return Judged(
        canonical=canonical, ready=ready, answered=answered(response), authored_at=authored_at
    )


def _read(sent: ResponseSent) -> QuestionnaireResponse:
    try:
        return resources.response(bytes(sent.response))
    except Unreadable as no:
        raise Faulty([no.fault]) from None


def _authored(response: QuestionnaireResponse, now: datetime) -> datetime:
    """When it was written: as it says, or now."""
    if response.authored is UNSET:
        return now
    try:
        said = datetime.fromisoformat(response.authored)
    except ValueError:
        said = None
    if said is None or not within_reason(said) or said > now + CLOCKS_DIFFER:
        raise Faulty([fault("QuestionnaireResponse.authored", "wrong-value")])
    return min(said.astimezone(UTC), now)


def covers(permit: Permit, moment: datetime) -> bool:
    """Whether a permit opens what was written then."""
    ms = int(moment.timestamp() * 1000)
    return any(
        (since is None or since <= ms) and (until is None or ms < until)
        for since, until in permit.periods
    )
