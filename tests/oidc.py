"""A real OpenID provider as a process of its own: code flow, discovery, JWKS over HTTP."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from msgspec import Struct

AUDIENCE = "medverka"
BACK = "http://127.0.0.1/back"


class Provider(Struct, frozen=True):
    """A running provider."""

    issuer: str

    def login(self, subject: str) -> dict[str, Any]:
        """Log in by the code flow; the token response, with an access and an ID token."""
        asked = {
            "client_id": AUDIENCE, "redirect_uri": BACK, "response_type": "code", "scope": "openid",
        }  # fmt: skip
        with httpx.Client(base_url=self.issuer, trust_env=False) as client:
            sent_back = client.post("/oauth2/authorize", params=asked, data={"sub": subject})
            code = parse_qs(urlsplit(sent_back.headers["location"]).query)["code"][0]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
            answer = client.post("/oauth2/token", data=form, auth=(AUDIENCE, "secret"))
            found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def key_id(self) -> str:
        """The `kid` of the key it signs with."""
        found: str = httpx.get(f"{self.issuer}/jwks", trust_env=False).json()["keys"][0]["kid"]
        return found


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider process for as long as the block lasts."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.oidc_provider"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            yield Provider(process.stdout.readline().strip())
        finally:
            process.terminate()
            process.wait(10)
