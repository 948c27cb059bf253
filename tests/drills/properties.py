"""T28: what a stranger may not say is refused whole, wherever in a body it stands."""

from collections.abc import Iterator
from typing import Any

import msgspec

from tests.drills.description import Described
from tests.drills.harness import Part
from tests.drills.knocking import Knocker
from tests.drills.matrix import uncovered
from tests.drills.operations import OPERATIONS

EXTRA: dict[str, Any] = {
    "tenant_id": 1, "role": "steward", "roles": ["steward"], "is_admin": True, "consent_version": 9,
    "resident_id": "00000000-0000-7000-8000-000000000001", "member_id": None, "actor_id": None,
    "actor_role": "steward", "id": 1, "seq": 1, "revision": 1, "created_at": "2020-01-01T00:00:00Z",
    "created_by": None, "recorded_at": None, "state": "active", "status": "active", "signed_out_at": None,
    "protected_identity": False, "granted_by": None, "placed_by": None, "suspended_at": None,
    "__proto__": {"role": "steward"}, "constructor": {}, "": 1, "$where": "1",
}  # fmt: skip
"""Members that exist only in the database, in answers, or in the hopes of an attacker."""

OPEN = frozenset({"fhir_create", "fhir_transact"})
"""FHIR bids a receiver ignore the elements that it does not know. What is stored is compared all the same."""

Path = tuple[str | int, ...]


async def walk(door: Knocker) -> Part:
    """Every operation with a body x every object in it x every member that is not its own."""
    tried = 0
    for name in sorted(uncovered(door)):
        told = door.description.operations[name]
        if told.body is None:
            continue
        who = min(OPERATIONS[name].doors & (door.members.keys() | {"anna"}))
        for body, where in _extended(door, told, who):
            tried += 1
            answer = await door.knock(who, told, body=body, note=where)
            if answer.status != 400 and not (answer.ok and name in OPEN):
                door.wrong(f"{name}: {answer.status} with {where}")
        control = await door.knock(who, told, note="control")
        if not control.ok:
            door.wrong(f"{name}: {control.status} without anything added")
    return door.figures(tried=tried)


def _extended(door: Knocker, told: Described, who: str) -> Iterator[tuple[Any, str]]:
    body = OPERATIONS[told.name].body
    if body is None or told.body is None:
        return
    plain = body(door.world.side(who), door.world.common)
    for path, schema in objects(door, told.body, plain):
        if "properties" not in schema:
            continue  # a map: its keys are the stranger's own
        for extra, value in EXTRA.items():
            if extra not in schema["properties"]:
                place = "".join(f"/{step}" for step in path)
                yield with_at(plain, path, extra, value), f"{place}/{extra}"


def objects(
    door: Knocker, schema: dict[str, Any], value: Any, path: Path = ()
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every object in a value with the schema it has; of a list the last entry stands for all."""
    schema = variant(door, schema)
    if isinstance(value, dict):
        yield path, schema
        for name, inner in value.items():
            kind = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            yield from objects(door, kind or {}, inner, (*path, name))
    elif isinstance(value, list) and value:
        last = len(value) - 1
        yield from objects(door, schema.get("items", {}), value[last], (*path, last))


def variant(door: Knocker, schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with its reference followed; of a value or null, the value's."""
    found = door.description.resolved(schema)
    for one in found.get("oneOf", []):
        inner = door.description.resolved(one)
        if inner.get("type") != "null":
            return inner
    return found


def with_at(value: Any, path: Path, name: str, member: Any) -> Any:
    """A copy of a JSON value with one member more in the object at the path."""
    copy = msgspec.json.decode(msgspec.json.encode(value))
    place = copy
    for step in path:
        place = place[step]
    place[name] = member
    return copy
