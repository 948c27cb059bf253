"""Questionnaires as others publish them: taken or refused for a named reason, and right about answers.

Their files are not part of the project: without them, only the one written here is tried.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.surveys import resources, structure
from domain.surveys.extensions import unsupported
from domain.surveys.faults import TEXTS
from tests.domain.surveys.forms import extension, item, when
from tests.domain.surveys.mutating import mutations
from tests.domain.surveys.responding import chance, codes, read, valid

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

UNITS = [extension("questionnaire-unitOption", valueCoding={"system": "urn:u", "code": code})
         for code in ("kg", "g")]  # fmt: skip
ALONE = {
    "valueString": "none",
    "extension": [extension("questionnaire-optionExclusive", valueBoolean=True)],
}
DAYS = {name: extension(name, valueDate=day)
        for name, day in (("minValue", "2026-01-01"), ("maxValue", "2026-12-31"))}  # fmt: skip
BOUNDED = {
    "resourceType": "Questionnaire", "status": "active",
    "item": [
        item("1", "quantity", extension=UNITS, required=True),
        item("2", "decimal", extension=[
            extension("minValue", valueDecimal=0.5), extension("maxValue", valueInteger=3),
            extension("maxDecimalPlaces", valueInteger=1)]),
        item("3", "choice", repeats=True, answerOption=[
            {"valueString": "one"}, {"valueString": "two"}, ALONE]),
        item("4", "string", repeats=True, required=True, extension=[
            extension("minLength", valueInteger=2), extension("questionnaire-minOccurs", valueInteger=2),
            extension("questionnaire-maxOccurs", valueInteger=3)]),
        item("5", "string", extension=[extension("regex", valueString="[0-9]+")]),
        item("6", "date", extension=[*DAYS.values()]),
        item("7", "attachment", extension=[
            extension("maxSize", valueDecimal=0.001), extension("mimeType", valueCode="image/png")]),
        item("8", "group", item("8.1", "integer", required=True), required=True, repeats=True,
             enableWhen=[when("5", "exists", answerBoolean=True)]),
        item("10", "string", readOnly=True, initial=[{"valueString": "so"}]),
        item("11", "string", readOnly=True),
        item("9", "boolean", enableWhen=[when("5", "exists", answerBoolean=False)]),
    ],
}  # fmt: skip
MANY = 8
"""Responses of each questionnaire, some fuller than others."""


def try_all(document: Any) -> None:
    questionnaire = read(document)
    for seed in range(MANY):
        some = valid(questionnaire, chance(seed), seed / (MANY - 1))
        assert codes(questionnaire, some) == [], seed
    for seed in range(2):
        whole = valid(questionnaire, chance(seed))
        for code, mutant in mutations(questionnaire, whole):
            assert code in {found for _, found in codes(questionnaire, mutant)}, code


@pytest.mark.parametrize("document", [OWN, BOUNDED], ids=["items", "bounds"])
def test_right_responses_are_accepted_and_each_single_mutation_is_refused(document: Any) -> None:
    try_all(document)


def test_there_is_a_mutation_for_every_fault_of_a_response() -> None:
    names = list(TEXTS)
    faults = {
        *names[names.index("unknown-item") :],
        "modifier",
        "several-values",
        "no-value",
        "twice",
    }
    made = {
        code
        for questionnaire in map(read, (OWN, BOUNDED))
        for code, _ in mutations(questionnaire, valid(questionnaire, chance(0)))
    }
    assert faults - made == set()


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
