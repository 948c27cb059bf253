"""Stewardship: stewards register studies, their approvals, notices and teams, and let them begin.

Nobody approves their own: who made a study, or works in it, is not who opens it.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from api.auth import staff, subject_hmac
from api.consents import Version
from api.dependencies import Conn, Once, Settings, Staff
from api.development import subject_secret
from api.etags import IfMatch, PreconditionRequired, etag, revision
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from api.studies import AcceptLanguage
from domain.caller import Member
from domain.consents import notices, publishing
from domain.consents.model import NoticeNotInLanguage
from domain.consents.notices import Notice
from domain.consents.publishing import NoticeDraft
from domain.db import new_id
from domain.errors import Busy, Forbidden, Invalid, NotFound, PreconditionFailed
from domain.languages import accepted
from domain.studies import approvals, members
from domain.studies import store as studies
from domain.studies.approvals import Approval, ApprovalStanding, ApprovalThere
from domain.studies.members import Membership, MembershipDraft
from domain.studies.model import (
    AlreadyThere,
    NoSuchStep,
    NotReady,
    OwnMembership,
    OwnStudy,
    Standing,
    Status,
    Study,
    StudyDraft,
    TermsStand,
    check_draft,
    check_revision,
    check_standing,
)

EDITED = refusals(
    Forbidden, OwnStudy, NotFound, PreconditionFailed, PreconditionRequired, Invalid, TermsStand,
    NoSuchStep, NotReady,
)  # fmt: skip
InStatus = Annotated[Status | None, QueryParameter(description="Only in this status")]


class NoticePublishing(NoticeDraft, frozen=True, kw_only=True):
    """A version of a study's notice to publish; the first one makes the notice."""

    study_id: UUID


class Published(Struct, frozen=True, kw_only=True):
    """A version that residents read from now on."""

    notice_id: UUID
    version: int


@get("/v1/registrations", guards=[staff], responses=refusals(Forbidden))
async def registrations(
    conn: Conn, member: Staff, status: InStatus = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[Study]:
    """Studies in whatever status, newest first."""
    _stewards(member, officer=True)
    before = key_of(cursor, tuple[UUID])
    found = await studies.registered(conn, before[0] if before else None, limit + 1, status)
    return page(found, limit, "study_id")


@get("/v1/studies/{study_id:uuid}/registration", guards=[staff], responses=refusals(NotFound))
async def registration(conn: Conn, member: Staff, study_id: FromPath[UUID]) -> Response[Study]:
    """A study with its status and approvals, for stewards and for those who work in it."""
    _concerned(member, study_id)
    return _as_it_is(await studies.study(conn, study_id))


@get(
    "/v1/studies/{study_id:uuid}/notice",
    guards=[staff],
    responses=refusals(NotFound, NoticeNotInLanguage),
)
async def study_notice(
    conn: Conn,
    member: Staff,
    settings: Settings,
    study_id: FromPath[UUID],
    version: Version = None,
    accept_language: AcceptLanguage = None,
) -> Notice:
    """A study's notice as residents will read it, for who reviews the study and who works in it."""
    _concerned(member, study_id)
    notice_id = await notices.of_study(conn, study_id)
    if notice_id is None:
        raise NotFound
    wanted = [*accepted(accept_language or ""), *settings.languages]
    return await notices.shown(conn, notice_id, version, wanted, reviewed=False)


@post("/v1/studies", guards=[staff], responses=refusals(Forbidden, Invalid))
async def create(
    conn: Conn, member: Staff, once: Once, settings: Settings, data: JSONBody[StudyDraft]
) -> Response[Study]:
    """Register a study. It is in review until another steward approves it."""
    _stewards(member)
    check_draft(data, settings.languages, _today())
    return once.keep(await studies.create(conn, data, member.member_id))


@put("/v1/studies/{study_id:uuid}/registration", guards=[staff], responses=EDITED)
async def revise(
    conn: Conn,
    member: Staff,
    settings: Settings,
    study_id: FromPath[UUID],
    data: JSONBody[StudyDraft],
    if_match: IfMatch = None,
) -> Response[Study]:
    """Change what is declared; once it is approved, only title, summary and controller."""
    _stewards(member)
    check_draft(data, settings.languages, _today())
    study = await studies.locked(conn, study_id, revision(if_match))
    check_revision(study, data, own=study.created_by == member.member_id)
    return _as_it_is(await studies.revise(conn, study_id, data))


@put("/v1/studies/{study_id:uuid}/status", guards=[staff], responses=EDITED)
async def stand(
    conn: Conn,
    member: Staff,
    study_id: FromPath[UUID],
    data: JSONBody[Standing],
    if_match: IfMatch = None,
) -> Response[Study]:
    """Take a step in a study's life, suspend it, or lift that. The gate follows at once."""
    _stewards(member)
    study = await studies.locked(conn, study_id, revision(if_match))
    noticed = await notices.of_study(conn, study_id) is not None
    check_standing(study, data, own=_own(member, study), noticed=noticed, today=_today())
    return _as_it_is(await studies.stand(conn, study_id, data))


@post(
    "/v1/studies/{study_id:uuid}/approvals",
    guards=[staff],
    responses=refusals(Forbidden, OwnStudy, NotFound, Invalid, ApprovalThere),
)
async def approve(
    conn: Conn, member: Staff, once: Once, study_id: FromPath[UUID], data: JSONBody[Approval]
) -> Response[Study]:
    """Record an approval. Once a study is approved, someone else than its maker records more."""
    _stewards(member)
    study = await studies.locked(conn, study_id, None)
    approvals.check_approval(study.kind, data)
    if study.status != "in-review" and _own(member, study):
        raise OwnStudy("Another steward has to do this.")
    await approvals.add(conn, study_id, data)
    return once.keep(await studies.touch(conn, study_id))


@patch("/v1/studies/{study_id:uuid}/approvals", guards=[staff], responses=EDITED)
async def stand_approval(
    conn: Conn,
    member: Staff,
    study_id: FromPath[UUID],
    data: JSONBody[ApprovalStanding],
    if_match: IfMatch = None,
) -> Response[Study]:
    """Suspend an approval, let it lapse, or bring it back. The gate follows at once."""
    _stewards(member)
    study = await studies.locked(conn, study_id, revision(if_match))
    if data.state == "in-force" and _own(member, study):
        raise OwnStudy("Another steward has to do this.")
    await approvals.stand(conn, study_id, data)
    return _as_it_is(await studies.touch(conn, study_id))


@get(
    "/v1/studies/{study_id:uuid}/memberships",
    guards=[staff],
    responses=refusals(Forbidden, NotFound),
)
async def team(
    conn: Conn, member: Staff, study_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
) -> Page[Membership]:
    """Who works in a study and who did, newest first."""
    _stewards(member, officer=True)
    await studies.study(conn, study_id)
    before = key_of(cursor, tuple[UUID])
    found = await members.of_study(conn, study_id, before[0] if before else None, limit + 1)
    return page(found, limit, "membership_id")


@post(
    "/v1/studies/{study_id:uuid}/memberships",
    guards=[staff],
    responses=refusals(Forbidden, OwnMembership, NotFound, Invalid, AlreadyThere),
)
async def admit(
    conn: Conn,
    member: Staff,
    once: Once,
    settings: Settings,
    study_id: FromPath[UUID],
    data: JSONBody[MembershipDraft],
) -> Response[Membership]:
    """Give someone a role in a study's team; never oneself."""
    _stewards(member)
    await studies.study(conn, study_id)
    who = data.member_id
    if data.issuer and data.subject and data.label:
        digest = subject_hmac(subject_secret(settings), data.issuer, data.subject)
        who = await members.known(conn, data.issuer, digest, data.label)
    if who is None:
        raise Invalid("Name either member_id, or issuer, subject and label.")
    return once.keep(await members.admit(conn, study_id, who, data.role, member.member_id))


@delete(
    "/v1/studies/{study_id:uuid}/memberships/{membership_id:uuid}",
    guards=[staff],
    status_code=200,
    responses=refusals(Forbidden, NotFound),
)
async def dismiss(
    conn: Conn, member: Staff, study_id: FromPath[UUID], membership_id: FromPath[UUID]
) -> Membership:
    """End a role in a study's team."""
    _stewards(member)
    return await members.end(conn, study_id, membership_id)


@post("/v1/notices", guards=[staff], responses=refusals(Forbidden, NotFound, Invalid, Busy))
async def publish(
    conn: Conn, member: Staff, once: Once, settings: Settings, data: JSONBody[NoticePublishing]
) -> Response[Published]:
    """Publish a version of a study's notice, with its items, in every language of the platform."""
    _stewards(member)
    if not set(settings.languages) <= data.texts.keys():
        raise Invalid("A text is needed in every language of the platform.")
    await studies.locked(conn, data.study_id, None)
    notice_id = await notices.of_study(conn, data.study_id) or new_id()
    version = await publishing.publish(conn, notice_id, data.study_id, data)
    return once.keep(Published(notice_id=notice_id, version=version))


REGISTRARS = frozenset({"steward", "data-protection-officer"})


def _stewards(member: Member, *, officer: bool = False) -> None:
    """Refuse who is no steward; a data protection officer may read what `officer` says."""
    if member.roles.isdisjoint(REGISTRARS if officer else {"steward"}):
        raise Forbidden


def _concerned(member: Member, study_id: UUID) -> None:
    if study_id not in member.studies and member.roles.isdisjoint(REGISTRARS):
        raise NotFound


def _own(member: Member, study: Study) -> bool:
    return study.created_by == member.member_id or study.study_id in member.studies


def _as_it_is(study: Study) -> Response[Study]:
    return Response(study, headers=etag(study.revision))


def _today() -> date:
    return datetime.now(UTC).date()


routes: list[Any] = [
    registrations, registration, study_notice, create, revise, stand, approve, stand_approval, team,
    admit, dismiss, publish,
]  # fmt: skip
