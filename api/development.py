"""The development issuer: signs tokens without an identity provider. Never in production."""

import json
import os
import secrets
import time
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import RSAKey

from api.settings import BadSettings, Settings

LIFETIME = 3600
"""Seconds that a development token lives."""
ALGORITHM = "RS256"


def key(settings: Settings) -> RSAKey:
    """The issuer's key, made at first use. Raises BadSettings outside development mode."""
    if not (settings.development and settings.own_issuer):
        raise BadSettings("The development issuer works in development mode alone.")
    path = settings.secret_dir / "development-issuer-rsa.json"
    return _imported(secret(path, _new_key, create=True))


def token(settings: Settings, subject: str, **claims: object) -> str:
    """An access token (RFC 9068) for one subject; claims given override the usual ones.

    Signed as that profile has every provider able to, and as most do.
    """
    signing = key(settings)
    now = int(time.time())
    usual = {
        "iss": settings.issuer,
        "aud": settings.oidc_audience,
        "sub": subject,
        "iat": now,
        "auth_time": now,
        "exp": now + LIFETIME,
    }
    header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": signing.kid}
    return jwt.encode(header, usual | claims, signing)


def subject_secret(settings: Settings) -> bytes:
    """The secret under which logins are kept as HMACs. Losing it loses every login."""
    path = settings.secret_dir / "hmac"
    return bytes.fromhex(secret(path, secrets.token_hex, create=settings.development).decode())


def secret(path: Path, make: Callable[[], str], *, create: bool) -> bytes:
    """A file of secrets, readable by its owner alone; made at first use where `create` allows.

    Two processes may start at once: the first to link its file in place wins for both.
    """
    if not path.exists():
        if not create:
            raise BadSettings(f"There is no secret `{path.name}` in MEDVERKA_SECRET_DIR.")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes().strip()


@lru_cache(8)
def _imported(kept: bytes) -> RSAKey:
    """Looked over once: that takes as long as fifty signatures."""
    return RSAKey.import_key(json.loads(kept))


@cache
def _new_key() -> str:
    """Drawn once in a process: 0.15 seconds for each of a thousand tests is too much."""
    made = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
    return json.dumps(made.as_dict(private=True))
