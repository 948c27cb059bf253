"""Questionnaires and responses as they are sent, kept and shown. Pure."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Raw, Struct, field

from domain.errors import Refusal
from domain.fields import Input
from domain.surveys import resources
from domain.surveys.declarations import Problem
from domain.surveys.facts import Facts
from domain.surveys.faults import Fault
from domain.surveys.resources import QuestionnaireResponse, Unreadable
from domain.surveys.safety import Raised, Safety
from domain.surveys.scoring import Score, Scoring

Topic = Literal[
    "survey-activity", "survey-diet", "survey-experience-of-care", "survey-mood", "survey-other",
    "survey-pain", "survey-sleep", "survey-wellbeing",
]  # fmt: skip
"""The category of a questionnaire's answers: one of `categories.TOPICS`."""

Status = Literal["draft", "active", "retired"]
State = Literal["draft", "completed", "amended"]
Resource = Annotated[
    Raw, Meta(description="A resource of FHIR R4", extra_json_schema={"type": "object"})
]


class Faulty(Refusal):
    """It is well-formed, but not what FHIR or its questionnaire asks for."""

    status = 422

    def __init__(self, faults: Iterable[Fault | Problem]) -> None:
        """Tell all of them by path; nothing in them is of the input."""
        told = [{"code": "declaration"} | one._asdict() for one in faults]
        super().__init__("Each fault is named by its path.", faults=told)


class QuestionnaireThere(Refusal):
    """There is a questionnaire with this url and version."""

    status = 409


class QuestionnaireInUse(Refusal):
    """A schedule asks it."""

    status = 409


class QuestionnaireRetired(Refusal):
    """This questionnaire has been retired."""

    status = 409


class NotConsented(Refusal):
    """No consent of yours covers this."""

    status = 403


class ResponseSubmitted(Refusal):
    """This response has been submitted."""

    status = 409


class ResponseNotSubmitted(Refusal):
    """This response is a draft."""

    status = 409


class QuestionnaireDraft(Input, frozen=True, kw_only=True):
    """A questionnaire, and what is declared with it. Its `url` and `version` name it for good."""

    questionnaire: Resource
    category: Topic
    scoring: Scoring = field(default_factory=Scoring)
    safety: Safety = field(default_factory=Safety)
    facts: Facts = field(default_factory=Facts)


class Declarations(Struct, frozen=True, kw_only=True):
    """What a questionnaire says of its answers."""

    scoring: Scoring
    safety: Safety
    facts: Facts

    def link_ids(self) -> frozenset[str]:
        """The items whose answers they are about."""
        scored = (item.link_id for scale in self.scoring.scales for item in scale.items)
        signs = (sign.link_id for rule in self.safety.rules for sign in rule.signs)
        return frozenset([*scored, *signs, *(mark.link_id for mark in self.facts.marks)])


class ExtensionWarning(Struct, frozen=True, kw_only=True):
    """An extension that is not kept to. With a `decisive` one a questionnaire is not published."""

    path: str
    url: str
    decisive: bool
    text: str


class QuestionnaireEntry(Struct, frozen=True, kw_only=True):
    """A questionnaire of a study, or of the region where there is no `study_id`."""

    questionnaire_id: UUID
    study_id: UUID | None
    url: str
    version: str
    status: Status
    category: str
    title: str | None
    warnings: list[ExtensionWarning]
    drafted_at: datetime
    published_at: datetime | None
    retired_at: datetime | None


class QuestionnaireWhole(QuestionnaireEntry, frozen=True, kw_only=True):
    """A questionnaire with all that was given of it."""

    questionnaire: Resource
    scoring: Scoring
    safety: Safety
    facts: Facts


class ResponseSent(Input, frozen=True, kw_only=True, dict=True):
    """A QuestionnaireResponse to a study; to an assignment of it, where it was asked by one.

    Its `questionnaire` is `url|version`, its `authored` when it was written.
    """

    study_id: UUID
    assignment_id: UUID | None = None
    response: Resource

    @cached_property
    def resource(self) -> QuestionnaireResponse:
        """What is read of the response. Raises Unreadable."""
        return resources.response(bytes(self.response))

    def says_all(self, body: bytes) -> bool:
        """Whether JSON that was read as this surely says nothing else, and each thing once.

        It has as many colons then. Where anything is escaped, strings may hold some that are not seen.
        """
        if b"\\" in body:
            return False
        names = 2 if self.assignment_id is None else 3
        try:
            return body.count(b":") == names + resources.colons(self.resource)
        except Unreadable:
            return False


class ResponseEntry(Struct, frozen=True, kw_only=True):
    """A response. `revision` counts what has been stored of it."""

    response_id: UUID
    revision: int
    state: State
    study_id: UUID
    assignment_id: UUID | None
    questionnaire: str
    category: str
    authored_at: datetime
    received_at: datetime


class ResponseWhole(ResponseEntry, frozen=True, kw_only=True):
    """A response with what it says, and its scores once it is submitted."""

    response: Resource
    scores: list[Score]


class Submission(ResponseEntry, frozen=True, kw_only=True):
    """What became of a submission, with what its answers call for at once. It repeats no answer."""

    late_received: bool
    raised: list[Raised]
