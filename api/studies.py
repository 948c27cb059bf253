"""Studies: the public catalogue, and taking part.

A study is joined once its required consents are given; leaving ends the episode, and consents
stand until they are withdrawn.
"""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody

from api.auth import resident
from api.dependencies import Conn, Me, Once, Settings
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from domain.consents import notices
from domain.consents.model import Effect, NoticeNotInLanguage
from domain.consents.notices import Notice
from domain.errors import NotFound
from domain.fields import Input
from domain.languages import accepted
from domain.rights.withdraw import Withdrawing, withdraw
from domain.studies import enrolments
from domain.studies import store as studies
from domain.studies.enrolments import Enrolment
from domain.studies.model import (
    AlreadyEnrolled,
    RequiredConsentMissing,
    StudyEntry,
    StudyNotOpen,
)
from domain.surveys import assignments

AcceptLanguage = Annotated[
    str | None,
    HeaderParameter(name="Accept-Language", max_length=1000, description="RFC 9110 §12.5.4"),
]


class StudyPage(StudyEntry, frozen=True, kw_only=True):
    """A study with the notice to read before choosing."""

    notice: Notice | None


class Joining(Input, frozen=True, kw_only=True):
    """The study to take part in."""

    study_id: UUID


class Leaving(Input, frozen=True, kw_only=True):
    """How to leave: with an effect, the consents to the study are withdrawn too."""

    effect: Effect | None = None


@get("/v1/studies")
async def catalogue(
    conn: Conn,
    settings: Settings,
    accept_language: AcceptLanguage = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StudyEntry]:
    """Studies that can be joined now, newest first."""
    before = key_of(cursor, tuple[UUID])
    found = await studies.catalogue(
        conn, before[0] if before else None, limit + 1, _wanted(accept_language, settings.languages)
    )
    return page(found, limit, "study_id")


@get("/v1/studies/{study_id:uuid}", responses=refusals(NotFound, NoticeNotInLanguage))
async def study(
    conn: Conn,
    settings: Settings,
    study_id: FromPath[UUID],
    accept_language: AcceptLanguage = None,
) -> StudyPage:
    """A study in plain language, with its notice and the choices under it."""
    wanted = _wanted(accept_language, settings.languages)
    entry = await studies.entry(conn, study_id, wanted)
    notice_id = await notices.of_study(conn, study_id)
    shown = None
    if notice_id is not None:
        shown = await notices.shown(conn, notice_id, None, [entry.language, *wanted])
    fields = {name: getattr(entry, name) for name in StudyEntry.__struct_fields__}
    return StudyPage(**fields, notice=shown)


@post(
    "/v1/me/enrolments",
    guards=[resident],
    responses=refusals(NotFound, StudyNotOpen, RequiredConsentMissing, AlreadyEnrolled),
)
async def enrol(conn: Conn, me: Me, once: Once, data: JSONBody[Joining]) -> Response[Enrolment]:
    """Take part in a study."""
    return once.keep(await enrolments.enrol(conn, me.resident_id, data.study_id))


@get("/v1/me/enrolments", guards=[resident])
async def episodes(conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 50) -> Page[Enrolment]:
    """What I take part in and took part in, newest first."""
    before = key_of(cursor, tuple[UUID])
    found = await enrolments.of_resident(
        conn, me.resident_id, before[0] if before else None, limit + 1
    )
    return page(found, limit, "enrolment_id")


@post(
    "/v1/me/enrolments/{enrolment_id:uuid}/leave",
    guards=[resident],
    status_code=200,
    responses=refusals(NotFound)
    | {202: ResponseSpec(Enrolment, description="Ended; uses under way have not ended yet")},
    opt={"any_version": True},
)
async def leave(
    conn: Conn, me: Me, enrolment_id: FromPath[UUID], data: JSONBody[Leaving]
) -> Response[Enrolment]:
    """Leave a study. Doing it again changes nothing.

    202 where consents were withdrawn with it and uses under way have not ended, as for a withdrawal.
    """
    drained = True
    if data.effect is not None:
        mine = await enrolments.episode(conn, me.resident_id, enrolment_id)
        wish = Withdrawing(scope="study", study_id=mine.study_id, effect=data.effect)
        _, withdrawal = await withdraw(conn, me, wish)
        drained = withdrawal.drained_at is not None
    left = await enrolments.leave(conn, me.resident_id, enrolment_id)
    await assignments.stop(conn, me.resident_id)
    return Response(left, status_code=200 if drained else 202)


def _wanted(accept_language: str | None, languages: tuple[str, ...]) -> list[str]:
    return [*accepted(accept_language or ""), *languages]


routes: list[Any] = [catalogue, study, enrol, episodes, leave]
