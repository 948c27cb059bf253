"""The decisions a study rests on: what can be one, and the set that each study has."""

import re
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from domain.db import Connection
from domain.errors import Invalid, NotFound, Refusal
from domain.fields import CLEAN, Input, Name

Kind = Literal["research", "care-development"]
ApprovalState = Literal["in-force", "suspended", "lapsed"]

AUTHORITY = "Etikprövningsmyndigheten"
FORMER_AUTHORITIES = "Regionala etikprövningsnämnden"
DIARY = re.compile(r"20(19|[2-9]\d)-\d{5}(-\d{2})?")
FORMER_DIARY = re.compile(r"\d{4}/\d{1,5}(-\d{1,2}(/\d)?)?")
"""Of the regional boards, whose approvals of before 2019 still hold."""


class Approval(Input, frozen=True, kw_only=True):
    """A decision that the study rests on: an ethics approval, or the responsible unit's own."""

    reference: Annotated[
        str, Meta(min_length=1, max_length=100, pattern=CLEAN, examples=["2026-04127-01"])
    ]
    authority: Name
    valid_from: date
    valid_until: date


class RecordedApproval(Approval, frozen=True, kw_only=True):
    """An approval as it stands."""

    state: ApprovalState


class ApprovalStanding(Input, frozen=True, kw_only=True):
    """The state that an approval should have."""

    reference: Annotated[str, Meta(min_length=1, max_length=100, pattern=CLEAN)]
    state: ApprovalState


class ApprovalThere(Refusal):
    """The study has an approval of that reference already."""

    status = 409


def check_approval(kind: Kind, approval: Approval) -> None:
    """Refuse what cannot be an approval of this kind of study.

    Raises:
        Invalid: research without a diary number of the authority that names it, or no days to be valid.

    """
    if approval.valid_from >= approval.valid_until:
        raise Invalid("valid_from is before valid_until.")
    if kind == "research" and not _of_ethics(approval):
        raise Invalid("Research needs a diary number of Etikprövningsmyndigheten.")


def _of_ethics(approval: Approval) -> bool:
    number = diary_number(approval.reference)
    former = FORMER_DIARY.fullmatch(number) is not None
    if approval.authority == AUTHORITY:
        return former or DIARY.fullmatch(number) is not None
    return former and approval.authority.startswith(FORMER_AUTHORITIES)


def diary_number(text: str) -> str:
    """A reference without the `Dnr` that some write before it."""
    return re.sub(r"^\s*dnr[.:]?\s*", "", text, flags=re.IGNORECASE).strip()


async def add(conn: Connection, study_id: UUID, approval: Approval) -> None:
    """Record an approval, in force from the day it names.

    Raises:
        ApprovalThere: that reference is recorded.

    """
    sql = """
        INSERT INTO approval (study_id, reference, authority, valid_from, valid_until)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        RETURNING reference
    """
    added = await conn.fetchval(
        sql, study_id, diary_number(approval.reference), approval.authority,
        approval.valid_from, approval.valid_until,
    )  # fmt: skip
    if added is None:
        raise ApprovalThere


async def stand(conn: Connection, study_id: UUID, standing: ApprovalStanding) -> None:
    """Suspend an approval, let it lapse, or bring it back. The gate goes by it from COMMIT on.

    Raises:
        NotFound: the study has no such approval.

    """
    sql = """
        UPDATE approval SET state = $3 WHERE study_id = $1 AND reference = $2 RETURNING reference
    """
    reference = diary_number(standing.reference)
    if await conn.fetchval(sql, study_id, reference, standing.state) is None:
        raise NotFound
