"""Errors of FHIR's routes: OperationOutcomes (R4) instead of problem documents, with the same words."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example

from api.complaints import Complaint
from domain.donations.fhir.outcomes import REFUSAL, Issue, OperationOutcome, fhirpath, outcome
from domain.donations.fhir.resources import CodeableConcept, Coding
from domain.errors import Refusal

FHIR_JSON = "application/fhir+json"
OPT = "fhir"
"""Under this name a route's `opt` says which resource it takes; its errors are OperationOutcomes then."""

KINDS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "not-supported",
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not-supported",
    HTTPStatus.UNPROCESSABLE_ENTITY: "processing",
    HTTPStatus.UPGRADE_REQUIRED: "not-supported",
    HTTPStatus.TOO_MANY_REQUESTS: "throttled",
    HTTPStatus.INTERNAL_SERVER_ERROR: "exception",
    HTTPStatus.SERVICE_UNAVAILABLE: "transient",
}
"""IssueType by the status, where nothing more is known. Any other is `invalid`."""

_INDEX = re.compile(r"/(\d+)")


def resource_of(request: Request[Any, Any, Any]) -> str | None:
    """The resource that a route of FHIR's takes; None for any other route."""
    handler: Any = request.scope.get("route_handler")
    return None if handler is None else handler.opt.get(OPT)


def answer(
    resource: str,
    status: int,
    name: str,
    heading: str,
    members: Mapping[str, Any],
    headers: dict[str, str] | None,
) -> Response[bytes]:
    """A refusal as a response. `name` is the last part of its problem type."""
    issues = members.get("issue") or [
        *_complained(resource, members.get("errors") or []),
    ]
    issues = issues or [_issue(KINDS.get(status, "invalid"), name, heading, members.get("detail"))]
    body = msgspec.json.encode(outcome(issues))
    return Response(body, status_code=status, media_type=FHIR_JSON, headers=headers)


def _complained(resource: str, complaints: Iterable[Complaint]) -> list[Issue]:
    return [
        Issue(
            severity="error",
            code="required" if one.detail == "is required" else "structure",
            diagnostics=f"It {one.detail}.",
            expression=[f"{resource}.{_fhirpath(one.pointer)}".rstrip(".")],
        )
        for one in complaints
    ]


def _fhirpath(pointer: str) -> str:
    return fhirpath(_INDEX.sub(r"[\1]", pointer.removeprefix("#")).replace("/", "."))


def _issue(kind: str, name: str, heading: str, detail: str | None = None) -> Issue:
    return Issue(
        severity="error",
        code=kind,
        details=CodeableConcept(coding=[Coding(system=REFUSAL, code=name)]),
        diagnostics=" ".join(filter(None, [heading, detail])),
    )


def outcomes(*refusals: type[Refusal]) -> dict[int, ResponseSpec]:
    """What a route of FHIR's may refuse with, for its `responses=`."""
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in refusals:
        by_status.setdefault(refusal.status, []).append(refusal)
    return {status: _spec(found) for status, found in by_status.items()}


def _spec(found: list[type[Refusal]]) -> ResponseSpec:
    return ResponseSpec(
        data_container=OperationOutcome,
        description=" Or: ".join(_heading(refusal) for refusal in found),
        media_type=FHIR_JSON,
        generate_examples=False,
        examples=[
            Example(id=one.__name__, summary=_heading(one), value=example(one)) for one in found
        ],
    )


def example(refusal: type[Refusal]) -> Any:  # noqa: ANN401 - JSON
    """An OperationOutcome as it would be answered, for the API description."""
    spaced = re.sub(r"(?<!^)(?=[A-Z])", "-", refusal.__name__).lower()
    kind = KINDS.get(refusal.status, "invalid")
    return msgspec.to_builtins(outcome([_issue(kind, spaced, _heading(refusal))]))


def _heading(refusal: type[Refusal]) -> str:
    return (refusal.__doc__ or refusal.__name__).strip().partition("\n")[0]
