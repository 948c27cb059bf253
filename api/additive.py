"""Whether an API description breaks the clients of an older one: /v1 only grows.

What clients send may be asked less strictly, what they get may only become more. Walks the two
descriptions side by side; a phone that was never updated is the client to think of.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct

METHODS = ("get", "put", "post", "delete", "patch", "head")
CEILINGS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
FLOORS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
DEEPEST = 40

Node = Mapping[str, Any]


class Side(Struct, frozen=True):
    """One description, and which way the data that is compared goes."""

    old: Node
    new: Node
    sent: bool


def additive(old: str, new: str) -> list[str]:
    """What in `new` breaks clients written for `old`, one line each; empty: nothing does."""
    before, after = yaml.safe_load(old), yaml.safe_load(new)
    return [
        complaint
        for path, method, operation in _operations(before)
        for complaint in _operation(before, after, path, method, operation)
    ]


def _operations(description: Node) -> Iterator[tuple[str, str, Node]]:
    for path, item in description.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _operation(old: Node, new: Node, path: str, method: str, before: Node) -> Iterator[str]:
    name = f"{method.upper()} {path}"
    after = new.get("paths", {}).get(path, {}).get(method)
    if after is None:
        yield f"{name}: is gone"
        return
    if before.get("operationId") != after.get("operationId"):
        yield f"{name}: has another operationId"
    if not before.get("security") and after.get("security"):
        yield f"{name}: needs a token now"
    yield from _parameters(Side(old, new, sent=True), name, before, after)
    yield from _bodies(Side(old, new, sent=True), name, before, after)
    yield from _answers(Side(old, new, sent=False), name, before, after)


def _parameters(side: Side, name: str, before: Node, after: Node) -> Iterator[str]:
    known = {(p["in"], p["name"]): p for p in before.get("parameters", [])}
    now = {(p["in"], p["name"]): p for p in after.get("parameters", [])}
    for key, parameter in now.items():
        if parameter.get("required") and not known.get(key, {}).get("required"):
            yield f"{name}: parameter {key[1]} is required now"
    for key, parameter in known.items():
        where = f"{name} parameter {key[1]}"
        if key not in now:
            yield f"{where}: is gone"
        else:
            yield from _schema(side, where, parameter.get("schema", {}), now[key].get("schema", {}))


def _bodies(side: Side, name: str, before: Node, after: Node) -> Iterator[str]:
    asked, asks = before.get("requestBody", {}), after.get("requestBody", {})
    if asks.get("required") and not asked.get("required"):
        yield f"{name}: a body is required now"
    yield from _contents(side, f"{name} body", asked, asks)


def _answers(side: Side, name: str, before: Node, after: Node) -> Iterator[str]:
    for status, answer in before.get("responses", {}).items():
        if not status.startswith("2"):
            continue
        if status not in after.get("responses", {}):
            yield f"{name}: no longer answers {status}"
        else:
            yield from _contents(side, f"{name} {status}", answer, after["responses"][status])


def _contents(side: Side, where: str, before: Node, after: Node) -> Iterator[str]:
    for media_type, content in before.get("content", {}).items():
        if media_type not in after.get("content", {}):
            yield f"{where}: no longer {media_type}"
        else:
            now = after["content"][media_type]
            yield from _schema(side, where, content.get("schema", {}), now.get("schema", {}))


def _schema(side: Side, where: str, before: Node, after: Node, depth: int = 0) -> Iterator[str]:
    if depth > DEEPEST:
        return
    old, new = _resolved(side.old, before), _resolved(side.new, after)
    yield from _kinds(side, where, old, new)
    yield from _bounds(side, where, old, new)
    yield from _members(side, where, old, new, depth)
    if "items" in old and "items" in new:
        yield from _schema(side, f"{where}[]", old["items"], new["items"], depth + 1)
    for word in ("oneOf", "anyOf"):
        pairs = zip(old.get(word, []), new.get(word, []), strict=False)
        for index, (left, right) in enumerate(pairs):
            yield from _schema(side, f"{where}|{index}", left, right, depth + 1)
        if len(new.get(word, [])) < len(old.get(word, [])) and side.sent:
            yield f"{where}: takes fewer kinds"


def _kinds(side: Side, where: str, old: Node, new: Node) -> Iterator[str]:
    was, now = _types(old), _types(new)
    narrowed = now and not was <= now if side.sent else was and not (now and now <= was)
    if narrowed:
        yield f"{where}: has another type"
    if old.get("format") != new.get("format"):
        yield f"{where}: has another format"
    if side.sent and "enum" in new and not set(old.get("enum", [None])) <= set(new["enum"]):
        yield f"{where}: takes fewer values"


def _bounds(side: Side, where: str, old: Node, new: Node) -> Iterator[str]:
    if not side.sent:
        return
    for word in CEILINGS:
        if word in new and new[word] < old.get(word, float("inf")):
            yield f"{where}: {word} is lower"
    for word in FLOORS:
        if word in new and new[word] > old.get(word, float("-inf")):
            yield f"{where}: {word} is higher"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: has another pattern"


def _members(side: Side, where: str, old: Node, new: Node, depth: int) -> Iterator[str]:
    were, are = old.get("properties", {}), new.get("properties", {})
    for member, schema in were.items():
        if member not in are:
            yield f"{where}.{member}: is gone"
        else:
            yield from _schema(side, f"{where}.{member}", schema, are[member], depth + 1)
    was_required, is_required = set(old.get("required", [])), set(new.get("required", []))
    if side.sent:
        yield from (f"{where}.{m}: is required now" for m in sorted(is_required - was_required))
    else:
        yield from (f"{where}.{m}: may be missing now" for m in sorted(was_required - is_required))


def _types(schema: Node) -> set[str]:
    said = schema.get("type", [])
    return {said} if isinstance(said, str) else set(said)


def _resolved(description: Node, schema: Node) -> Node:
    while "$ref" in schema:
        found: Any = description
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema
