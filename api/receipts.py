"""Receipts' signing key, and its public half for whoever checks a receipt."""

import json
from typing import Any

from joserfc.jwk import OKPKey
from litestar import Response, get
from litestar.datastructures import State
from msgspec import Struct

from api import development
from api.settings import BadSettings, Settings
from domain.consents import receipts
from domain.consents.model import ConsentEvent


def load(settings: Settings) -> OKPKey:
    """The Ed25519 key of MEDVERKA_SECRET_DIR; made at first use in development. Raises BadSettings."""
    path = settings.secret_dir / "receipt-key.json"
    try:
        key = OKPKey.import_key(
            json.loads(development.secret(path, _new_key, create=settings.development))
        )
    except ValueError:
        raise BadSettings("`receipt-key.json` in MEDVERKA_SECRET_DIR is not a JWK.") from None
    if key.curve_name != "Ed25519" or not key.is_private:
        raise BadSettings("`receipt-key.json` in MEDVERKA_SECRET_DIR is not a private Ed25519 key.")
    return key


class ReceiptIssuer(Struct, frozen=True):
    """Signs receipts in the name of this address."""

    key: OKPKey
    public_url: str

    def sign(self, event: ConsentEvent) -> str:
        """The event's receipt as a compact JWS; the same event always gets the same bytes."""
        return receipts.sign(receipts.receipt(event, self.public_url), self.key)


@get("/.well-known/jwks.json", sync_to_thread=False)
def published_keys(state: State) -> Response[dict[str, Any]]:
    """The public key that receipts are signed with (RFC 7517)."""
    public = {**state.receipts.key.as_dict(private=False), "alg": "Ed25519", "use": "sig"}
    return Response({"keys": [public]}, headers={"Cache-Control": "public, max-age=3600"})


def _new_key() -> str:
    made = OKPKey.generate_key("Ed25519", private=True, auto_kid=True)
    return json.dumps(made.as_dict(private=True))


routes: list[Any] = [published_keys]
