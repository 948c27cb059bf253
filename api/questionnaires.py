"""Questionnaires: study teams draft, publish and retire them; residents' apps read them as FHIR R4.

A published questionnaire is never changed: what is to be asked otherwise is another version.
"""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from api.auth import resident, staff
from api.dependencies import Conn, Me, Once, Settings, Staff
from api.outcomes import FHIR_JSON
from api.pages import Cursor, Limit, Page, key_of, page
from api.problems import refusals
from api.studies import AcceptLanguage
from domain.caller import Member
from domain.errors import Forbidden, NotFound
from domain.languages import accepted
from domain.surveys import questionnaires
from domain.surveys.model import (
    Faulty,
    QuestionnaireDraft,
    QuestionnaireEntry,
    QuestionnaireInUse,
    QuestionnaireRetired,
    QuestionnaireThere,
    QuestionnaireWhole,
    Resource,
    Status,
)
from domain.surveys.translations import plain, worded, written

WRITERS = frozenset({"lead", "coordinator"})
"""The roles in a study that decide what it asks."""

IfNoneMatch = Annotated[
    str | None, HeaderParameter(name="If-None-Match", max_length=500, description="ETags you have")
]

Canonical = Annotated[str, QueryParameter(max_length=2_100, description="`url|version`")]

SHOWN = {304: ResponseSpec(None, description="You have it"), **refusals(NotFound)}


def check_member(member: Member, study_id: UUID, *, writes: bool = False) -> None:
    """Refuse who does not work in a study, or, where it `writes`, does not decide what it asks."""
    role = member.studies.get(study_id)
    if role is None:
        raise NotFound
    if writes and role not in WRITERS:
        raise Forbidden


@post(
    "/v1/studies/{study_id:uuid}/questionnaires",
    guards=[staff],
    responses=refusals(Forbidden, NotFound, Faulty, QuestionnaireThere),
)
async def draft(
    conn: Conn,
    member: Staff,
    once: Once,
    study_id: FromPath[UUID],
    data: JSONBody[QuestionnaireDraft],
) -> Response[QuestionnaireEntry]:
    """Draft a questionnaire, with what is declared of its scores, safety answers and facts.

    What is wrong with it is told all at once, by path. Extensions that are not kept to are listed
    as `warnings`; with a decisive one it will not be published.
    """
    check_member(member, study_id, writes=True)
    return once.keep(await questionnaires.draft(conn, study_id, data, member.member_id))


@get(
    "/v1/studies/{study_id:uuid}/questionnaires",
    guards=[staff],
    responses=refusals(NotFound),
)
async def of_study(
    conn: Conn, member: Staff, study_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
) -> Page[QuestionnaireEntry]:
    """What the study may ask, its own and the region's, newest first."""
    check_member(member, study_id)
    before = key_of(cursor, tuple[UUID])
    found = await questionnaires.of_study(conn, study_id, before[0] if before else None, limit + 1)
    return page(found, limit, "questionnaire_id")


@get(
    "/v1/studies/{study_id:uuid}/questionnaires/{questionnaire_id:uuid}",
    guards=[staff],
    responses=refusals(NotFound),
)
async def one_of_study(
    conn: Conn, member: Staff, study_id: FromPath[UUID], questionnaire_id: FromPath[UUID]
) -> QuestionnaireWhole:
    """A questionnaire as it was given, with its declarations."""
    check_member(member, study_id)
    return await questionnaires.questionnaire(conn, study_id, questionnaire_id)


@put(
    "/v1/studies/{study_id:uuid}/questionnaires/{questionnaire_id:uuid}/publication",
    guards=[staff],
    responses=refusals(Forbidden, NotFound, Faulty, QuestionnaireRetired),
)
async def publish(
    conn: Conn, member: Staff, study_id: FromPath[UUID], questionnaire_id: FromPath[UUID]
) -> QuestionnaireEntry:
    """Let a questionnaire be asked. It is never changed after. Once more changes nothing."""
    check_member(member, study_id, writes=True)
    return await questionnaires.publish(conn, study_id, questionnaire_id)


@delete(
    "/v1/studies/{study_id:uuid}/questionnaires/{questionnaire_id:uuid}",
    guards=[staff],
    status_code=200,
    responses=refusals(Forbidden, NotFound, QuestionnaireInUse),
)
async def retire(
    conn: Conn, member: Staff, study_id: FromPath[UUID], questionnaire_id: FromPath[UUID]
) -> QuestionnaireEntry:
    """Ask it no more, once its schedules have ended. What was asked may still be answered."""
    check_member(member, study_id, writes=True)
    return await questionnaires.retire(conn, study_id, questionnaire_id)


@get(
    "/v1/me/questionnaires/{questionnaire_id:uuid}",
    guards=[resident],
    media_type=FHIR_JSON,
    responses=SHOWN,
)
async def questionnaire(
    conn: Conn,
    settings: Settings,
    me: Me,
    questionnaire_id: FromPath[UUID],
    accept_language: AcceptLanguage = None,
    if_none_match: IfNoneMatch = None,
) -> Response[Resource]:
    """A published questionnaire as a FHIR resource, in the wanted most of its languages."""
    wanted = [*accepted(accept_language or ""), me.language, *settings.languages]
    found = await questionnaires.published(conn, questionnaire_id)
    return _shown(*found, wanted, if_none_match or "")


@get("/v1/me/questionnaires", guards=[resident], media_type=FHIR_JSON, responses=SHOWN)
async def by_name(
    conn: Conn,
    settings: Settings,
    me: Me,
    canonical: Canonical,
    accept_language: AcceptLanguage = None,
    if_none_match: IfNoneMatch = None,
) -> Response[Resource]:
    """The same by its `url|version`, as assignments name it."""
    wanted = [*accepted(accept_language or ""), me.language, *settings.languages]
    found = await questionnaires.published(conn, canonical)
    return _shown(*found, wanted, if_none_match or "")


def _shown(
    questionnaire_id: UUID, status: Status, body: bytes, wanted: list[str], had: str
) -> Response[Resource]:
    document, language = worded(plain(body), wanted)
    tag = f'"{questionnaire_id.hex}-{status}-{language}"'
    headers = {"ETag": tag, "Content-Language": language, "Vary": "Accept-Language"}
    if tag in had:
        return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]
    content = written(document | {"status": status})
    return Response(content, media_type=FHIR_JSON, headers=headers)  # type: ignore[arg-type]


routes: list[Any] = [draft, of_study, one_of_study, publish, retire, questionnaire, by_name]
