"""The provider's process: oidc-provider-mock, with access tokens that say something.

Its own are opaque. These are JWTs after RFC 9068, signed with its key, as providers behind
BankID and Freja issue them. Not imported by tests: its libraries warn about themselves.
"""

import secrets
import time
from typing import Any

import flask
import oidc_provider_mock  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import RSAKey
from oidc_provider_mock._storage import storage  # type: ignore[import-untyped]
from werkzeug.serving import make_server


def _serve() -> None:
    app = flask.Flask("provider")
    app.secret_key = secrets.token_bytes(16)
    app.config["OAUTH2_ACCESS_TOKEN_GENERATOR"] = _access_token
    oidc_provider_mock.init_app(app)
    server = make_server("127.0.0.1", 0, app.wsgi_app, threaded=True)
    print(f"http://127.0.0.1:{server.port}", flush=True)  # noqa: T201 - how the test learns the port
    server.serve_forever()


def _access_token(*, client: Any, user: Any, **_: object) -> str:
    key = storage.jwk.as_dict(is_private=True)
    now = int(time.time())
    claims = {
        "iss": flask.request.host_url.rstrip("/"),
        "aud": client.get_client_id(),
        "sub": user.sub,
        "iat": now,
        "exp": now + 600,
    }
    header = {"alg": "RS256", "typ": "at+jwt", "kid": key["kid"]}
    return jwt.encode(header, claims, RSAKey.import_key(key))


if __name__ == "__main__":
    _serve()
