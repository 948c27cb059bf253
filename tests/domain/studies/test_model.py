"""A study's life: its steps, who may take them, and what can no longer change."""

from datetime import UTC, date, datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from msgspec.structs import asdict, replace

from domain.errors import Invalid
from domain.studies.approvals import (
    AUTHORITY,
    Approval,
    Kind,
    RecordedApproval,
    check_approval,
    diary_number,
)
from domain.studies.model import (
    NEXT,
    Controller,
    NoSuchStep,
    NotReady,
    OwnStudy,
    Standing,
    Status,
    Study,
    StudyDraft,
    TermsStand,
    check_draft,
    check_revision,
    check_standing,
    organisation_number,
)

TODAY = date(2026, 11, 1)
DRAFT = StudyDraft(
    kind="research",
    title={"sv": "Hjärtat", "en": "The heart"},
    summary={"sv": "Om hjärtat", "en": "About the heart"},
    controller=Controller(
        name="Region Stockholm",
        organisation_number="232100-0016",
        address="Box 22550, 104 22 Stockholm",
        contact="studie@example.org",
        data_protection_officer="dso@example.org",
    ),
    legal_basis="eu-gdpr:A9-2-a",
    withdrawal_effects=["pause", "stop", "no-further-use", "erase"],
    retention_until=date(2036, 1, 1),
)
APPROVAL = RecordedApproval(
    reference="2026-04127-01",
    authority=AUTHORITY,
    valid_from=date(2026, 1, 1),
    valid_until=date(2028, 1, 1),
    state="in-force",
)


def a_study(status: Status, **changes: Any) -> Study:
    study = Study(
        **asdict(DRAFT),
        study_id=UUID(int=1),
        status=status,
        suspended_at=None,
        created_by=UUID(int=2),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        revision=1,
        approvals=[APPROVAL],
    )
    return replace(study, **changes)


def step(study: Study, status: Status, *, own: bool = False, suspended: bool = False) -> None:
    wanted = Standing(status=status, suspended=suspended)
    check_standing(study, wanted, own=own, noticed=True, today=TODAY)


@pytest.mark.parametrize("begin", get_args(Status))
@pytest.mark.parametrize("end", get_args(Status))
def test_only_the_steps_of_the_life_cycle_can_be_taken(begin: Status, end: Status) -> None:
    if end == begin or end in NEXT[begin]:
        step(a_study(begin), end)
    else:
        with pytest.raises(NoSuchStep):
            step(a_study(begin), end)


@pytest.mark.parametrize(("begin", "end"), [("in-review", "approved"), ("approved", "active")])
def test_nobody_approves_or_opens_their_own(begin: Status, end: Status) -> None:
    with pytest.raises(OwnStudy):
        step(a_study(begin), end, own=True)


def test_anyone_suspends_and_another_lifts_it() -> None:
    step(a_study("active"), "active", own=True, suspended=True)
    suspended = a_study("active", suspended_at=datetime(2026, 1, 1, tzinfo=UTC))
    step(suspended, "active")
    with pytest.raises(OwnStudy):
        step(suspended, "active", own=True)


@pytest.mark.parametrize(
    "approval",
    [
        replace(APPROVAL, state="suspended"),
        replace(APPROVAL, valid_until=date(2026, 10, 31)),
        replace(APPROVAL, valid_from=date(2026, 11, 2)),
    ],
)
def test_without_an_approval_in_force_nothing_opens(approval: RecordedApproval) -> None:
    with pytest.raises(NotReady):
        step(a_study("approved", approvals=[approval]), "active")
    assert not a_study("active", approvals=[approval]).in_force(TODAY)


def test_without_a_notice_nothing_opens() -> None:
    with pytest.raises(NotReady):
        check_standing(
            a_study("approved"), Standing(status="active"), own=False, noticed=False, today=TODAY
        )


def test_terms_stand_once_approved_and_words_may_still_be_mended() -> None:
    mended = replace(DRAFT, title={"sv": "Ditt hjärta", "en": "Your heart"})
    check_revision(a_study("active"), mended, own=False)
    with pytest.raises(TermsStand):
        check_revision(a_study("active"), replace(DRAFT, withdrawal_effects=["stop"]), own=True)


def test_a_draft_is_changed_by_its_maker_alone() -> None:
    changed = replace(DRAFT, withdrawal_effects=["stop"])
    check_revision(a_study("in-review"), changed, own=True)
    with pytest.raises(OwnStudy):
        check_revision(a_study("in-review"), changed, own=False)


@pytest.mark.parametrize(
    ("reference", "right"),
    [
        ("2026-04127-01", True),
        ("2019-00812", True),
        ("2013/1620-31/2", True),
        ("2018/247-32", True),
        ("2018-04127", False),
        ("2026-4127", False),
        ("2026-04127-01 eller så", False),
        ("godkänd", False),
    ],
)
def test_research_rests_on_a_diary_number_of_the_ethics_authority(
    reference: str, *, right: bool
) -> None:
    assert _taken("research", replace(APPROVAL, reference=reference)) is right
    assert not _taken("research", replace(APPROVAL, reference=reference, authority="Rektor"))
    assert _taken("care-development", replace(APPROVAL, reference=reference, authority="Kliniken"))


def _taken(kind: Kind, approval: Approval) -> bool:
    try:
        check_approval(kind, approval)
    except Invalid:
        return False
    return True


def test_dnr_before_a_diary_number_is_left_out() -> None:
    assert diary_number("Dnr 2026-04127-01") == diary_number("dnr: 2026-04127-01")
    assert diary_number("2026-04127-01") == "2026-04127-01"


@pytest.mark.parametrize(
    ("text", "right"),
    [("232100-0016", True), ("202100-2973", True), ("232100-0017", False), ("121212-1212", False)],
)
def test_an_organisation_number_is_checked(text: str, *, right: bool) -> None:
    assert organisation_number(text) is right


@pytest.mark.parametrize(
    "odd",
    [
        replace(DRAFT, title={"sv": "Hjärtat"}),
        replace(DRAFT, retention_until=TODAY),
        replace(DRAFT, withdrawal_effects=["erase"]),
        replace(DRAFT, controller=replace(DRAFT.controller, organisation_number="232100-0017")),
    ],
)
def test_a_draft_no_study_could_run_on_is_refused(odd: StudyDraft) -> None:
    check_draft(DRAFT, ["sv", "en"], TODAY)
    with pytest.raises(Invalid):
        check_draft(odd, ["sv", "en"], TODAY)
