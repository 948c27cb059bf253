"""An identity provider whose private keys the drill has, so that it can sign what no provider would."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from msgspec import Struct

from tests.drills.http import HOST

Key = ECKey | OKPKey | RSAKey
AUDIENCE = "medverka"
ALGORITHMS = {"EC": "ES256", "RSA": "RS256", "OKP": "EdDSA"}


class Issuer(Struct, frozen=True):
    """Where it is, and its keys. P-384 is published too, and not allowed for ES256."""

    address: str
    ec: ECKey
    rsa: RSAKey
    ed: OKPKey
    p384: ECKey
    stranger: ECKey
    """Published by nobody."""

    def token(self, subject: str, now: int, **claims: Any) -> str:
        """A token as it should be, with claims over the usual ones; None takes one away."""
        return self.sign(self.ec, {}, self.claims(subject, now) | claims)

    def claims(self, subject: str, now: int) -> dict[str, Any]:
        return {
            "iss": self.address, "aud": AUDIENCE, "sub": subject, "iat": now, "auth_time": now,
            "exp": now + 600,
        }  # fmt: skip

    def sign(self, key: Key, header: dict[str, Any], claims: Any) -> str:
        """Header and claims over the usual header, whatever they say, signed with the key's own algorithm."""
        algorithm = ALGORITHMS[key.key_type]
        usual = {"alg": algorithm, "typ": "at+jwt", "kid": key.kid}
        said = {name: value for name, value in (usual | header).items() if value is not None}
        return signed(key, said, claims)


def signed(key: Key, header: Any, claims: Any) -> str:
    """A compact JWS of two parts, each bytes as they are or JSON; claims that are None are left out."""
    if isinstance(claims, dict):
        claims = {name: value for name, value in claims.items() if value is not None}
    signing = f"{part(header)}.{part(claims)}"
    maker = jws.JWSRegistry.algorithms[ALGORITHMS[key.key_type]]
    return f"{signing}.{part(maker.sign(signing.encode(), key))}"


def part(value: Any) -> str:
    """One part of a compact JWS."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return msgspec.json.encode(raw).decode().strip('"').translate(_TO_URL).rstrip("=")


_TO_URL = str.maketrans("+/", "-_")


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer on loopback for as long as the block lasts, with discovery and JWKS."""
    server = ThreadingHTTPServer((HOST, 0), _Handler)
    address = f"http://{HOST}:{server.server_port}"
    made = Issuer(
        address,
        ECKey.generate_key("P-256", {"alg": "ES256"}, auto_kid=True),
        RSAKey.generate_key(2048, auto_kid=True),
        OKPKey.generate_key("Ed25519", auto_kid=True),
        ECKey.generate_key("P-384", auto_kid=True),
        ECKey.generate_key("P-256", auto_kid=True),
    )
    public = [key.as_dict(private=False) for key in (made.ec, made.rsa, made.ed, made.p384)]
    _Handler.documents = {
        "/.well-known/openid-configuration": {"issuer": address, "jwks_uri": f"{address}/jwks"},
        "/jwks": {"keys": public},
    }
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    documents: dict[str, Any]

    def do_GET(self) -> None:
        body = msgspec.json.encode(self.documents.get(self.path, {}))
        self.send_response(200 if self.path in self.documents else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the drill says what there is to say."""
