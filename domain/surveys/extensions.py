"""Which extensions of FHIR questionnaires are kept to here, and which are only shown or not known. Pure.

FHIRPath is not evaluated: what a stranger writes in it can neither be bounded in time nor be stopped.
Such extensions are named when a questionnaire is published, as every other that is not known here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import re2
from msgspec import UNSET

from domain.surveys.faults import Fault, fault
from domain.surveys.resources import Extension, Item
from domain.surveys.values import KINDS, Value, compared, possible, value_of, values_of

HL7 = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
LONGEST_PATTERN = 500

NUMERIC = frozenset({"integer", "decimal"})
WRITTEN = frozenset({"string", "text", "url", "open-choice"})
QUESTIONS = frozenset({
    "boolean", "decimal", "integer", "date", "dateTime", "time", "string", "text", "url", "choice",
    "open-choice", "attachment", "reference", "quantity",
})  # fmt: skip
MEASURED = NUMERIC | {"date", "dateTime", "time"}


class Rule(NamedTuple):
    """An extension of an item: the types of its value, the items that it goes with, how many of it."""

    kinds: frozenset[str]
    types: frozenset[str]
    many: bool = False


CHECKED: Mapping[str, Rule] = MappingProxyType({
    HL7 + "minValue": Rule(MEASURED, MEASURED),
    HL7 + "maxValue": Rule(MEASURED, MEASURED),
    HL7 + "minLength": Rule(frozenset({"integer"}), WRITTEN),
    HL7 + "regex": Rule(frozenset({"string"}), WRITTEN),
    HL7 + "maxDecimalPlaces": Rule(frozenset({"integer"}), frozenset({"decimal", "quantity"})),
    HL7 + "questionnaire-unit": Rule(frozenset({"Coding"}), NUMERIC | {"quantity"}),
    HL7 + "questionnaire-unitOption": Rule(frozenset({"Coding"}), NUMERIC | {"quantity"}, many=True),
    HL7 + "questionnaire-minOccurs": Rule(frozenset({"integer"}), QUESTIONS | {"group"}),
    HL7 + "questionnaire-maxOccurs": Rule(frozenset({"integer"}), QUESTIONS | {"group"}),
    HL7 + "maxSize": Rule(frozenset({"decimal"}), frozenset({"attachment"})),
    HL7 + "mimeType": Rule(frozenset({"code"}), frozenset({"attachment"}), many=True),
})  # fmt: skip
"""What an answer of the item is checked against."""

USED = frozenset({
    HL7 + "ordinalValue", HL7 + "questionnaire-optionExclusive", HL7 + "translation",
    HL7 + "questionnaire-hidden",
})  # fmt: skip

SHOWN = frozenset(HL7 + name for name in (
    "entryFormat", "questionnaire-itemControl", "questionnaire-displayCategory",
    "questionnaire-supportLink", "questionnaire-choiceOrientation", "questionnaire-optionPrefix",
    "questionnaire-sliderStepValue", "rendering-style", "rendering-xhtml", "rendering-markdown",
    "rendering-styleSensitive", "designNote",
)) | frozenset(SDC + name for name in (
    "sdc-questionnaire-shortText", "sdc-questionnaire-itemMedia",
    "sdc-questionnaire-itemAnswerMedia", "sdc-questionnaire-collapsible",
    "sdc-questionnaire-width",
))  # fmt: skip
"""What is for the renderer alone: handed on as it was published."""

FHIRPATH = frozenset(SDC + name for name in (
    "sdc-questionnaire-calculatedExpression", "sdc-questionnaire-enableWhenExpression",
    "sdc-questionnaire-initialExpression", "sdc-questionnaire-answerExpression",
    "sdc-questionnaire-answerOptionsToggleExpression", "sdc-questionnaire-candidateExpression",
    "sdc-questionnaire-contextExpression", "sdc-questionnaire-itemExtractionContext",
    "sdc-questionnaire-itemPopulationContext",
)) | {
    HL7 + "variable", HL7 + "cqf-expression", HL7 + "cqf-calculatedValue", HL7 + "cqf-library",
    HL7 + "questionnaire-constraint", HL7 + "targetConstraint",
}  # fmt: skip

DECISIVE = frozenset({
    SDC + "sdc-questionnaire-enableWhenExpression", SDC + "sdc-questionnaire-answerExpression",
    SDC + "sdc-questionnaire-answerOptionsToggleExpression", HL7 + "questionnaire-constraint",
    HL7 + "targetConstraint", HL7 + "questionnaire-unitValueSet", HL7 + "cqf-calculatedValue",
    HL7 + "questionnaire-referenceResource", HL7 + "questionnaire-referenceProfile",
    HL7 + "questionnaire-referenceFilter",
})  # fmt: skip
"""Unsupported, and a say in which answers are right: without it more is asked, or taken, than was meant."""


class Unsupported(NamedTuple):
    """An extension that is not kept to. `decisive`: it has a say in which answers are right."""

    path: str
    url: str
    decisive: bool
    text: str


def unsupported(document: Any) -> list[Unsupported]:  # noqa: ANN401 - the resource as plain JSON
    """Every extension of a resource that is not supported, wherever it stands."""
    known = CHECKED.keys() | USED | SHOWN
    return sorted(
        Unsupported(path, url[:2_000], url in DECISIVE, _why(url))
        for path, url in _extensions(document)
        if url not in known
    )


def kept_to(document: Any) -> list[str]:  # noqa: ANN401 - the resource as plain JSON
    """The extensions of a resource that answers are judged or scored by, once each."""
    return sorted({url for _, url in _extensions(document)} & (CHECKED.keys() | USED))


def _why(url: str) -> str:
    return "FHIRPath is not evaluated here." if url in FHIRPATH else "It is not known here."


def _extensions(document: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Each extension with its path."""
    waiting: list[tuple[str, Any]] = [(str(document.get("resourceType", "")), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            yield from _beside(f"{path}.extension", value.get("extension"))
            waiting.extend(_inside(path, value))


def _inside(path: str, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The elements of an element. What is inside an extension is its own affair, save for its value."""
    for name, inner in value.items():
        step = f"{path}.{name.removeprefix('_')}"
        if isinstance(inner, list):
            yield from ((f"{step}[{index}]", one) for index, one in enumerate(inner))
        elif isinstance(inner, dict):
            yield step, inner


_PART = re.compile(r"\.extension\[[0-9]+\]\.extension$")


def _beside(path: str, extensions: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    for index, extension in enumerate(extensions if isinstance(extensions, list) else ()):
        url = extension.get("url") if isinstance(extension, dict) else None
        if isinstance(url, str) and not _PART.search(path):  # a part's whole is listed itself
            yield f"{path}[{index}]", url


def values(extensions: Iterable[Extension], name: str) -> Iterator[Value]:
    """The values of one of HL7's extensions."""
    for extension in extensions:
        if extension.url == HL7 + name:
            value = _value(extension)
            if value is not None:
                yield value


def _value(extension: Extension) -> Value | None:
    if extension.value_code is not UNSET:
        return Value("code", extension.value_code)
    return value_of(extension)


@cache
def _options() -> Any:  # noqa: ANN401 - re2 tells no types
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return options


def pattern(text: str) -> Any:  # noqa: ANN401
    """A pattern of RE2, which runs in time linear in the text. Raises ValueError where it is none."""
    if len(text) > LONGEST_PATTERN:
        raise ValueError("The pattern is too long.")
    try:
        return re2.compile(text, _options())
    except re2.error:
        raise ValueError("The pattern is none of RE2.") from None


def problems(path: str, item: Item) -> Iterator[Fault]:
    """What is wrong with the extensions of an item that its answers are checked against."""
    seen: set[str] = set()
    for index, extension in enumerate(item.extension):
        rule = CHECKED.get(extension.url)
        if rule is None:
            continue
        where = f"{path}.extension[{index}]"
        value = _value(extension)
        if value is None or len(values_of(extension)) > 1 or not _fits(value, rule, item):
            yield fault(where, "extension-value")
        elif extension.url in seen and not rule.many:
            yield fault(where, "extension-twice")
        elif extension.url == HL7 + "regex" and not _is_pattern(value.plain):
            yield fault(f"{where}.value", "pattern")
        seen.add(extension.url)
    yield from _bounds(path, item)


def _fits(value: Value, rule: Rule, item: Item) -> bool:
    if value.kind not in rule.kinds or item.type not in rule.types:
        return False
    if rule.kinds is MEASURED:  # of the item's own type; an integer bounds a decimal too
        own = value.kind == item.type or (value.kind, item.type) == ("integer", "decimal")
        return own and possible(value)
    if value.kind in {"integer", "decimal"}:
        return bool(value.plain >= 0)
    return possible(value) if value.kind in KINDS else True


def _is_pattern(text: str) -> bool:
    try:
        pattern(text)
    except ValueError:
        return False
    return True


def _bounds(path: str, item: Item) -> Iterator[Fault]:
    """Pairs of which the least is above the most."""
    for low, high in (
        ("minValue", "maxValue"),
        ("questionnaire-minOccurs", "questionnaire-maxOccurs"),
    ):
        least, most = first(item, low), first(item, high)
        if least is not None and most is not None and (compared(least, most) or 0) > 0:
            yield fault(path, "bounds")
    shortest, longest = whole(item, "minLength"), item.max_length
    if shortest is not None and longest is not UNSET and shortest > longest:
        yield fault(path, "bounds")
    occurs = whole(item, "questionnaire-maxOccurs")
    if occurs is not None and (occurs < 1 or (occurs > 1 and item.repeats is not True)):
        yield fault(path, "bounds")


def whole(item: Item, name: str) -> int | None:
    """The whole number that an extension gives."""
    value = first(item, name)
    return value.plain if value is not None and value.kind == "integer" else None


def first(item: Item, name: str) -> Value | None:
    """The value of an extension that stands there once. An integer is read as the item's decimal."""
    value = next(values(item.extension, name), None)
    if value is not None and value.kind == "integer" and item.type == "decimal":
        return Value("decimal", value.plain) if name in {"minValue", "maxValue"} else value
    return value
