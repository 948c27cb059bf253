"""Responses made up for any questionnaire: right ones, and those that differ from one in a single thing."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from domain.surveys import answers, resources
from domain.surveys.compiled import Compiled, Node, compiled
from domain.surveys.limits import Limits
from domain.surveys.translations import plain, written
from domain.surveys.values import key, value_of

VALID: dict[str, dict[str, Any]] = {
    "boolean": {"valueBoolean": True},
    "date": {"valueDate": "2026-03-01"},
    "dateTime": {"valueDateTime": "2026-03-01T08:00:00+01:00"},
    "time": {"valueTime": "08:00:00"},
    "url": {"valueUri": "urn:x"},
    "choice": {"valueCoding": {"code": "any"}},
    "reference": {"valueReference": {"reference": "Patient/1"}},
}
WORDS = ("words", "1", "12345", "0701234567", "any@region.example", "AB", "abc 123", "\n", "")
"""Tried in turn where an item asks for a form."""


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - examples, not secrets


def read(document: Any) -> Compiled:
    return compiled(resources.questionnaire(written(document)))


def codes(questionnaire: Compiled, document: dict[str, Any]) -> list[tuple[str, str]]:
    """The faults of a response that is to be submitted, by path and code."""
    reply = resources.response(written(document))
    return [(f.path, f.code) for f in answers.faults(questionnaire, reply, complete=True)]


def valid(questionnaire: Compiled, draw: Random, fullness: float = 1) -> dict[str, Any]:
    """A response to what is enabled. Of what may be left out, about this share is answered."""
    items = filled(questionnaire.root, draw, fullness)
    document = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": items}
    while disabled := [p for p, code in codes(questionnaire, document) if code == "disabled"]:
        *above, last = steps(disabled[0])
        del at(document, above)[last]
    return document


def filled(node: Node, draw: Random, fullness: float) -> list[dict[str, Any]]:
    """The items below, in order."""
    found: list[dict[str, Any]] = []
    for child in node.children.values():
        fixed = child.limits.initial is not None and not child.limits.initial
        if fixed or (not needed(child) and draw.random() >= fullness):
            continue
        share = 1 if child.limits.min_occurs else fullness
        if child.type == "display":
            found.append({"linkId": child.link_id})
        elif child.type == "group":
            found += [
                {"linkId": child.link_id, "item": filled(child, draw, share)}
                for _ in range(number(child.limits, draw))
            ]
        else:
            found.append({"linkId": child.link_id, "answer": told(child, draw, fullness)})
    return found


def needed(node: Node) -> bool:
    """Whether it, or what it always asks for, is required."""
    page = node.type == "group" and node.limits.max_occurs == 1
    return node.limits.min_occurs > 0 or (page and any(map(needed, node.children.values())))


def number(limits: Limits, draw: Random) -> int:
    least = max(limits.min_occurs, 1)
    return draw.randint(least, max(least, min(limits.max_occurs or 2, 2)))


def told(node: Node, draw: Random, fullness: float) -> list[dict[str, Any]]:
    """Answers that fit the item, with the items below each."""
    options = offered(node)
    if node.source is not None and node.limits.initial:
        values = [plain(written(one)) for one in node.source.initial]
    elif options:
        alone = [one for one, is_alone in options if is_alone]
        among = [one for one, is_alone in options if not is_alone]
        several = draw.sample(among, min(number(node.limits, draw), len(among)))
        values = [draw.choice(alone)] if alone and draw.random() < 0.2 else several or alone[:1]
    else:
        values = [value(node, draw) for _ in range(number(node.limits, draw))]
    inner = [filled(node, draw, fullness) for _ in values]
    return [
        {**one, **({"item": below} if below else {})}
        for one, below in zip(values, inner, strict=True)
    ]


def offered(node: Node) -> list[tuple[dict[str, Any], bool]]:
    """The options of an item, and whether each goes with no other."""
    source = node.source
    if source is not None and source.answer_option:
        return [
            (
                {name: said for name, said in plain(written(one)).items() if name[:5] == "value"},
                key(found) in node.limits.exclusive,
            )
            for one in source.answer_option
            if (found := value_of(one))
        ]
    listed = sorted(node.limits.options or (), key=str)
    return [({"valueCoding": coded(*code)}, False) for _, code in listed]


def coded(system: Any, code: Any) -> dict[str, Any]:
    return {n: said for n, said in (("system", system), ("code", code)) if isinstance(said, str)}


def value(node: Node, draw: Random) -> dict[str, Any]:  # noqa: PLR0911 - a type each
    limits = node.limits
    match node.type:
        case "integer":
            return {"valueInteger": int(between(limits, draw, 0))}
        case "decimal":
            return {"valueDecimal": between(limits, draw, limits.places or 0)}
        case "quantity":
            units = sorted(limits.units or [("http://unitsofmeasure.org", "kg")], key=str)
            return {"valueQuantity": {"value": draw.randint(0, 9), **coded(*draw.choice(units))}}
        case "string" | "text" | "open-choice":
            return {"valueString": text(limits)}
        case "attachment":
            kind = min(limits.mime_types or ["image/jpeg"])
            return {"valueAttachment": {"contentType": kind, "data": "eHh4"}}
        case "date" | "dateTime" | "time" if bound := limits.least or limits.most:
            [name] = VALID[node.type]
            return {name: bound.plain}
        case _:
            return VALID[node.type]


def between(limits: Limits, draw: Random, places: int) -> Decimal:
    """A number within the bounds."""
    scale = 10**places
    low = None if limits.least is None else int(limits.least.plain * scale)
    high = None if limits.most is None else int(limits.most.plain * scale)
    first = (1 if high is None else high - 9) if low is None else low
    drawn = draw.randint(first, first + 9 if high is None else high)
    return Decimal(drawn) / Decimal(scale)


def text(limits: Limits) -> str:
    """Words of a length and form that are asked for. Raises StopIteration where none here have it."""
    if limits.pattern is not None:
        return next(one for one in WORDS if one and limits.pattern.fullmatch(one))
    return ("words" * (limits.min_length or 1))[: limits.max_length]


def steps(path: str) -> list[str | int]:
    parts = path.replace("[", ".").replace("]", "").split(".")[1:]
    return [int(part) if part.isdigit() else part for part in parts]


def at(document: Any, path: list[Any]) -> Any:
    for step in path:
        document = document[step]
    return document


def places(
    document: Any, node: Node, path: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], list[Any], Node]]:
    """Each list of items in a response, with its path and the node whose children they answer."""
    items = document.get("item", [])
    yield path, items, node
    for index, one in enumerate(items):
        here, child = (*path, "item", index), node.children[one["linkId"]]
        if child.type == "group":
            yield from places(one, child, here)
        for turn, answer in enumerate(one.get("answer", [])):
            yield from places(answer, child, (*here, "answer", turn))


def changed(document: Any, path: tuple[Any, ...], **into: Any) -> Any:
    other = copy.deepcopy(document)
    at(other, [*path]).update(into)
    return other
