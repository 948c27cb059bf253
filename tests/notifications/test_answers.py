"""Each of FCM's answers is taken for what it asks of us, by whichever way the bytes went."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from notifications import answers
from notifications.firebase import Account, Firebase
from notifications.http2 import Response
from notifications.push import Answer
from tests.fcm.errors import ERRORS
from tests.fcm.standin import PROJECT, service_account

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(seconds=60)
ODD = (
    b"",
    b"<html>",
    b"[]",
    b'{"error": "x"}',
    b"\xff",
    b'{"error": {"details": [7]}}',
    b"[" * 5000,
)
MEANINGS = {
    "unregistered": Answer("unregistered", None, "unregistered"),
    "invalid-token": Answer("invalid-target", None, "invalid-target"),
    "invalid-fid": Answer("invalid-target", None, "invalid-target"),
    "invalid-ttl": Answer("invalid-message", None, "invalid-argument"),
    "invalid": Answer("invalid-message", None, "invalid-argument"),
    "sender-mismatch": Answer("sender-mismatch", None, "sender-id-mismatch"),
    "permission-denied": Answer("refused-credentials", None, "permission-denied"),
    "unauthenticated": Answer("refused-credentials", None, "unauthenticated"),
    "third-party-auth": Answer("refused-credentials", None, "third-party-auth-error"),
    "quota": Answer("later", MINUTE, "quota-exceeded"),
    "internal": Answer("later", None, "internal"),
    "unavailable": Answer("later", None, "unavailable"),
    "no-such-project": Answer("refused-credentials", None, "not-found"),
}


@pytest.fixture
async def firebase(tmp_path: Path) -> AsyncIterator[Firebase]:
    """Opened with an account whose tokens cannot be had: nothing is sent here."""
    account = service_account(tmp_path, "https://127.0.0.1:1/token")
    opened = Firebase(Account(credentials=str(account)))
    yield opened
    await opened.close()


@pytest.mark.parametrize("name", sorted(ERRORS))
async def test_a_documented_error(firebase: Firebase, name: str) -> None:
    error = ERRORS[name]
    response = Response(error.status, {}, msgspec.json.encode(error.body()))
    assert firebase.answer(response) == MEANINGS[name]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "unknown"), (204, "invalid-message"), (301, "invalid-message"), (400, "invalid-message"),
     (401, "refused-credentials"), (403, "refused-credentials"), (404, "refused-credentials"),
     (408, "later"), (413, "invalid-message"), (418, "invalid-message"), (429, "later"),
     (500, "later"), (502, "later"), (503, "later"), (599, "later")],
)  # fmt: skip
async def test_an_answer_that_nobody_has_documented(
    firebase: Firebase, status: int, verdict: str
) -> None:
    for body in ODD:
        assert firebase.answer(Response(status, {}, body)).verdict == verdict


async def test_the_time_that_the_service_names_is_kept(firebase: Firebase) -> None:
    body = msgspec.json.encode(ERRORS["quota"].body())
    answer = firebase.answer(Response(429, {b"retry-after": b"7"}, body))
    assert answer.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("said", "wait"),
    [("7", 7), (" 7 ", 7), ("Mon, 23 Nov 2026 12:02:00 GMT", 120), ("Mon, 23 Nov 2020 12:02:00 GMT", 0),
     ("99999999999999999999", 86400), ("-7", None), ("7.5", None), ("soon", None), ("", None),
     ("\u0667", None), ("Mon, 99 Nov 2026 12:02:00 GMT", None)],
)  # fmt: skip
def test_retry_after(said: str, wait: int | None) -> None:
    found = answers.retry_after({"retry-after": said}, NOW)
    assert found == (None if wait is None else timedelta(seconds=wait))


def test_every_error_that_the_stand_in_knows_has_a_meaning() -> None:
    assert MEANINGS.keys() == ERRORS.keys()


async def test_the_sdk_is_what_it_was(firebase: Firebase) -> None:
    """What we rely on of its inside. Where this fails, look at `firebase.py` before all else."""
    assert firebase.url == f"https://fcm.googleapis.com/v1/projects/{PROJECT}/messages:send"
    assert firebase.service._fcm_url == firebase.url
    assert firebase.service._credential.scopes
    assert {name.lower() for name in firebase.headers()} == {
        "x-goog-api-format-version", "x-firebase-client", "x-goog-api-client",
    }  # fmt: skip
