"""My e-mail address: told there that something waits, where no device of mine can be."""

from functools import partial
from typing import Any, cast

from litestar import Request, delete, get, post, put
from litestar.params import JSONBody

from api import development, problems
from api.auth import resident
from api.dependencies import Conn, DataKeys, Me, Settings
from api.problems import refusals
from api.settings import Settings as AppSettings
from domain.donations import sealed_emails
from domain.donations.keys import KeyProvider
from domain.errors import NotFound, Refusal
from domain.residents import emails
from domain.residents.emails import (
    Code,
    CodeOver,
    CodeWrong,
    Email,
    NotAnAddress,
    Safe,
    Setting,
    TooManyCodes,
)


class EmailNotOffered(Refusal):
    """Nobody is written to here: this region sends no e-mail."""

    status = 409


@put(
    "/v1/me/email",
    guards=[resident],
    responses=refusals(NotAnAddress, TooManyCodes, EmailNotOffered),
)
async def set_address(
    conn: Conn, me: Me, settings: Settings, data_keys: DataKeys, data: JSONBody[Setting]
) -> Email:
    """Set where I am told by e-mail, if I want to be.

    A code is sent to an address that is not confirmed yet; nothing else is, until it has come back.
    The same address within a minute is sent no second code.
    """
    if not settings.smtp_sender:
        raise EmailNotOffered
    return await emails.put(conn, _safe(settings, data_keys), me.resident_id, data)


@get("/v1/me/email", guards=[resident], responses=refusals(NotFound))
async def mine(conn: Conn, me: Me, data_keys: DataKeys) -> Email:
    """My e-mail address."""
    return await emails.mine(conn, partial(sealed_emails.opened, data_keys), me.resident_id)


@post(
    "/v1/me/email/confirmation",
    guards=[resident],
    status_code=200,
    responses=refusals(NotFound, CodeWrong, CodeOver),
)
async def confirm(
    request: Request[Any, Any, Any],
    conn: Conn,
    me: Me,
    settings: Settings,
    data_keys: DataKeys,
    data: JSONBody[Code],
) -> Email:
    """Confirm my address by the code that was sent to it. A code can be tried five times, within an hour."""
    found = await emails.confirm(conn, _safe(settings, data_keys), me.resident_id, data)
    if isinstance(found, Refusal):
        return cast("Email", problems.refused(request, found))  # not raised: the try is to count
    return found


@delete("/v1/me/email", guards=[resident], status_code=204)
async def remove(conn: Conn, me: Me) -> None:
    """Be written to no more, and have my address forgotten."""
    await emails.remove(conn, me.resident_id)


def _safe(settings: AppSettings, keys: KeyProvider) -> Safe:
    return Safe(
        development.subject_secret(settings),
        partial(sealed_emails.seal, keys),
        partial(sealed_emails.opened, keys),
    )


routes: list[Any] = [set_address, mine, confirm, remove]
