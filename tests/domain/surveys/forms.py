"""Questionnaires and responses of the tests, written short."""

from typing import Any

import msgspec

from domain.surveys import answers, resources, structure
from domain.surveys.compiled import Compiled, compiled
from domain.surveys.faults import Fault
from domain.surveys.resources import Questionnaire, QuestionnaireResponse

HL7 = "http://hl7.org/fhir/StructureDefinition/"


def item(link_id: str, kind: str = "string", *inner: Any, **said: Any) -> dict[str, Any]:
    """An item, with those inside it."""
    return {"linkId": link_id, "type": kind, **said, **({"item": list(inner)} if inner else {})}


def when(question: str, operator: str = "=", **answer: Any) -> dict[str, Any]:
    return {"question": question, "operator": operator, **answer}


def extension(name: str, **value: Any) -> dict[str, Any]:
    return {"url": HL7 + name, **value}


def read(*items: Any, **said: Any) -> Questionnaire:
    document = {"resourceType": "Questionnaire", "status": "active", **said, "item": list(items)}
    return resources.questionnaire(msgspec.json.encode(document))


def problems(*items: Any, **said: Any) -> list[tuple[str, str]]:
    """The problems of a questionnaire of these, without the path's beginning."""
    found = structure.problems(read(*items, **said))
    return [(one.path.removeprefix("Questionnaire."), one.code) for one in found]


def form(*items: Any, **said: Any) -> Compiled:
    questionnaire = read(*items, **said)
    assert structure.problems(questionnaire) == []
    return compiled(questionnaire)


def said(link_id: str, *values: Any, inner: list[Any] | None = None) -> dict[str, Any]:
    """An item of a response: `values` are answers; `inner` are items under the first of them."""
    found = [{"value" + kind: value} for one in values for kind, value in one.items()]
    if found and inner:
        found[0]["item"] = inner
    return {"linkId": link_id, **({"answer": found} if found else {})}


def group(link_id: str, *inner: Any) -> dict[str, Any]:
    return {"linkId": link_id, "item": list(inner)}


def response(*items: Any, **more: Any) -> QuestionnaireResponse:
    document = {"resourceType": "QuestionnaireResponse", "status": "completed", **more}
    return resources.response(msgspec.json.encode({**document, "item": list(items)}))


def faults(questionnaire: Compiled, *items: Any, complete: bool = True) -> list[tuple[str, str]]:
    found = answers.faults(questionnaire, response(*items), complete=complete)
    return [short(one) for one in found]


def short(one: Fault) -> tuple[str, str]:
    return one.path.removeprefix("QuestionnaireResponse."), one.code
