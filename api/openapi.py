"""The API description (OpenAPI 3.1), what every operation has in common, and its page."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import yaml
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import (
    Components,
    Example,
    License,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
    SecurityScheme,
    Tag,
)
from litestar.openapi.spec.enums import OpenAPIType
from litestar.routes import HTTPRoute

from api import bodies, documentation, outcomes, problems
from api.idempotency import OPTIONAL, IdempotencyKeyMissing, IdempotencyKeyReused
from api.problems import InvalidRequest, Unforeseen
from api.version import AppTooOld
from domain.errors import Busy, Refusal, Unauthenticated, Unavailable

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
SCHEME = "oidc"
OUTCOME = "Outcome"
"""What the names of shared refusals end in where they are FHIR's OperationOutcomes."""
OURS = {problems.MEDIA_TYPE, outcomes.FHIR_JSON}
"""Media types of refusals."""


SHARED = (
    InvalidRequest, Unauthenticated, bodies.TooSlow, bodies.TooLarge, bodies.Unreadable,
    AppTooOld, Unforeseen, Unavailable, IdempotencyKeyMissing, IdempotencyKeyReused, Busy,
)  # fmt: skip
"""Refusals that many operations have in common, described once."""


def config() -> OpenAPIConfig:
    """What Litestar builds the description from."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    return OpenAPIConfig(
        title="Medverka",
        version=project["version"],
        description=project["description"] + ".",
        license=License(name="Apache License 2.0", identifier=project["license"]),
        path=documentation.PATH,
        openapi_router=documentation.router(),
        render_plugins=[documentation.Page()],
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _, __: f"{_tag(handler)}_{handler.fn.__name__}",
        components=Components(
            security_schemes={
                SCHEME: SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="An access token (RFC 9068) of the region's OpenID provider.",
                )
            },
            responses=dict(_responses()),
        ),
    )


def complete(app: Litestar) -> None:
    """Say of every operation what the routes need not repeat."""
    description = app.openapi_schema
    tags: dict[str, str] = {}
    for handler, operation in _operations(app):
        name = _tag(handler)
        module = handler.fn.__globals__.get("__doc__") or ""
        tags[name] = " ".join(module.split("\n\n")[0].split())
        operation.tags = [name]
        _complete(handler, operation)
    description.tags = [Tag(name=n, description=text or None) for n, text in sorted(tags.items())]


def render(app: Litestar) -> str:
    """The description as YAML; the same code always gives the same text."""
    plain = msgspec.to_builtins(app.openapi_schema.to_schema(), enc_hook=str)
    return yaml.dump(plain, Dumper=_Plain, sort_keys=True, allow_unicode=True, width=100)


def _operations(app: Litestar) -> Iterator[tuple[HTTPRouteHandler, Operation]]:
    paths = app.openapi_schema.paths or {}
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or route.path_format not in paths:
            continue
        for method, (handler, _) in route.route_handler_map.items():
            operation = getattr(paths[route.path_format], method.lower())
            if operation is not None and handler.resolve_include_in_schema():
                yield handler, operation


def _complete(handler: HTTPRouteHandler, operation: Operation) -> None:
    asked = handler.parsed_fn_signature.parameters
    summary, _, rest = (handler.fn.__doc__ or "").strip().partition("\n")
    operation.summary = summary.rstrip(".")
    operation.description = "\n".join(line.strip() for line in rest.strip().splitlines()) or None
    shared: list[type[Refusal]] = [Unforeseen, Unavailable]
    if handler.resolve_guards():
        operation.security = [{SCHEME: []}]
        shared += [Unauthenticated]
    else:
        operation.security = []
    if not handler.opt.get("any_version", False):
        shared += [AppTooOld]
    if "data" in asked:
        shared += [bodies.TooSlow, bodies.TooLarge, bodies.Unreadable]
        _say_forms(handler, operation)
    if forms := handler.opt.get("answers"):
        _say_answers(forms, operation)
    if "once" in asked:
        shared += [IdempotencyKeyReused, Busy]
        key = replace(IDEMPOTENCY_KEY, required=not handler.opt.get(OPTIONAL, False))
        operation.parameters = [*(operation.parameters or []), key]
    if operation.parameters or operation.request_body:
        shared += [InvalidRequest]
    suffix = OUTCOME if outcomes.OPT in handler.opt else ""
    operation.responses = _with_shared(operation.responses or {}, shared, suffix)
    _unname_examples(operation.responses.values())


def _say_forms(handler: HTTPRouteHandler, operation: Operation) -> None:
    """The media types and codings that a body may have."""
    body = operation.request_body
    if isinstance(body, RequestBody):
        said = body.content[bodies.JSON]
        body.content = dict.fromkeys(handler.opt.get("media_types", (bodies.JSON,)), said)
        body.description = CODED


def _say_answers(forms: Iterable[str], operation: Operation) -> None:
    """The media types that an answer may have, where it is written bit by bit."""
    answer = (operation.responses or {}).get("200")
    if isinstance(answer, OpenAPIResponse):
        answer.content = {one: OpenAPIMediaType(schema=Schema()) for one in forms}


def _with_shared(said: dict[str, Any], shared: list[type[Refusal]], suffix: str) -> dict[str, Any]:
    """What a route says itself stands; Litestar's own words about 400 do not."""
    own = {status: found for status, found in said.items() if not _is_litestars(status, found)}
    path = "#/components/responses/"
    ours = {str(k.status): Reference(ref=path + k.__name__ + suffix) for k in shared}
    return dict(sorted((ours | own).items()))


def _unname_examples(responses: Iterable[Any]) -> None:
    """Leave out of examples the name under which they stand: it is no member of them in OpenAPI."""
    for response in responses:
        for content in (getattr(response, "content", None) or {}).values():
            if content.examples:
                content.examples = {
                    name: replace(one, id=None) for name, one in content.examples.items()
                }


def _is_litestars(status: str, found: Any) -> bool:  # noqa: ANN401 - a response or a reference
    content = getattr(found, "content", None) or {}
    return status.startswith(("4", "5")) and not OURS & content.keys()


def _responses() -> Iterator[tuple[str, OpenAPIResponse | Reference]]:
    for kind in SHARED:
        yield kind.__name__, _response(kind)
        yield kind.__name__ + OUTCOME, _outcome(kind)


def _response(kind: type[Refusal]) -> OpenAPIResponse:
    heading = problems.title(kind)
    shown = Example(summary=heading, value=problems.example(kind))
    schema = Reference(ref="#/components/schemas/Problem")
    content = OpenAPIMediaType(schema=schema, examples={problems.kebab(kind.__name__): shown})
    return OpenAPIResponse(description=heading, content={problems.MEDIA_TYPE: content})


def _outcome(kind: type[Refusal]) -> OpenAPIResponse:
    """The same as FHIR's routes answer it."""
    heading = problems.title(kind)
    shown = Example(summary=heading, value=outcomes.example(kind))
    schema = Reference(ref="#/components/schemas/OperationOutcome")
    content = OpenAPIMediaType(schema=schema, examples={problems.kebab(kind.__name__): shown})
    return OpenAPIResponse(description=heading, content={outcomes.FHIR_JSON: content})


def _tag(handler: HTTPRouteHandler) -> str:
    return handler.fn.__module__.rpartition(".")[2]


CODED = (
    "May come with `Content-Encoding` gzip or zstd: one of them, as one member or frame, "
    "with a window of 8 MB at most. The largest size is that of what comes out."
)

IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=True,
    description="One for each write that is meant, kept for its retries.",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=255),
    example="5f2c7a1e-8f0b-4a52-9d7e-1c1f0e6c9b42",
)


class _Plain(yaml.SafeDumper):
    """No anchors: a text that a person compares should say things where they are."""

    def ignore_aliases(self, _: object) -> bool:
        return True
