"""The schemas and documents of Open mHealth that may lie beside the checkout, as test material.

IEEE's own are not among them. Where an Open mHealth schema builds on one, Open mHealth's schema of
the same name stands for it, which IEEE took over: without the parts of days, and with the longest
list of statistics. A percentage is a value whose unit is `%`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs

from domain.donations.openmhealth.schemas import SCHEMAS

ROOT = Path(__file__).parents[5] / "shared/data/omh"
IEEE = "https://w3id.org/ieee/ieee-1752-schema/"
DATED = {"date", "part_of_day"}


class Given(NamedTuple):
    """A body of the test data, and whether it should pass."""

    schema_id: str
    name: str
    passes: bool
    body: Any

    def __str__(self) -> str:
        return f"{self.schema_id}/{self.name}"


def given(*, passes: bool) -> list[Given]:
    """The documents of measures that are taken; none where the data are missing."""
    folder = "shouldPass" if passes else "shouldFail"
    found = []
    for path in sorted((ROOT / "test-data").glob(f"*/*/*/{folder}/*.json")):
        namespace, name, version = path.relative_to(ROOT / "test-data").parts[:3]
        if any(s.schema_id == f"{namespace}:{name}:{version}" for s in SCHEMAS.values()):
            body = json.loads(path.read_text())
            found.append(Given(f"{namespace}:{name}:{version}", path.stem, passes, body))
    return found


def has_schema(schema_id: str) -> bool:
    namespace, name, version = schema_id.split(":")
    return (ROOT / "schema" / namespace / f"{name}-{version}.json").exists()


@cache
def validator(schema_id: str) -> jsonschema_rs.Draft7Validator:
    """Checks bodies by the schema itself, formats included."""
    _, name, version = schema_id.split(":")
    schema = _resolved(f"{name}-{version}.json")
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


@cache
def _resolved(name: str) -> Any:
    if name == f"{IEEE}percent-unit-value-1.0.json":
        percent = {"properties": {"unit": {"enum": ["%"]}}}
        return {"allOf": [_resolved("unit-value-1.0.json"), percent]}
    if name == f"{IEEE}descriptive-statistic-1.0.json":
        return _resolved("descriptive-statistic-1.2.json")
    if name == f"{IEEE}time-frame-1.0.json":
        return _without_dates(_resolved("time-frame-1.0.json"))
    text = (ROOT / "schema/omh" / name.removeprefix(IEEE)).read_text()
    if not text.lstrip().startswith("{"):  # `heart-rate-2.x.json` names the version it stands for
        return _resolved(text.strip())
    schema = json.loads(text)
    return _inlined(schema, schema)


def _inlined(part: Any, schema: Any) -> Any:
    """A schema with what it refers to in the place of its references."""
    if isinstance(part, list):
        return [_inlined(one, schema) for one in part]
    if not isinstance(part, dict):
        return part
    to = part.get("$ref")
    if isinstance(to, str) and to.startswith("#/definitions/"):
        return _inlined(schema["definitions"][to.removeprefix("#/definitions/")], schema)
    if isinstance(to, str):
        return _resolved(to)
    left_out = {"$schema", "$id", "definitions", "references", "deprecation"}
    return {key: _inlined(one, schema) for key, one in part.items() if key not in left_out}


def _without_dates(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_dates(p) for p in part if not (isinstance(p, dict) and _is_dated(p))]
    if isinstance(part, dict):
        return {key: _without_dates(one) for key, one in part.items()}
    return part


def _is_dated(part: dict[str, Any]) -> bool:
    return set(part.get("required", ())) == DATED
