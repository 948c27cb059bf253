"""What a study is and when it may change: pure rules over what a steward declares."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from domain.errors import Forbidden, Invalid, Refusal
from domain.fields import Input, Language, Name, Note
from domain.studies.approvals import Kind, RecordedApproval

Status = Literal[
    "in-review",
    "approved",
    "active",
    "temporarily-closed-to-accrual",
    "closed-to-accrual",
    "completed",
    "disapproved",
    "withdrawn",
]
LegalBasis = Literal[
    "eu-gdpr:A6-1-a",
    "eu-gdpr:A6-1-e",
    "eu-gdpr:A9-2-a",
    "eu-gdpr:A9-2-h",
    "eu-gdpr:A9-2-i",
    "eu-gdpr:A9-2-j",
]
WithdrawalEffect = Literal["pause", "stop", "no-further-use", "erase", "no-contact"]

NEXT: Mapping[Status, frozenset[Status]] = {
    "in-review": frozenset({"approved", "disapproved", "withdrawn"}),
    "approved": frozenset({"active", "withdrawn"}),
    "active": frozenset(
        {"temporarily-closed-to-accrual", "closed-to-accrual", "completed", "withdrawn"}
    ),
    "temporarily-closed-to-accrual": frozenset(
        {"active", "closed-to-accrual", "completed", "withdrawn"}
    ),
    "closed-to-accrual": frozenset({"completed", "withdrawn"}),
    "completed": frozenset({"withdrawn"}),
    "disapproved": frozenset(),
    "withdrawn": frozenset(),
}
USABLE: frozenset[Status] = frozenset(
    {"active", "temporarily-closed-to-accrual", "closed-to-accrual", "completed"}
)


class Controller(Input, frozen=True, kw_only=True):
    """Who answers for the processing (GDPR art. 4(7)), and how residents reach them."""

    name: Name
    organisation_number: Annotated[
        str, Meta(pattern=r"^[0-9]{6}-[0-9]{4}$", examples=["232100-0016"])
    ]
    address: Annotated[Note, Meta(min_length=1)]
    contact: Annotated[Name, Meta(description="e-mail address, phone number or page")]
    data_protection_officer: Annotated[Name, Meta(description="how they are reached")]


Texts = Annotated[dict[Language, Name], Meta(min_length=1, max_length=20)]
LongTexts = Annotated[
    dict[Language, Annotated[Note, Meta(min_length=1)]], Meta(min_length=1, max_length=20)
]


class StudyDraft(Input, frozen=True, kw_only=True):
    """What a steward declares about a study; residents read it before they choose."""

    kind: Kind
    title: Texts
    summary: LongTexts
    controller: Controller
    legal_basis: Annotated[LegalBasis, Meta(description="DPV's legal/eu/gdpr")]
    withdrawal_effects: Annotated[
        list[WithdrawalEffect],
        Meta(description="what the study can honour", min_length=1, max_length=5),
    ]
    retention_until: Annotated[date, Meta(description="no use after this day")]


class Study(StudyDraft, frozen=True, kw_only=True):
    """A study as stewards see it. `suspended_at`: since then nothing leaves, until it is lifted."""

    study_id: UUID
    status: Status
    suspended_at: datetime | None
    created_by: UUID
    created_at: datetime
    revision: int
    approvals: list[RecordedApproval]

    def approved_on(self, day: date) -> bool:
        """Whether an approval is in force on a day."""
        return any(
            a.state == "in-force" and a.valid_from <= day <= a.valid_until for a in self.approvals
        )

    def in_force(self, day: date) -> bool:
        """Whether anything may be used for it: the gate's rule for studies."""
        return (
            self.status in USABLE
            and self.suspended_at is None
            and day <= self.retention_until
            and self.approved_on(day)
        )


class Standing(Input, frozen=True, kw_only=True):
    """The status that a study should have, and whether it is suspended."""

    status: Status
    suspended: bool = False


class StudyEntry(Struct, frozen=True, kw_only=True):
    """A study in the public catalogue, in one language."""

    study_id: UUID
    kind: Kind
    language: str
    title: str
    summary: str
    controller: Controller
    legal_basis: LegalBasis
    withdrawal_effects: list[WithdrawalEffect]
    retention_until: date


def check_draft(draft: StudyDraft, languages: Sequence[str], today: date) -> None:
    """Refuse what no study could run on.

    Raises:
        Invalid: a language is missing, the organisation number or retention cannot be, or there is no way out.

    """
    if any(not draft.title.get(tag) or not draft.summary.get(tag) for tag in languages):
        raise Invalid("Title and summary are needed in every language of the platform.")
    if not organisation_number(draft.controller.organisation_number):
        raise Invalid("The controller's organisation number is not one.")
    if draft.retention_until <= today:
        raise Invalid("retention_until lies ahead.")
    if "stop" not in draft.withdrawal_effects:
        raise Invalid("Every study honours at least stop.")


def organisation_number(text: str) -> bool:
    """Whether the last digit checks (Luhn) and the third marks a legal person."""
    digits = [int(c) for c in text if c != "-"]
    doubled = [sum(divmod(d * 2, 10)) if place % 2 == 0 else d for place, d in enumerate(digits)]
    return sum(doubled) % 10 == 0 and digits[2] >= 2  # noqa: PLR2004 - SKV 709: at least 20 as month


def check_standing(
    study: Study, wanted: Standing, *, own: bool, noticed: bool, today: date
) -> None:
    """Refuse a step that the life cycle does not have, or that someone else has to take.

    `own`: the study is the caller's own. `noticed`: it has a notice for residents to read.

    Raises:
        NoSuchStep: from this status there is no way to that one.
        OwnStudy: opening what one has made oneself, or works in.
        NotReady: no approval in force, or no notice.

    """
    if wanted.status != study.status and wanted.status not in NEXT[study.status]:
        raise NoSuchStep("From here there is no way there.", allowed=sorted(NEXT[study.status]))
    lifted = study.suspended_at is not None and not wanted.suspended
    opens = wanted.status != study.status and wanted.status in {"approved", "active"}
    if (opens or lifted) and own:
        raise OwnStudy("Another steward has to do this.")
    if opens and not study.approved_on(today):
        raise NotReady("No approval is in force.")
    if opens and wanted.status == "active" and not noticed:
        raise NotReady("It has no notice yet.")


def check_revision(study: Study, draft: StudyDraft, *, own: bool) -> None:
    """In review who made a study may change all of it; later its terms stand, for they were shown.

    Raises:
        OwnStudy: a draft of someone else, whom it would come back to for approval.
        TermsStand: what residents were promised would change.

    """
    if study.status == "in-review":
        if not own:
            raise OwnStudy("In review only who made it changes it.")
        return
    fixed = ("kind", "legal_basis", "withdrawal_effects", "retention_until")
    if any(getattr(study, name) != getattr(draft, name) for name in fixed):
        raise TermsStand("Only title, summary and controller may still change.")


class NoSuchStep(Refusal):
    """A study's life does not have that step."""

    status = 409


class NotReady(Refusal):
    """The study lacks what it needs for that."""

    status = 409


class TermsStand(Refusal):
    """The terms of a study stand once they have been approved."""

    status = 409


class OwnStudy(Forbidden):
    """Nobody approves their own."""


class OwnMembership(Forbidden):
    """Nobody grants themselves a role."""


class AlreadyThere(Refusal):
    """That is already so."""

    status = 409


class RequiredConsentMissing(Refusal):
    """The study cannot be joined without its required consents."""

    status = 409


class AlreadyEnrolled(Refusal):
    """You take part in this study already."""

    status = 409


class StudyNotOpen(Refusal):
    """The study does not take new participants now."""

    status = 409
