"""The API as the running server describes it, and whether its answers keep to that."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from jsonschema_rs import Draft202012Validator, Registry

from tests.drills.http import Answer, Http

JSON, NDJSON, PROBLEM = "application/json", "application/x-ndjson", "application/problem+json"
PROBLEMS = (PROBLEM, "application/fhir+json")
"""The media types of refusals: a problem document, or FHIR's OperationOutcome."""
BASE = "urn:description"


UNTYPED = frozenset(
    {
        "questionnaires_questionnaire",
        "questionnaires_by_name",
        "own_data_export",
        "residents_export",
        "receipts_published_keys",
    }
)
"""Answers without a schema: what of a resident's own is taken along, and a JWK set (RFC 7517)."""


class Described(NamedTuple):
    """One operation. `parameters` and `responses` are as in the description, references followed."""

    name: str
    method: str
    path: str
    public: bool
    parameters: list[dict[str, Any]]
    body: dict[str, Any] | None
    responses: Mapping[str, dict[str, Any]]

    @property
    def once(self) -> bool:
        """Whether it needs an Idempotency-Key."""
        return any(one["name"] == "Idempotency-Key" for one in self.parameters)

    @property
    def path_names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


class Description:
    """All operations by their id, and validators over the description's schemas."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.operations = {one.name: one for one in _operations(document)}
        self._open = _registry(document)
        self._closed = _registry(_shut(document))
        self._made: dict[tuple[int, bool], Draft202012Validator] = {}

    def says(self, operation: Described, answer: Answer) -> str | None:
        """What an answer of 2xx has that its operation's description does not allow."""
        told = operation.responses.get(str(answer.status))
        if told is None:
            return f"the status {answer.status} is not described"
        content = told.get("content", {})
        if not answer.body:
            return "a body is described" if content else None
        media_type = answer.headers.get("content-type", "").split(";")[0]
        if media_type not in content:
            return f"the media type {media_type} is not described"
        if not _typed(content[media_type]["schema"]) and operation.name not in UNTYPED:
            return "its members are not described"
        documents = answer.body.splitlines() if media_type == NDJSON else [answer.body]
        validator = self._validator(content[media_type]["schema"], closed=True)
        for one in documents:
            for error in validator.iter_errors(msgspec.json.decode(one)):
                return f"{error.kind}: at {error.instance_path}"
        return None

    def takes(self, schema: dict[str, Any], value: object) -> bool:
        """Whether a value is one that a schema of the description allows, formats included."""
        return bool(self._validator(schema, closed=False).is_valid(value))

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with its reference followed."""
        while "$ref" in schema:
            schema = _at(self.document, schema["$ref"])
        return schema

    def _validator(self, schema: dict[str, Any], *, closed: bool) -> Draft202012Validator:
        key = (id(schema), closed)
        if key not in self._made:
            registry = self._closed if closed else self._open
            whole = _absolute(_shut(schema) if closed else schema)
            self._made[key] = Draft202012Validator(whole, registry=registry, validate_formats=True)
        return self._made[key]


async def read(http: Http) -> Description:
    """The description that a server shows."""
    return Description((await http.get("/docs/openapi.json")).json())


def _operations(document: dict[str, Any]) -> Iterator[Described]:
    for path, item in document["paths"].items():
        for method, said in item.items():
            body = said.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema")
            yield Described(
                name=said["operationId"],
                method=method.upper(),
                path=path,
                public=not said.get("security"),
                parameters=said.get("parameters", []),
                body=body,
                responses={s: _followed(document, one) for s, one in said["responses"].items()},
            )


def _followed(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    return _at(document, found["$ref"]) if "$ref" in found else found


def _typed(schema: dict[str, Any]) -> bool:
    """Whether a schema says what there may be: a reference, members, or kinds of either."""
    if schema.get("type") == "array":
        return _typed(schema.get("items", {}))
    kinds = schema.get("oneOf", schema.get("anyOf", []))
    return "$ref" in schema or "properties" in schema or (bool(kinds) and all(map(_typed, kinds)))


def _at(document: dict[str, Any], ref: str) -> dict[str, Any]:
    found: Any = document
    for step in ref.removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _registry(document: dict[str, Any]) -> Registry:
    return Registry([(BASE, {"components": document["components"]})])


def _shut(found: Any) -> Any:
    """Every object of the schema takes only the members that it names."""
    if isinstance(found, list):
        return [_shut(one) for one in found]
    if not isinstance(found, dict):
        return found
    shut = {name: _shut(one) for name, one in found.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        shut.setdefault("additionalProperties", False)
    return shut


def _absolute(found: Any) -> Any:
    if isinstance(found, list):
        return [_absolute(one) for one in found]
    if not isinstance(found, dict):
        return found
    return {
        name: f"{BASE}{one}" if name == "$ref" and str(one).startswith("#") else _absolute(one)
        for name, one in found.items()
    }
