"""Residents: how one begins, is met, takes everything along, and is erased."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from litestar import Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from api import development
from api.auth import login, resident
from api.dependencies import Conn, DataKeys, Me, Pool, Settings, Visitor
from api.etags import IfMatch, PreconditionRequired, etag, revision
from api.problems import refusals
from domain.consents import notices
from domain.consents.model import NoticeNotInLanguage, NoticeSuperseded
from domain.consents.notices import PLATFORM_NOTICE
from domain.db import Connection
from domain.errors import Busy, NotFound, PreconditionFailed
from domain.residents import arrival
from domain.residents import store as residents
from domain.residents.arrival import Arrival, Vault
from domain.residents.model import (
    Attribute,
    AttributeName,
    Beginning,
    Disputing,
    Preferences,
    Profile,
)
from domain.rights import erase
from domain.rights.erase import Erasure
from domain.rights.export import Taken
from domain.surveys import assigning
from notifications import devices, outbox
from notifications.kinds import Kind

Confirmed = Annotated[
    Literal["erase"], QueryParameter(name="confirm", description="Said on purpose: `erase`")
]


@put(
    "/v1/me",
    guards=[login],
    responses=refusals(NoticeSuperseded, NoticeNotInLanguage, NotFound, Busy)
    | {201: ResponseSpec(Profile, description="A new resident")},
)
async def begin(
    conn: Conn,
    visitor: Visitor,
    settings: Settings,
    data_keys: DataKeys,
    data: JSONBody[Beginning],
) -> Response[Profile]:
    """Accept the platform's notice, and be a resident.

    A person who is one already, by whichever login, is the same resident, and keeps their
    preferences. What the identity provider says of the person is taken over.
    """
    await _can_be_accepted(conn, data)
    arriving = Arrival(
        issuer=visitor.claims.issuer,
        subject_hmac=visitor.hmac,
        login_at=visitor.claims.login_at,
        claims=visitor.claims.all,
    )
    vault = Vault(development.subject_secret(settings), data_keys)
    resident_id, new = await arrival.arrive(conn, vault, arriving, data)
    profile = await residents.profile(conn, resident_id)
    return Response(profile, status_code=201 if new else 200)


async def _can_be_accepted(conn: Connection, terms: Beginning) -> None:
    current = await notices.current_version(conn, PLATFORM_NOTICE)
    if terms.notice_version > current:
        raise NotFound
    if await notices.superseded_by(conn, PLATFORM_NOTICE, terms.notice_version) is not None:
        raise NoticeSuperseded("Show the current version and ask again.", current_version=current)
    if not await notices.exists(conn, PLATFORM_NOTICE, terms.notice_version, terms.language):
        raise NoticeNotInLanguage


@get("/v1/me", guards=[resident])
async def profile(conn: Conn, me: Me) -> Profile:
    """Who I am here."""
    return await residents.profile(conn, me.resident_id)


@delete(
    "/v1/me",
    guards=[resident],
    status_code=200,
    opt={"any_version": True},
    responses={202: ResponseSpec(Erasure, description="Closed; what is left is destroyed soon")},
)
async def erase_account(
    conn: Conn,
    me: Me,
    confirmed: Confirmed,  # noqa: ARG001 - that it is said is enough
) -> Response[Erasure]:
    """Erase my account and all that is mine.

    Every consent ends and every login is refused at once. The answer is 202 where uses under way
    or a hold put off the destroying; nothing is left to do for anyone but us.
    """
    erasure = await erase.erase(conn, me)
    return Response(erasure, status_code=200 if erasure.destroyed else 202)


@get("/v1/me/preferences", guards=[resident])
async def preferences(conn: Conn, me: Me) -> Response[Preferences]:
    """How I want to be met. The ETag is for the change."""
    found, stands_at = await residents.preferences(conn, me.resident_id)
    return Response(found, headers=etag(stands_at))


@put(
    "/v1/me/preferences",
    guards=[resident],
    responses=refusals(PreconditionFailed, PreconditionRequired),
)
async def prefer(
    conn: Conn, me: Me, data: JSONBody[Preferences], if_match: IfMatch = None
) -> Response[Preferences]:
    """Change how I want to be met; what is left out is as in the beginning.

    In another zone, surveys that have not opened open when the clock there reaches their time.
    """
    saved, stands_at = await residents.prefer(conn, me.resident_id, data, revision(if_match))
    if saved.zone != me.zone:
        await assigning.move(conn, me.resident_id, me.zone, saved.zone, datetime.now(UTC))
    return Response(saved, headers=etag(stands_at))


@get("/v1/me/attributes", guards=[resident])
async def attributes(conn: Conn, me: Me) -> list[Attribute]:
    """What sources say about me, since when, and what I say to that."""
    return await residents.attributes(conn, me.resident_id)


@put("/v1/me/attributes/{name:str}/dispute", guards=[resident], responses=refusals(NotFound))
async def dispute(
    conn: Conn, me: Me, name: FromPath[AttributeName], data: JSONBody[Disputing]
) -> Attribute:
    """Say that an attribute is wrong. Its source corrects it; the dispute stands beside it."""
    return await residents.dispute(conn, me.resident_id, name, data.text)


@delete(
    "/v1/me/attributes/{name:str}/dispute",
    guards=[resident],
    status_code=200,
    responses=refusals(NotFound),
)
async def withdraw_dispute(conn: Conn, me: Me, name: FromPath[AttributeName]) -> Attribute:
    """Take a dispute back."""
    return await residents.dispute(conn, me.resident_id, name, None)


@post("/v1/me/sign-out-everywhere", guards=[resident], status_code=204, opt={"any_version": True})
async def sign_out_everywhere(conn: Conn, me: Me) -> None:
    """Sign all devices out at once, this one too."""
    await residents.sign_out_everywhere(conn, me.resident_id)
    await devices.retire_all(conn, me.resident_id, "signed-out")
    await outbox.promise(conn, me.resident_id, Kind.SIGNED_OUT)


@get("/v1/me/export", guards=[resident], media_type="application/json")
async def export(conn: Conn, me: Me, pool: Pool, data_keys: DataKeys) -> Stream:  # noqa: ARG001 - `conn` lets in
    """Take everything of mine along, as one JSON document.

    Its last member, `complete`, is true where nothing is missing. Donations alone, and in other
    forms, are at `/v1/me/donations/export`.
    """
    return Stream(
        Taken(pool, data_keys, me).document(),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="medverka.json"'},
    )


routes: list[Any] = [
    begin, profile, erase_account, preferences, prefer, attributes, dispute, withdraw_dispute,
    sign_out_everywhere, export,
]  # fmt: skip
