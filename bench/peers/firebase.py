"""The Firebase SDK's two ways to send many, as they come, but for the address and whom to trust."""

import asyncio
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import firebase_admin
import httpx
import requests
from firebase_admin import App, _http_client, _retry, credentials, messaging
from google.auth.transport.requests import AuthorizedSession, Request

from notifications import payload
from notifications.push import Knock
from tests.fcm.standin import StandIn

CALL = 500
"""What the SDK takes in one call."""


def asynchronous(there: StandIn, knocks: Sequence[Knock]) -> float:
    """Messages a second by `send_each_async`, one call after the other."""
    with _opened(there) as app:
        return asyncio.run(_asynchronous(there, app, knocks))


async def _asynchronous(there: StandIn, app: App, knocks: Sequence[Knock]) -> float:
    service = messaging._get_messaging_service(app)  # noqa: SLF001
    flow = _http_client.GoogleAuthCredentialFlow(service._credential)  # noqa: SLF001
    mounts = {"https://": _Trusting(there)}
    async with httpx.AsyncClient(auth=flow, mounts=mounts, timeout=120) as client:
        service._async_client._async_client = client  # noqa: SLF001
        messages = [payload.message(one, time.time()) for one in knocks]
        begun = time.perf_counter()
        for i in range(0, len(messages), CALL):
            _whole(await messaging.send_each_async(messages[i : i + CALL], app=app))
        return len(messages) / (time.perf_counter() - begun)


def threaded(there: StandIn, knocks: Sequence[Knock]) -> float:
    """Messages a second by `send_each`, which takes a thread for each message of a call."""
    with _opened(there) as app:
        messages = [payload.message(one, time.time()) for one in knocks]
        begun = time.perf_counter()
        for i in range(0, len(messages), CALL):
            _whole(messaging.send_each(messages[i : i + CALL], app=app))
        return len(messages) / (time.perf_counter() - begun)


class _Trusting(_retry.HttpxRetryTransport):  # type: ignore[misc] # it tells no types
    """The SDK's own transport; its client would not let another authority be named."""

    def __init__(self, there: StandIn) -> None:
        super().__init__(retry=_http_client.DEFAULT_HTTPX_RETRY_CONFIG, verify=there.trust())


@contextmanager
def _opened(there: StandIn) -> Iterator[App]:
    app = firebase_admin.initialize_app(
        credentials.Certificate(str(there.account)), name=str(uuid4())
    )
    service = messaging._get_messaging_service(app)  # noqa: SLF001
    service._fcm_url = f"{there.address}{httpx.URL(service._fcm_url).path}"  # noqa: SLF001
    session: AuthorizedSession = service._client.session  # noqa: SLF001
    session.trust_env = False
    session.verify = str(there.authority)
    # The pool that the SDK keeps for FCM's own address.
    session.mount(there.address, session.get_adapter("https://fcm.googleapis.com"))
    ask = requests.Session()
    ask.trust_env, ask.verify = False, str(there.authority)
    service._credential.refresh(Request(ask))  # noqa: SLF001
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield app
    firebase_admin.delete_app(app)


def _whole(sent: messaging.BatchResponse) -> None:
    """All were accepted, or it raises: what failed fast is no speed."""
    if sent.failure_count:
        raise RuntimeError(next(str(one.exception) for one in sent.responses if one.exception))
