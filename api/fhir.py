"""Donations as HL7 FHIR R4: Observations, alone or in Bundles. The base address is `/v1/me/fhir`.

Errors are OperationOutcomes.
"""

from datetime import UTC, datetime
from typing import Any

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from api.auth import resident
from api.bodies import JSON
from api.dependencies import Conn, DataKeys, Me, Once, Settings
from api.donations import LARGEST
from api.idempotency import OPTIONAL
from api.outcomes import FHIR_JSON, OPT, outcomes
from domain.donations.fhir import interactions
from domain.donations.fhir.capability import CapabilityStatement, capability
from domain.donations.fhir.interactions import (
    ObservationForbidden,
    ObservationInvalid,
    ObservationRefused,
    TransactionRefused,
)
from domain.donations.fhir.outcomes import OperationOutcome, ResponseBundle
from domain.donations.fhir.resources import Bundle, Observation
from domain.donations.model import TooManyUploads

PATH = "/v1/me/fhir"
TAKES = {OPTIONAL: True, "body_limit": LARGEST, "media_types": (FHIR_JSON, JSON)}


@get(f"{PATH}/metadata", media_type=FHIR_JSON, opt={OPT: "CapabilityStatement"})
async def metadata(settings: Settings) -> CapabilityStatement:
    """What of FHIR is done here."""
    return capability(settings.public_url.rstrip("/") + PATH)


@post(
    PATH,
    guards=[resident],
    opt={OPT: "Bundle", **TAKES},
    media_type=FHIR_JSON,
    status_code=200,
    responses=outcomes(TransactionRefused, TooManyUploads),
)
async def transact(
    conn: Conn, me: Me, once: Once, data_keys: DataKeys, data: JSONBody[Bundle]
) -> Response[ResponseBundle]:
    """Give, replace and delete Observations by a Bundle.

    A transaction is done whole or not at all, and what stood in its way is named entry by entry.
    Of a batch each entry is answered for itself. Sending a Bundle again stores nothing twice.
    """
    now = datetime.now(UTC)
    answer = await interactions.transact(conn, data_keys, me.resident_id, data, now)
    return once.keep(answer, 200, FHIR_JSON)


@post(
    f"{PATH}/Observation",
    guards=[resident],
    opt={OPT: "Observation", **TAKES},
    media_type=FHIR_JSON,
    responses={
        200: ResponseSpec(
            data_container=OperationOutcome,
            description="It was there already, or something was deleted",
            media_type=FHIR_JSON,
            generate_examples=False,
        ),
        **outcomes(ObservationInvalid, ObservationForbidden, ObservationRefused, TooManyUploads),
    },
)
async def create(
    conn: Conn, me: Me, once: Once, data_keys: DataKeys, data: JSONBody[Observation]
) -> Response[OperationOutcome]:
    """Give one Observation.

    With the status `entered-in-error` it is deleted, with `amended` or `corrected` it replaces what
    was given under its identifier.
    """
    now = datetime.now(UTC)
    done = await interactions.create(conn, data_keys, me.resident_id, data, now)
    return once.keep(done.outcome, done.status.value, FHIR_JSON)


routes: list[Any] = [metadata, transact, create]
