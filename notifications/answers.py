"""What FCM's answers mean: the SDK's error types, and what each asks of us.

After FCM's documentation of ErrorCode, and google.rpc.Status where FCM adds none.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from firebase_admin import exceptions, messaging
from firebase_admin.exceptions import FirebaseError
from msgspec import Struct

from notifications.push import Answer, Verdict

BARE_QUOTA = timedelta(seconds=60)
"""FCM asks for it after a 429 that names no time."""
LONGEST_WAIT = timedelta(days=1)
OK = Answer("accepted", None, "accepted")
ODD = Answer("unknown", None, "odd-answer")

_MEANINGS: Mapping[type[FirebaseError], tuple[Verdict, str]] = {
    messaging.UnregisteredError: ("unregistered", "unregistered"),
    messaging.SenderIdMismatchError: ("sender-mismatch", "sender-id-mismatch"),
    messaging.ThirdPartyAuthError: ("refused-credentials", "third-party-auth-error"),
    messaging.QuotaExceededError: ("later", "quota-exceeded"),
    exceptions.UnauthenticatedError: ("refused-credentials", "unauthenticated"),
    exceptions.PermissionDeniedError: ("refused-credentials", "permission-denied"),
    # No device is named by it: the project or the address is wrong, and that holds for all.
    exceptions.NotFoundError: ("refused-credentials", "not-found"),
    exceptions.InvalidArgumentError: ("invalid-message", "invalid-argument"),
    exceptions.ResourceExhaustedError: ("later", "resource-exhausted"),
    exceptions.InternalError: ("later", "internal"),
    exceptions.UnavailableError: ("later", "unavailable"),
    exceptions.AbortedError: ("later", "aborted"),
    exceptions.CancelledError: ("later", "cancelled"),
    exceptions.DeadlineExceededError: ("unknown", "timed-out"),
}
_TARGETS = {"message.token", "message.fid"}
_SERVER_ERROR, _TIMED_OUT = 500, 408


class _Violation(Struct):
    field: str = ""


class _Detail(Struct, rename={"violations": "fieldViolations"}):
    violations: list[_Violation] = []


class _Error(Struct):
    details: list[_Detail] = []


class _Said(Struct):
    error: _Error


class _Accepted(Struct):
    name: str


def accepted(body: bytes) -> Answer:
    """What a 200 means."""
    try:
        _named.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ODD
    return OK


def refused(error: FirebaseError, now: datetime) -> Answer:
    """What an error means. Its text is left alone: it may quote what was sent."""
    response = error.http_response
    verdict, cause = _meaning(error, None if response is None else response.status_code)
    if verdict == "invalid-message" and response is not None and _on_target(response.content):
        verdict, cause = "invalid-target", "invalid-target"
    if verdict != "later" or response is None:
        return Answer(verdict, None, cause)
    wait = retry_after(response.headers, now)
    return Answer(verdict, BARE_QUOTA if wait is None and _is_quota(error) else wait, cause)


def _meaning(error: FirebaseError, status: int | None) -> tuple[Verdict, str]:
    for kind in type(error).__mro__:
        if kind in _MEANINGS:
            return _MEANINGS[kind]
    if status is None:
        return "unknown", "connection-lost"
    if status >= _SERVER_ERROR or status == _TIMED_OUT:
        return "later", f"http-{status}"
    return "invalid-message", f"http-{status}"


def _is_quota(error: FirebaseError) -> bool:
    return isinstance(error, messaging.QuotaExceededError | exceptions.ResourceExhaustedError)


def _on_target(body: bytes) -> bool:
    """Whether the device's value is what is not valid; else the message is, for everyone."""
    try:
        details = _said.decode(body).error.details
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return any(one.field in _TARGETS for detail in details for one in detail.violations)


def retry_after(headers: Mapping[str, Any], now: datetime) -> timedelta | None:
    """How long the service asks to wait (RFC 9110 §10.2.3), in seconds or until a date."""
    said = str(headers.get("retry-after", "")).strip()
    if said.isascii() and said.isdigit():
        return min(timedelta(seconds=int(said[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return min(max(until.replace(tzinfo=UTC) - now, timedelta()), LONGEST_WAIT)


_said = msgspec.json.Decoder(_Said)
_named = msgspec.json.Decoder(_Accepted)
