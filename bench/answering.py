"""A questionnaire that branches, and whole responses to it: sixty answers in ten parts.

Each part asks whether anything troubles; only where it does, a group opens with four questions more,
and the last of these only where it is often. The first answer decides which of two questions follows.
"""

from typing import Any

TOPIC = "survey-wellbeing"
URL = "https://example.org/Questionnaire/sixty"
CANONICAL = f"{URL}|1"
PARTS = 10
ANSWERS = 6 * PARTS
SYSTEM = "https://example.org/often"
CODES = ("never", "seldom", "often", "always")
HL7 = "http://hl7.org/fhir/StructureDefinition/"

Json = dict[str, Any]


def draft() -> Json:
    """The questionnaire with a score of its choices and a safety rule, as a study drafts it."""
    often = [f"{n}.often" for n in range(PARTS)]
    scale = {
        "code": "burden", "names": {"en": "Burden"}, "method": "sum",
        "items": [{"link_id": link_id} for link_id in often],
        "bands": [{"code": "low", "low": 0, "names": {"en": "Low"}},
                  {"code": "high", "low": 20, "names": {"en": "High"}}],
    }  # fmt: skip
    rule = {
        "code": "heavy", "signs": [{"link_id": link_id, "code": "always"} for link_id in often],
        "tells": "study-team", "texts": {"en": "Call 1177.", "sv": "Ring 1177."}, "within": 60,
    }  # fmt: skip
    items = [_part(n) for n in range(PARTS)]
    resource = {
        "resourceType": "Questionnaire", "status": "draft", "url": URL, "version": "1",
        "language": "en", "title": "Sixty", "item": items,
    }  # fmt: skip
    safety = {"needed": True, "rules": [rule]}
    return {"questionnaire": resource, "category": TOPIC, "scoring": {"scales": [scale]}, "safety": safety}  # fmt: skip


def _part(n: int) -> Json:
    options = [
        {"valueCoding": _coding(code),
         "extension": [{"url": HL7 + "ordinalValue", "valueDecimal": worth}]}
        for worth, code in enumerate(CODES)
    ]  # fmt: skip
    bounds = [
        {"url": HL7 + "minValue", "valueDecimal": 0}, {"url": HL7 + "maxValue", "valueDecimal": 24},
        {"url": HL7 + "maxDecimalPlaces", "valueInteger": 2},
    ]  # fmt: skip
    if_often = [
        {"question": f"{n}.often", "operator": "=", "answerCoding": _coding(code)}
        for code in CODES[2:]
    ]
    return _item(n, "part", "group", item=[
        _item(n, "troubled", "boolean", required=True),
        _item(n, "calm", "string", enableWhen=[_if_troubled(n, answer=False)]),
        _item(n, "trouble", "group", enableWhen=[_if_troubled(n, answer=True)], item=[
            _item(n, "often", "choice", required=True, answerOption=options),
            _item(n, "hours", "decimal", required=True, extension=bounds),
            _item(n, "words", "string", maxLength=200),
            _item(n, "since", "date"),
            _item(n, "help", "integer", enableWhen=if_often, enableBehavior="any", required=True),
        ]),
    ])  # fmt: skip


def _item(n: int, name: str, kind: str, **said: object) -> Json:
    return {"linkId": f"{n}.{name}", "type": kind, "text": f"{name} {n}", **said}


def _if_troubled(n: int, *, answer: bool) -> Json:
    return {"question": f"{n}.troubled", "operator": "=", "answerBoolean": answer}


def _coding(code: str) -> Json:
    return {"system": SYSTEM, "code": code}


def response(written: int) -> Json:
    """A whole response with all sixty answers; another number, other answers."""
    return {
        "resourceType": "QuestionnaireResponse", "status": "completed",
        "questionnaire": CANONICAL, "item": [_answered(n, written) for n in range(PARTS)],
    }  # fmt: skip


def _answered(n: int, written: int) -> Json:
    trouble = [
        _said(n, "often", valueCoding=_coding(CODES[2])),
        _said(n, "hours", valueDecimal=(written * 7 + n) % 2400 / 100),
        _said(n, "words", valueString=f"Worse towards the evening, {written} of {n}."),
        _said(n, "since", valueDate=f"2026-01-{1 + (written + n) % 28:02}"),
        _said(n, "help", valueInteger=(written + n) % 11),
    ]
    inside = [
        _said(n, "troubled", valueBoolean=True), {"linkId": f"{n}.trouble", "item": trouble},
    ]  # fmt: skip
    return {"linkId": f"{n}.part", "item": inside}


def _said(n: int, name: str, **value: object) -> Json:
    return {"linkId": f"{n}.{name}", "answer": [value]}
