"""The one place that turns a no into bytes: problem documents (RFC 9457), free of user input."""

import traceback
from http import HTTPStatus
from typing import Annotated, Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.types import ExceptionHandlersMap
from msgspec import Meta, Struct

from api import complaints, outcomes
from api.bodies import Malformed
from api.complaints import Complaint
from domain.errors import NotFound, Refusal, Unavailable

MEDIA_TYPE = "application/problem+json"

AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection that PostgreSQL has just ended (drill `crash`)
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    ConnectionError,
    TimeoutError,
    OSError,
)
"""What PostgreSQL, or the way to it, says when it cannot help right now."""

TAKEN = {"media_types": "Accept", "codings": "Accept-Encoding", "methods": "Allow"}
"""Members that name what would be taken, and their headers (RFC 9110, 15.5.6 and 15.5.16)."""

log = structlog.get_logger()

Req = Request[Any, Any, Any]


class InvalidRequest(Refusal):
    """The request says something that cannot be."""

    status = 400


class MethodNotAllowed(Refusal):
    """This address does not take that method."""

    status = 405


class Unforeseen(Refusal):
    """Something went wrong on our side."""

    status = 500


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document (RFC 9457), with members of its own where its type says so."""

    type: Annotated[str, Meta(description="A stable address, one for each kind of problem")]
    title: str
    status: int
    detail: str = ""
    request_id: Annotated[str, Meta(description="To quote when asking for help")] = ""
    errors: Annotated[
        list[Complaint], Meta(description="What is wrong with which part of the request")
    ] = []


REPLAYED = {"Idempotency-Replayed": "true"}
"""On an answer that an earlier request with the same key had."""


class Replay(Exception):
    """This was answered before: the same bytes again. The transaction rolls back."""

    def __init__(self, status: int, content_type: str, body: bytes) -> None:
        super().__init__()
        self.status = status
        self.content_type = content_type
        self.body = body


def kebab(name: str) -> str:
    """`NoticeSuperseded` or `Not Found` as the last part of a problem's type."""
    spaced = "".join(f" {c}" if c.isupper() else c for c in name.replace(" ", ""))
    return "-".join(spaced.split()).lower()


def handlers() -> ExceptionHandlersMap:
    """Litestar's map from an exception, by its MRO, to an answer."""
    away: dict[Any, Any] = dict.fromkeys(AWAY, _away)
    return away | {
        Refusal: refused,
        Replay: _replayed,
        ValidationException: _invalid_parameters,
        HTTPException: _http,
        msgspec.ValidationError: _invalid_body,
        msgspec.DecodeError: _malformed,
        UnicodeError: _malformed,
        RecursionError: _malformed,
        asyncpg.DataError: _unstorable,
        ExceptionGroup: _first_of_group,
        HTTPStatus.INTERNAL_SERVER_ERROR.value: _broken,
    }


def refusals(*classes: type[Refusal]) -> dict[int, ResponseSpec]:
    """What a route may refuse with, for its `responses=`."""
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in classes:
        by_status.setdefault(refusal.status, []).append(refusal)
    return {status: _spec(found) for status, found in by_status.items()}


def example(refusal: type[Refusal]) -> dict[str, Any]:
    """A problem document as it would be answered, for the API description."""
    return {
        "type": f"/problems/{kebab(refusal.__name__)}",
        "title": title(refusal),
        "status": refusal.status,
        "request_id": "0199e7c41f6b7d0a8a5e4c1b2d3f4a5b",
    }


def title(refusal: type[Refusal]) -> str:
    """The first line of the class's docstring."""
    return (refusal.__doc__ or refusal.__name__).strip().partition("\n")[0]


def _spec(found: list[type[Refusal]]) -> ResponseSpec:
    return ResponseSpec(
        data_container=Problem,
        description=" Or: ".join(title(refusal) for refusal in found),
        media_type=MEDIA_TYPE,
        generate_examples=False,
        examples=[Example(id=kebab(r.__name__), summary=title(r), value=example(r)) for r in found],
    )


def answer(
    request: Req,
    status: int,
    name: str,
    heading: str,
    *,
    headers: dict[str, str] | None = None,
    **members: object,
) -> Response[bytes]:
    """A problem document as a response. Members that say nothing are left out."""
    if resource := outcomes.resource_of(request):
        return outcomes.answer(resource, status, kebab(name), heading, members, headers)
    state = request.app.state
    problem = {
        "type": f"{state.settings.public_url.rstrip('/')}/problems/{kebab(name)}",
        "title": heading,
        "status": status,
        "request_id": request.scope["state"].get("request_id", ""),
        **members,
    }
    body = msgspec.json.encode({k: v for k, v in problem.items() if v not in ("", None)})
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def refused(request: Req, no: Refusal) -> Response[bytes]:
    """A refusal as a response. Raised, it is rendered by this, and the transaction rolls back."""
    headers = {}
    if no.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if no.retry_after is not None:
        headers["Retry-After"] = str(no.retry_after)
    for member, header in TAKEN.items():
        if member in no.extension:
            headers[header] = ", ".join(no.extension[member])
    kind = type(no)
    return answer(
        request, no.status, kind.__name__, title(kind), headers=headers, detail=str(no),
        **no.extension,
    )  # fmt: skip


def _replayed(_: Req, earlier: Replay) -> Response[bytes]:
    return Response(
        earlier.body,
        status_code=earlier.status,
        media_type=earlier.content_type,
        headers=REPLAYED,
    )


def _http(request: Req, error: HTTPException) -> Response[bytes]:
    """Litestar's own. Its detail may quote the request, so the phrase has to do."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _broken(request, error)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refused(request, NotFound())
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("allow", "")
        return refused(request, MethodNotAllowed(methods=allowed.split(", ")))
    phrase = HTTPStatus(error.status_code).phrase
    return answer(request, error.status_code, phrase, f"{phrase}.")


def _invalid_parameters(request: Req, error: ValidationException) -> Response[bytes]:
    return refused(request, InvalidRequest(errors=complaints.of_parameters(error)))


def _invalid_body(request: Req, error: msgspec.ValidationError) -> Response[bytes]:
    return refused(request, InvalidRequest(errors=[complaints.of_body(str(error))]))


def _malformed(request: Req, _: Exception) -> Response[bytes]:
    return refused(request, Malformed())


def _unstorable(request: Req, error: asyncpg.DataError) -> Response[bytes]:
    # Its text holds the value; its class and where it was raised do not.
    log.error("unstorable", error=type(error).__name__, at=whereabouts(error))
    return refused(request, InvalidRequest())


def _away(request: Req, error: BaseException) -> Response[bytes]:
    log.warning("unavailable", error=type(error).__name__)
    return refused(request, Unavailable())


def _first_of_group(request: Req, group: ExceptionGroup[Exception]) -> Response[bytes]:
    """Rolling back failed too, most often because the connection broke: the cause is what counts."""
    cause = group.__cause__ or group.exceptions[0]
    for kind in type(cause).__mro__:
        if found := handlers().get(kind):
            return found(request, cause)
    return _broken(request, cause)


def _broken(request: Req, error: BaseException) -> Response[bytes]:
    """Whatever nobody foresaw. Logged by class and place: its text may hold what must not be there."""
    log.error("unforeseen", error=type(error).__name__, at=whereabouts(error))
    return refused(request, Unforeseen())


def whereabouts(error: BaseException) -> list[str]:
    """The innermost places an error came through, as file, line and function."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
