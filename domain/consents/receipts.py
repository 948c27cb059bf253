"""Receipts: what a resident holds in hand of each choice, after ISO/IEC TS 27560 (W3C DPV guide)."""

from base64 import urlsafe_b64encode
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, cast
from uuid import UUID

from joserfc.jwk import OKPKey
from msgspec import Struct, json
from uuid_utils.compat import uuid5

from domain.consents.model import ConsentEvent

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SCHEMA = "ISO/IEC TS 27560:2023"
PROFILE = "https://w3id.org/dpv/guides/consent-27560#receipt-eu-gdpr"
_STATES = {
    "permit": "ConsentGiven",
    "deny": "ConsentRefused",
    "withdraw": "ConsentWithdrawn",
    "pause": "ConsentWithdrawn",
    "resume": "RenewedConsentGiven",
    "revoke": "ConsentRevoked",
    "invalidate": "ConsentInvalidated",
}


class ReceiptEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The event field group of TS 27560. `event_state` is a DPV consent status."""

    event_time: datetime
    event_type: str
    event_state: str
    entity_id: UUID
    validity_until: datetime | None = None
    decision: str
    scope: str
    effect: str | None = None
    pause_until: datetime | None = None
    opens_nothing: bool = False


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A consent receipt: header, processing, and the one event it is about, tied to the chain by hash."""

    schema_version: str
    conforms_to: str
    receipt_id: UUID
    record_id: str
    pii_principal_id: UUID
    privacy_notice: str | None = None
    language: str | None = None
    item_id: UUID | None = None
    study_id: UUID | None = None
    pii_information: list[str] = []
    jurisdiction: str
    withdrawal_method: str
    event: ReceiptEvent
    prev_hash: str
    hash: str


def receipt(event: ConsentEvent, public_url: str) -> Receipt:
    """The receipt of an event; the same event always gives the same receipt."""
    notice = f"{public_url}/v1/notices/{event.notice_id}?version={event.notice_version}"
    return Receipt(
        schema_version=SCHEMA,
        conforms_to=PROFILE,
        receipt_id=uuid5(event.resident_id, f"consent-event/{event.seq}"),
        record_id=f"{event.resident_id}/{event.seq}",
        pii_principal_id=event.resident_id,
        privacy_notice=notice if event.notice_id else None,
        language=event.language,
        item_id=event.item_id,
        study_id=event.study_id,
        pii_information=event.categories or ([event.category] if event.category else []),
        jurisdiction="SE",
        withdrawal_method=f"{public_url}/v1/me/withdrawals",
        event=_event(event),
        prev_hash=event.prev_hash.hex(),
        hash=event.hash.hex(),
    )


def _event(event: ConsentEvent) -> ReceiptEvent:
    return ReceiptEvent(
        event_time=event.recorded_at,
        event_type="dpv:ExplicitlyExpressedConsent",
        event_state="ConsentUnknown" if event.blind else _STATES[event.decision],
        entity_id=event.actor_id,
        validity_until=event.valid_until,
        decision=event.decision,
        scope=event.scope,
        effect=event.effect,
        pause_until=event.pause_until,
        opens_nothing=event.blind,
    )


def sign(content: Receipt, key: OKPKey) -> str:
    """A compact JWS (RFC 7515) by Ed25519 (RFC 8037): deterministic, so a receipt needs no storing."""
    signed = _header(key.kid) + b"." + _part(json.encode(content))
    # By the key alone: joserfc's way round it takes as long as the signature.
    private = cast("Ed25519PrivateKey", key.private_key)
    return (signed + b"." + _part(private.sign(signed))).decode()


@cache
def _header(kid: str | None) -> bytes:
    return _part(json.encode({"alg": "Ed25519", "typ": "consent-receipt+jwt", "kid": kid}))


def _part(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
