"""Urgent announcements, and who may let them go. Nobody approves their own."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from domain.errors import Forbidden, Invalid, Refusal
from domain.fields import CLEAN, Input, Language

Kind = Literal["safety-notice", "breach-notice"]
REQUIRED = frozenset({"sv", "en"})
"""Languages that every announcement is written in; who reads none of an announcement's is shown Swedish."""


class Wording(Input, frozen=True, kw_only=True):
    """What residents read after login, in one language. Nothing of it is pushed."""

    title: Annotated[
        str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")
    ]  # fmt: skip
    body: Annotated[str, Meta(min_length=1, max_length=4_000, pattern=CLEAN)]


class AnnouncementDraft(Input, frozen=True, kw_only=True):
    """What to tell, and whom: a study's participants, or every resident.

    Of a study's safety those are told who take part now; of a breach all who ever did.
    """

    kind: Kind
    study_id: UUID | None = None
    texts: Annotated[
        dict[Language, Wording], Meta(max_length=20, description="By language; sv and en at least")
    ]


class Announcement(Struct, frozen=True, kw_only=True):
    """An announcement. It is told from `approved_at` on; `told` counts whom it has been told to."""

    announcement_id: UUID
    kind: Kind
    study_id: UUID | None
    texts: dict[str, Wording]
    drafted_by: UUID
    drafted_at: datetime
    approved_by: UUID | None
    approved_at: datetime | None
    withdrawn_at: datetime | None
    told: int
    finished_at: datetime | None


class OwnAnnouncement(Forbidden):
    """Nobody approves their own announcement."""


class AnnouncementDecided(Refusal):
    """This announcement has been approved or withdrawn."""

    status = 409


def check_draft(draft: AnnouncementDraft) -> None:
    """Refuse what some residents could not read.

    Raises:
        Invalid: a language is missing, or a text is blank.

    """
    if not draft.texts.keys() >= REQUIRED:
        raise Invalid("A text is needed in sv and en.")
    if not all(text.title.strip() and text.body.strip() for text in draft.texts.values()):
        raise Invalid("A title or a body is blank.")


def check_approval(announcement: Announcement, member_id: UUID) -> bool:
    """Whether an approval changes anything: not where the same member has approved before.

    Raises:
        OwnAnnouncement: who drafted it cannot approve it.
        AnnouncementDecided: it was withdrawn, or someone else has approved it.

    """
    if announcement.drafted_by == member_id:
        raise OwnAnnouncement("Another steward or data protection officer has to do this.")
    if announcement.withdrawn_at is not None or announcement.approved_by not in {None, member_id}:
        raise AnnouncementDecided
    return announcement.approved_by is None


def check_withdrawal(announcement: Announcement) -> None:
    """Only a draft can be withdrawn.

    Raises:
        AnnouncementDecided: it is approved, and residents are being told.

    """
    if announcement.approved_at is not None:
        raise AnnouncementDecided
