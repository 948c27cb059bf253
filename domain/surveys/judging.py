"""Whether a response may be taken: consented to by the study's grant now, and without faults. Pure."""

from datetime import UTC, datetime

from msgspec import UNSET, Struct

from domain.consents.gate import Milliseconds, Permit
from domain.fields import within_reason
from domain.surveys import answers
from domain.surveys.answered import answered
from domain.surveys.declarations import Answered
from domain.surveys.faults import fault
from domain.surveys.model import Faulty, NotConsented, ResponseSent
from domain.surveys.opening import Opening
from domain.surveys.questionnaires import Ready
from domain.surveys.receiving import CLOCKS_DIFFER
from domain.surveys.resources import QuestionnaireResponse, Unreadable


class Judged(Struct, frozen=True, kw_only=True):
    """A response that may be taken. `authored_at` is not after it was received.

    `answered`: what its declarations are about.
    """

    canonical: str
    ready: Ready
    answered: Answered
    authored_at: datetime


def judged(
    opening: Opening, response: QuestionnaireResponse, now: datetime, *, complete: bool, known: bool
) -> Judged:
    """Look a response over, behind the resident's lock. `known`: asked for, or begun, before.

    Raises:
        NotConsented: no consent to the study covers its topic, now and when it was written.
        Faulty: with its faults, all at once.

    """
    authored_at = _authored(response, now)
    ready = opening.ready
    if ready is None or (opening.retired and not known):
        raise Faulty([fault("QuestionnaireResponse.questionnaire", "unknown-questionnaire")])
    if not any(_within(authored_at, periods) for periods in opening.periods):
        raise NotConsented
    found = answers.faults(ready.compiled, response, complete=complete)
    if complete and response.status not in {"completed", "amended"}:
        found = [fault("QuestionnaireResponse.status", "wrong-value"), *found]
    if found:
        raise Faulty(found)
    return Judged(
        canonical=canonical(response),
        ready=ready,
        answered=answered(response, ready.declared),
        authored_at=authored_at,
    )


def canonical(response: QuestionnaireResponse) -> str:
    """The `url|version` that a response names; nothing where it names none."""
    return "" if response.questionnaire is UNSET else response.questionnaire


def read(sent: ResponseSent) -> QuestionnaireResponse:
    """The resource that was sent. Raises Faulty where it cannot be read."""
    try:
        return sent.resource
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
    return _within(moment, permit.periods)


def _within(moment: datetime, periods: Milliseconds) -> bool:
    ms = int(moment.timestamp() * 1000)
    return any(
        (since is None or since <= ms) and (until is None or ms < until) for since, until in periods
    )
