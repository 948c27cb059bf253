"""Of a right response, every one that differs in a single thing and is wrong by it, with the fault's code."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from domain.surveys.checks import LARGEST
from domain.surveys.compiled import Compiled, Node
from domain.surveys.limits import Limits
from tests.domain.surveys.responding import WORDS, chance, changed, filled, offered, places, value

Mutant = tuple[str, Any]
OTHER = {"code": "no such", "system": "urn:no-such"}

NEVER = {
    "time": {"valueTime": "25:00:00"},
    "date": {"valueDate": "2026-02-30"},
    "dateTime": {"valueDateTime": "2026-02-30"},
}


def mutations(questionnaire: Compiled, document: dict[str, Any]) -> Iterator[Mutant]:
    """A response that is answered as far as it is enabled, made wrong."""
    for path, items, node in places(document, questionnaire.root):
        yield from _of_place(document, path, items, node)
        for index, one in enumerate(items):
            here, child = (*path, "item", index), node.children[one["linkId"]]
            yield "unknown-item", changed(document, here, linkId="no such item")
            yield "modifier", changed(document, here, modifierExtension=[{"url": "urn:x"}])
            if child.type != "group":
                yield "no-items", changed(document, here, item=[{"linkId": "x"}])
            if child.type in {"group", "display"}:
                yield "no-answer", changed(document, here, answer=[{"valueBoolean": True}])
                continue
            for code, answers in _answers(child, one["answer"]):
                yield code, changed(document, here, answer=answers)


def _of_place(
    document: Any, path: tuple[Any, ...], items: list[Any], node: Node
) -> Iterator[Mutant]:
    """Items that are gone, stand twice, in another order, or are answered though not enabled."""
    there = [one["linkId"] for one in items]
    for index, one in enumerate(items):
        child = node.children[one["linkId"]]
        rest = [*items[:index], *items[index + 1 :]]
        if child.limits.min_occurs and there.count(child.link_id) == 1:
            yield "missing", changed(document, path, item=rest)
        if child.limits.max_occurs == 1:
            code = "several" if child.type == "group" else "twice"
            doubled = [*items[: index + 1], *items[index:]]
            if child.type != "display":
                yield code, changed(document, path, item=doubled)
        if index and items[index - 1]["linkId"] != one["linkId"]:
            swapped = [*items[: index - 1], one, items[index - 1], *items[index + 1 :]]
            yield "out-of-order", changed(document, path, item=swapped)
    for child in node.children.values():
        if child.link_id not in there and child.conditions:
            more = _more(items, node, child)
            yield "disabled", changed(document, path, item=more)


def _more(items: list[Any], node: Node, child: Node) -> list[Any]:
    """The items, and one that was left out, in its place."""
    alone = Node(link_id="", type="group", limits=node.limits, children={child.link_id: child})
    made = filled(alone, chance(0), 1)[:1]
    before = [one for one in items if node.children[one["linkId"]].at < child.at]
    return [*before, *made, *items[len(before) :]]


def _answers(node: Node, given: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Wrong answers of a question in the place of the right ones."""
    limits, [first, *_] = node.limits, given
    other = {"valueBoolean": True} if "boolean" not in limits.kinds else {"valueInteger": 1}
    yield "wrong-type", [other]
    yield "several-values", [{**first, **other}]
    yield "no-value", [{}]
    if limits.min_occurs:
        yield "missing", []
    if limits.min_occurs > 1:
        yield "too-few", given[: limits.min_occurs - 1]
    if limits.max_occurs:
        yield "several", [first] * (limits.max_occurs + 1)
    if limits.options and "Coding" in limits.kinds:
        yield "not-offered", [{"valueCoding": OTHER}]
    if limits.options and limits.max_occurs != 1:
        yield "twice", [first, first]
    alone = next((one for one, is_alone in offered(node) if is_alone), None)
    if alone and limits.max_occurs != 1:
        beside = next(one for one, is_alone in offered(node) if not is_alone)
        yield "exclusive", [alone, beside]
    if not limits.options:
        yield from ((code, [one]) for code, one in _values(node))


def _values(node: Node) -> Iterator[tuple[str, dict[str, Any]]]:
    """Values that are out of the item's bounds, or cannot be."""
    limits = node.limits
    if limits.least:
        yield "too-low", _beyond(node, -1)
    if limits.most:
        yield "too-high", _beyond(node, 1)
    if limits.places is not None and node.type == "decimal":
        fine = Decimal(value(node, chance(0))["valueDecimal"]) + Decimal(1).scaleb(-9)
        yield "too-fine", {"valueDecimal": fine}
    match node.type:
        case "string" | "text" | "open-choice":
            yield from _texts(limits)
        case "attachment":
            yield from _attachments(limits)
        case "quantity":
            yield "wrong-value", {"valueQuantity": {"unit": "no number"}}
            if limits.units:
                yield "wrong-unit", {"valueQuantity": {"value": 1, **OTHER}}
        case "time" | "date" | "dateTime":
            yield "wrong-value", NEVER[node.type]


def _texts(limits: Limits) -> Iterator[tuple[str, dict[str, Any]]]:
    if limits.initial:
        yield "read-only", {"valueString": "otherwise"}
    yield "too-long", {"valueString": "w" * ((limits.max_length or 20_000) + 1)}
    if limits.min_length:
        yield "too-short", {"valueString": "w" * (limits.min_length - 1)}
    elif limits.pattern is not None:
        wrong = next(one for one in WORDS if one and not limits.pattern.fullmatch(one))
        yield "not-matching", {"valueString": wrong}


def _attachments(limits: Limits) -> Iterator[tuple[str, dict[str, Any]]]:
    kind = min(limits.mime_types or ["image/jpeg"])
    yield "no-value", {"valueAttachment": {"contentType": kind, "url": "urn:x"}}
    if limits.mime_types:
        yield "wrong-content", {"valueAttachment": {"contentType": "a/b", "data": "eHh4"}}
    if limits.max_size is not None:
        data = "eHh4" * (min(int(limits.max_size * 1_000_000), LARGEST) // 3 + 1)
        yield "too-large", {"valueAttachment": {"contentType": kind, "data": data}}


def _beyond(node: Node, side: int) -> dict[str, Any]:
    """A value below the least (-1), or above the highest (1)."""
    bound = node.limits.least if side < 0 else node.limits.most
    assert bound is not None
    match node.type:
        case "integer":
            return {"valueInteger": int(bound.plain) + side}
        case "decimal":
            return {"valueDecimal": Decimal(bound.plain) + side}
        case "date":
            return {"valueDate": "1066-10-14" if side < 0 else "9000-01-01"}
        case "dateTime":
            return {"valueDateTime": "1066-10-14" if side < 0 else "9000-01-01"}
        case _:
            return {"valueTime": "00:00:00" if side < 0 else "23:59:59"}
