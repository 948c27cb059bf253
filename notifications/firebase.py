"""The Firebase Admin SDK, made to send through our addresses, with our trust and without retrying.

It is used for what it is good at: credentials, the message model, its validation, the error types.
What it keeps private is touched in this file alone (and its encoder in `payload.py`), and
`tests/notifications/test_firebase.py` fails when a new version of it has moved.
"""

import asyncio
import ssl
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import firebase_admin
import google.auth
import google.auth.transport.requests
import httpx
import requests
from firebase_admin import _http_client, messaging
from google.auth.exceptions import GoogleAuthError
from msgspec import Struct

from notifications.access import Access
from notifications.answers import accepted, refused
from notifications.http2 import Response
from notifications.push import Answer

SCOPES = ("https://www.googleapis.com/auth/firebase.messaging",)
TIMEOUT_SECONDS = 10.0

_load: Callable[..., tuple[Any, str | None]] = google.auth.load_credentials_from_file


class NoCredentials(Exception):
    """The push service's credentials cannot be read. The text names no file and no content."""


class Account(Struct, frozen=True, kw_only=True):
    """Who sends, and where.

    `credentials`: a file of a service account or of a workload identity; empty: what the machine
    runs as, and then `project` must be named. `authority`: certificates to trust, in PEM, instead
    of the system's. `connections`: at most so many at once. `seconds`: how long
    an answer is waited for.
    """

    credentials: str = ""
    project: str = ""
    address: str = "https://fcm.googleapis.com"
    authority: str = ""
    connections: int = 16
    seconds: float = TIMEOUT_SECONDS


class Firebase:
    """An app of the SDK's, opened with an account."""

    def __init__(self, account: Account, changed: Callable[[], None] = lambda: None) -> None:
        """In a running loop. Raises NoCredentials; reading them may ask the machine's own service."""
        self._seconds = account.seconds
        self.trust = ssl.create_default_context(cafile=account.authority or None)
        credential, project = _credential(account)
        options = {"projectId": account.project or project, "httpTimeout": account.seconds}
        self.app = firebase_admin.initialize_app(credential, options, name=str(uuid4()))
        try:
            self.service = messaging._get_messaging_service(self.app)  # noqa: SLF001
        except ValueError:
            firebase_admin.delete_app(self.app)
            raise NoCredentials("They name no project.") from None
        path = httpx.URL(self.service._fcm_url).path  # noqa: SLF001
        self.url = f"{account.address}{path}"
        self.service._fcm_url = self.url  # noqa: SLF001
        self.access = Access(credential, _patient(account), changed)

    def send_by(self, transport: httpx.AsyncBaseTransport) -> None:
        """Let the SDK's asynchronous client send by this, without trying again by itself."""
        flow = _http_client.GoogleAuthCredentialFlow(self.service._credential)  # noqa: SLF001
        flow._max_refresh_attempts = 0  # noqa: SLF001
        self.service._async_client._async_client = httpx.AsyncClient(  # noqa: SLF001
            transport=transport,
            timeout=self._seconds,
            headers=_http_client.METRICS_HEADERS,
            auth=flow,
            trust_env=False,
        )

    def headers(self) -> Mapping[str, str]:
        """What the SDK adds to each request, but for the token."""
        headers: dict[str, str] = self.service._fcm_headers  # noqa: SLF001
        return {**headers, **_http_client.METRICS_HEADERS}

    def answer(self, response: Response) -> Answer:
        """What the service's answer means; the SDK says of which type an error is."""
        if response.status == httpx.codes.OK:
            return accepted(response.body)
        try:
            return self._refused(response.status, response.headers, response.body)
        except (AttributeError, TypeError, UnicodeDecodeError, RecursionError):
            # JSON of a shape that the SDK does not expect: the status alone speaks.
            return self._refused(response.status, response.headers, b"")

    def _refused(self, status: int, headers: Mapping[bytes, bytes], body: bytes) -> Answer:
        kept = {b"retry-after": headers.get(b"retry-after", b"")}
        response = httpx.Response(status, headers=kept, content=body)
        error = httpx.HTTPStatusError(
            "", request=httpx.Request("POST", self.url), response=response
        )
        return self.meaning(error)

    def meaning(self, error: httpx.HTTPError) -> Answer:
        """What an error of a request means."""
        return refused(self.service._handle_fcm_httpx_error(error), datetime.now(UTC))  # noqa: SLF001

    async def close(self) -> None:
        """Let go of the app. A request for a token under way ends by its own time-out."""
        await self.access.close()
        await self.service._async_client.aclose()  # noqa: SLF001
        # It closes with a loop of its own, so not in ours.
        await asyncio.to_thread(firebase_admin.delete_app, self.app)


def _credential(account: Account) -> tuple[Any, str | None]:
    try:
        if not account.credentials:
            return google.auth.default(scopes=SCOPES)
        with warnings.catch_warnings():
            # It warns of files that come from outside. This one is the operator's own.
            warnings.simplefilter("ignore", DeprecationWarning)
            return _load(account.credentials, scopes=SCOPES)
    except (GoogleAuthError, ValueError, OSError, LookupError, TypeError, AttributeError):
        raise NoCredentials("The push service's credentials cannot be read.") from None


def _patient(account: Account) -> Any:  # noqa: ANN401 - google's are untyped
    """google-auth's way to ask for tokens, with our trust and time-out."""
    ask = google.auth.transport.requests.Request(requests.Session())
    return partial(ask, timeout=account.seconds, verify=account.authority or True)
