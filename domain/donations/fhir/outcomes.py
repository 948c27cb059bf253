"""What is answered: OperationOutcomes with FHIRPath expressions, and response Bundles. In fixed words."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.donations.fhir.resources import CodeableConcept, Coding, Element
from domain.donations.model import ACTIONS, Action, Reason

REFUSAL, ACTION = "urn:medverka:refusal", "urn:medverka:action"
"""Systems of the codes in an issue's details: why, and what the app should do about it."""

Severity = Literal["error", "warning", "information"]
Code = Literal[
    Reason,
    "invalid-resource", "not-supported", "other-subject", "conflict", "too-costly",
    "without-value", "not-there",
]  # fmt: skip
Kind = str
"""A code of FHIR's IssueType."""


class Ruling(NamedTuple):
    """How a code is answered: IssueType, HTTP status, what to do, and what it says."""

    kind: Kind
    status: HTTPStatus
    action: Action
    words: str


def _ruling(code: Reason, kind: Kind, words: str, status: int = 422) -> Ruling:
    return Ruling(kind, HTTPStatus(status), ACTIONS[code], words)


RULINGS: Mapping[Code, Ruling] = {
    "unknown-measure": _ruling("unknown-measure", "not-supported", "What was measured is not taken here."),
    "wrong-unit": _ruling("wrong-unit", "code-invalid", "The unit is not one of this measure, as a UCUM code."),
    "wrong-time-frame": _ruling("wrong-time-frame", "value", "A moment where the measure has an interval, or the other way around."),
    "wrong-columns": _ruling("wrong-columns", "required", "It has not the values of this measure."),
    "no-grant": _ruling("no-grant", "forbidden", "There is no consent to collect this.", 403),
    "time-out-of-bounds": _ruling("time-out-of-bounds", "value", "The time cannot be."),
    "unknown-code": _ruling("unknown-code", "code-invalid", "The value is not a code of this measure."),
    "implausible-value": _ruling("implausible-value", "value", "The value cannot be."),
    "outside-consent": _ruling("outside-consent", "forbidden", "It was measured when no consent was in force.", 403),
    "invalid-resource": Ruling("invalid", HTTPStatus.BAD_REQUEST, "fix", "It is not what FHIR R4 says, or says it in a way not taken here."),
    "not-supported": Ruling("not-supported", HTTPStatus.UNPROCESSABLE_ENTITY, "fix", "This is not done here."),
    "other-subject": Ruling("forbidden", HTTPStatus.FORBIDDEN, "stop", "It is not about the resident who is logged in."),
    "conflict": Ruling("conflict", HTTPStatus.CONFLICT, "fix", "Another entry is about the same identifier."),
    "too-costly": Ruling("too-costly", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "retry", "It is too much for one request."),
    "without-value": Ruling("incomplete", HTTPStatus.OK, "skip", "Positions without a value were left out."),
    "not-there": Ruling("informational", HTTPStatus.OK, "skip", "Nothing was given under this identifier that is still there."),
}  # fmt: skip


class Unfit(Exception):
    """A part of a resource is refused, as a path from the entry (`resource.value.code`)."""

    def __init__(self, code: Code, where: str, kind: Kind = "") -> None:
        super().__init__()
        self.fault = Fault(code, where, kind)


class Fault(NamedTuple):
    """One thing that is refused, or told. `samples`: how many, where not of all.

    `inside`: the JSON pointer into a document that an attachment holds.
    """

    code: Code
    where: str
    kind: Kind = ""
    samples: int | None = None
    action: Action | None = None
    inside: str = ""


class Issue(Element, frozen=True, kw_only=True):
    severity: Severity
    code: Annotated[str, Meta(description="IssueType", examples=["code-invalid"])]
    details: CodeableConcept | UnsetType = UNSET
    diagnostics: str | UnsetType = UNSET
    expression: Annotated[list[str], Meta(examples=[["Bundle.entry[3].resource.value.code"]])] = []


class OperationOutcome(Element, frozen=True, kw_only=True):
    """What went wrong, where (FHIRPath), and what to do about it."""

    resource_type: Literal["OperationOutcome"]
    issue: list[Issue]


class Response(Element, frozen=True, kw_only=True):
    """What became of an entry: 201 is new, 200 was there or was replaced, 204 deleted."""

    status: Annotated[str, Meta(examples=["201 Created"])]
    outcome: OperationOutcome | UnsetType = UNSET


class ResponseEntry(Element, frozen=True, kw_only=True):
    response: Response


class ResponseBundle(Element, frozen=True, kw_only=True):
    """An entry for each that was sent, in their order."""

    resource_type: Literal["Bundle"]
    type: Literal["transaction-response", "batch-response"]
    entry: list[ResponseEntry] = []


def issue(fault: Fault, place: str, severity: Severity = "error") -> Issue:
    """A fault at its place, where `place` stands for the entry."""
    ruling = RULINGS[fault.code]
    codes = [
        Coding(system=REFUSAL, code=fault.code),
        Coding(system=ACTION, code=fault.action or ruling.action),
    ]
    words = ruling.words if fault.samples is None else f"{ruling.words} Samples: {fault.samples}."
    words += f" In the document: {fault.inside}" if fault.inside else ""
    return Issue(
        severity=severity,
        code=fault.kind or ruling.kind,
        details=CodeableConcept(coding=codes),
        diagnostics=words,
        expression=[f"{place}.{fault.where}".rstrip(".")] if place else [fault.where],
    )


def outcome(issues: list[Issue]) -> OperationOutcome:
    """An OperationOutcome of these."""
    return OperationOutcome(resource_type="OperationOutcome", issue=issues)


_PLACE = re.compile(r" - at `\$([^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_CHOICE = re.compile(r"\b(value|effective)[A-Z]\w*")
_KEY = re.compile(r"\[\.\.\.\].*")


def fhirpath(pointed: str) -> str:
    """A path into JSON (`.component[1].valueQuantity`) in FHIRPath, which names a choice by its stem."""
    return _CHOICE.sub(r"\1", _KEY.sub("", pointed)).lstrip(".")


def unreadable(error: Exception, where: str) -> Fault:
    """What msgspec found in the part of an entry called so, in our words: its own quote the stranger's."""
    message = str(error)
    found = _PLACE.search(message)
    inner = fhirpath(found[1]) if found else ""
    kind = "structure"
    if missing := _MISSING.match(message):
        inner = f"{inner}.{fhirpath(missing[1])}".lstrip(".")
        kind = "required"
    elif inner.endswith(("modifierExtension", "implicitRules", "comparator", "focus")):
        kind = "extension" if inner.endswith("modifierExtension") else "not-supported"
    elif isinstance(error, msgspec.ValidationError):
        kind = "structure" if "got `" in message else "value"
    return Fault("invalid-resource", f"{where}.{inner}".strip("."), kind)
