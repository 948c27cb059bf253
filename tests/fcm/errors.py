"""What FCM answers when it says no, after its documentation of ErrorCode and of google.rpc.Status."""

from collections.abc import Mapping
from typing import Any, NamedTuple

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


class Error(NamedTuple):
    """An HTTP status and the error's own. `code` is FCM's; `field`: what it finds fault with."""

    status: int
    name: str
    code: str | None = None
    field: str | None = None

    def body(self) -> dict[str, Any]:
        details: list[dict[str, Any]] = []
        if self.code:
            details.append({"@type": FCM_ERROR, "errorCode": self.code})
        if self.field:
            violation = {"field": self.field, "description": "Invalid value"}
            details.append({"@type": BAD_REQUEST, "fieldViolations": [violation]})
        error = {"code": self.status, "message": "As it was asked to answer.", "status": self.name}
        return {"error": {**error, **({"details": details} if details else {})}}


ERRORS: Mapping[str, Error] = {
    "unregistered": Error(404, "NOT_FOUND", "UNREGISTERED"),
    "invalid-token": Error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.token"),
    "invalid-fid": Error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.fid"),
    "invalid-ttl": Error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.android.ttl"),
    "invalid": Error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    "sender-mismatch": Error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
    "permission-denied": Error(403, "PERMISSION_DENIED"),
    "unauthenticated": Error(401, "UNAUTHENTICATED"),
    "third-party-auth": Error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
    "quota": Error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    "internal": Error(500, "INTERNAL", "INTERNAL"),
    "unavailable": Error(503, "UNAVAILABLE", "UNAVAILABLE"),
    "no-such-project": Error(404, "NOT_FOUND"),
}
