"""Donations as documents of Open mHealth and IEEE 1752.1."""

from datetime import UTC, datetime
from typing import Any

from litestar import Response, post
from litestar.params import JSONBody

from api.at_once import AT_ONCE, Answer, Asked
from api.auth import resident
from api.dependencies import Conn, DataKeys, Me, Once
from api.donations import LARGEST
from api.problems import refusals
from domain.donations.openmhealth import store as open_mhealth
from domain.donations.openmhealth.model import Documents, DocumentsAnswer
from domain.errors import Invalid


async def _donate_at_once(asked: Asked) -> Answer | None:
    documents, knock, now = await asked.data(), await asked.knock(), datetime.now(UTC)
    stored = await open_mhealth.donate_at_once(
        asked.rows, asked.state.data_keys, knock, documents, now
    )
    return None if stored is None else Answer(stored)


@post(
    "/v1/me/donations/open-mhealth",
    guards=[resident],
    opt={"body_limit": LARGEST, AT_ONCE: _donate_at_once},
    status_code=200,
    responses=refusals(Invalid),
)
async def donate(
    conn: Conn, me: Me, once: Once, data_keys: DataKeys, data: JSONBody[Documents]
) -> Response[DocumentsAnswer]:
    """Give data points and data series from one source.

    Each document is checked against the version of the schema that its header names. What is not
    valid, and what is valid but not taken, is answered by its place, and the rest is stored.
    A statistic, or a value that belongs to no moment, is stored as a measure of its own.
    """
    answer = await open_mhealth.donate(conn, data_keys, me.resident_id, data, datetime.now(UTC))
    return once.keep(answer, 200)


routes: list[Any] = [donate]
