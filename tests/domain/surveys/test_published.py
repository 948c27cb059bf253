"""Questionnaires as others publish them: taken or refused for a named reason, and right about answers.

Their files are not part of the project: without them, only the one written here is tried.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.surveys import answers, resources, structure
from domain.surveys.compiled import Compiled, Node, compiled
from domain.surveys.extensions import unsupported
from tests.domain.surveys.forms import extension, item, when

SHARED = Path(__file__).parents[4] / "shared" / "data" / "questionnaires"
FILES = sorted(SHARED.glob("*.json"))
REFUSED = {
    "layout_paginated.json": {"link-id-twice", "display-items"},
    "questionnaire_outbreak.json": {"link-id-twice", "display-flags", "value-set"},
}  # fmt: skip
"""Refused even with a status. FHIR says why (que-1, que-2, que-6), or its codes are elsewhere."""
MAY_BE_MISSING = {"required"}
"""R4 requires a status (1..1), which many examples do without."""

OPTIONS = [{"valueCoding": {"code": code}} for code in ("a", "b")]
YES: dict[str, Any] = {"answerBoolean": True}
OWN = {
    "resourceType": "Questionnaire", "status": "active",
    "item": [
        item("1", "boolean", required=True),
        item("2", "choice", answerOption=OPTIONS, repeats=True, required=True),
        item("3", "group", item("3.1", "decimal", required=True), item("3.2", "date"), repeats=True,
             required=True, enableWhen=[when("1", **YES)]),
        item("4", "integer", extension=[extension("minValue", valueInteger=1)],
             enableWhen=[when("1", "!=", **YES)]),
        item("5", "quantity", item("5.1", "string", required=True, maxLength=10)),
        item("6", "open-choice", answerOption=OPTIONS), item("7", "dateTime"), item("8", "time"),
        item("9", "url"), item("10", "text"), item("11", "reference"), item("12", "attachment"),
    ],
}  # fmt: skip

VALID: dict[str, dict[str, Any]] = {
    "boolean": {"valueBoolean": True},
    "decimal": {"valueDecimal": 2},
    "integer": {"valueInteger": 2},
    "date": {"valueDate": "2026-03-01"},
    "dateTime": {"valueDateTime": "2026-03-01T08:00:00+01:00"},
    "time": {"valueTime": "08:00:00"},
    "string": {"valueString": "words"},
    "text": {"valueString": "words"},
    "url": {"valueUri": "urn:x"},
    "choice": {"valueCoding": {"code": "any"}},
    "open-choice": {"valueString": "own words"},
    "attachment": {"valueAttachment": {"contentType": "image/jpeg", "data": "eHh4"}},
    "reference": {"valueReference": {"reference": "Patient/1"}},
}


def told(node: Node) -> dict[str, Any]:
    """An answer that fits the item."""
    source = node.source
    assert source is not None
    if source.answer_option:
        option = msgspec.json.decode(msgspec.json.encode(source.answer_option[0], enc_hook=float))
        return {name: value for name, value in option.items() if name.startswith("value")}
    if node.type == "choice" and node.limits.options:
        [(_, (system, code)), *_] = sorted(node.limits.options, key=str)
        return {"valueCoding": {"system": system, "code": code}}
    if node.type == "quantity":
        system, code = next(iter(node.limits.units or [("http://unitsofmeasure.org", "kg")]))
        unit: dict[str, Any] = {"system": system, "code": code}
        said = {name: value for name, value in unit.items() if value is not msgspec.UNSET}
        return {"valueQuantity": {"value": 2, **said}}
    if node.limits.mime_types:
        kind = min(node.limits.mime_types)
        return {"valueAttachment": {"contentType": kind, "data": "eHh4"}}
    return VALID[node.type]


def filled(node: Node) -> list[dict[str, Any]]:
    """Every item below, answered."""
    found = []
    for child in node.children.values():
        inner = filled(child)
        one: dict[str, Any] = {"linkId": child.link_id}
        if child.type == "group":
            one["item"] = inner
        elif child.type != "display":
            one["answer"] = [{**told(child), **({"item": inner} if inner else {})}]
        found.append(one)
    return found


def check(questionnaire: Compiled, document: dict[str, Any]) -> list[tuple[str, str]]:
    reply = resources.response(msgspec.json.encode(document))
    return [(f.path, f.code) for f in answers.faults(questionnaire, reply, complete=True)]


def valid(questionnaire: Compiled) -> dict[str, Any]:
    """A response to all that is enabled."""
    document = {"resourceType": "QuestionnaireResponse", "status": "completed",
                "item": filled(questionnaire.root)}  # fmt: skip
    while disabled := [path for path, code in check(questionnaire, document) if code == "disabled"]:
        *above, last = steps(disabled[0])
        del at(document, above)[last]
    return document


def steps(path: str) -> list[str | int]:
    parts = path.replace("[", ".").replace("]", "").split(".")[1:]
    return [int(part) if part.isdigit() else part for part in parts]


def at(document: Any, path: list[Any]) -> Any:
    for step in path:
        document = document[step]
    return document


def items_of(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for index, one in enumerate(document.get("item", [])):
        here = (*path, "item", index)
        yield here, one
        yield from items_of(one, here)
        for number, answer in enumerate(one.get("answer", [])):
            yield from items_of(answer, (*here, "answer", number))


def mutations(questionnaire: Compiled, document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every document that differs in one thing, and so no longer fits."""
    for path, one in items_of(document):
        node = questionnaire.nodes[one["linkId"]]
        yield "unknown", changed(document, path, linkId="no such item")
        yield "modifier", changed(document, path, modifierExtension=[{"url": "urn:x"}])
        if not one.get("answer"):
            continue
        [answer, *_] = one["answer"]
        wrong = (
            {"valueBoolean": True} if "boolean" not in node.limits.kinds else {"valueInteger": 1}
        )
        yield "type", changed(document, path, answer=[wrong])
        yield "values", changed(document, path, answer=[{**answer, **wrong}])
        yield "empty", changed(document, path, answer=[{}])
        if node.limits.max_occurs == 1:
            yield "several", changed(document, path, answer=[answer, answer])
        if node.limits.min_occurs:
            yield "missing", changed(document, path, answer=[])
        if node.limits.options:
            yield "option", changed(document, path, answer=[{"valueCoding": {"code": "no such"}}])
        twice = copy.deepcopy(document)
        at(twice, [*path[:-1]]).insert(path[-1], one)
        yield "twice", twice


def changed(document: Any, path: tuple[Any, ...], **into: Any) -> Any:
    other = copy.deepcopy(document)
    at(other, [*path]).update(into)
    return other


def try_all(document: dict[str, Any]) -> None:
    questionnaire = compiled(resources.questionnaire(msgspec.json.encode(document)))
    whole = valid(questionnaire)
    assert check(questionnaire, whole) == []
    for name, mutant in mutations(questionnaire, whole):
        assert check(questionnaire, mutant), name


def test_of_a_right_response_each_single_mutation_is_refused() -> None:
    try_all(OWN)


@pytest.mark.skipif(not FILES, reason="the questionnaires of others are not here")
def test_the_files_of_others_are_there() -> None:
    assert len(FILES) >= 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_published_questionnaire_is_taken_or_refused_for_a_reason(path: Path) -> None:
    document = msgspec.json.decode(path.read_bytes())
    found = structure.problems(resources.questionnaire(path.read_bytes()))
    reasons = {one.code for one in found}
    assert reasons - MAY_BE_MISSING == REFUSED.get(path.name, set())
    assert ("required" in reasons) == ("status" not in document)
    if path.name not in REFUSED:
        try_all(document)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_expressions_are_named(path: Path) -> None:
    text = path.read_text()
    named = {one.url for one in unsupported(msgspec.json.decode(text))}
    for name in ("calculatedExpression", "enableWhenExpression", "initialExpression"):
        assert any(url.endswith(name) for url in named) == (f"questionnaire-{name}" in text)
