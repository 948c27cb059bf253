"""What is wrong with a questionnaire or a response, and where: all of it at once. Pure.

A path is FHIRPath from the resource. It holds positions and, where something is missing, the linkId
of the questionnaire: never what a stranger wrote.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

MOST = 100
"""The most faults that are told of one response: who sends more has no use for the rest."""


class Fault(NamedTuple):
    """One thing that is wrong. `text` says it in our words and holds nothing of the input."""

    path: str
    code: str
    text: str


TEXTS: Mapping[str, str] = MappingProxyType({
    "too-deep": "It is nested too deeply.",
    "too-many": "It has too many items.",
    "structure": "It is not what FHIR R4 says.",
    "nul": "A text has a NUL character.",
    "required": "It is missing.",
    "modifier": "It has a modifier that is not understood here.",
    "several-values": "It has more than one value.",
    "no-value": "It has no value.",
    "twice": "It stands there twice.",
    "wrong-type": "The value is not of the item's type.",
    "wrong-value": "The value cannot be.",
    # Of a questionnaire
    "link-id-twice": "Another item has this linkId (que-2).",
    "group-empty": "A group has items (que-1).",
    "display-items": "A display has no items (que-1).",
    "display-code": "A display has no code (que-3).",
    "options-twice": "An item has options or a value set, not both (que-4).",
    "options-type": "Items of this type have no options (que-5).",
    "option-type": "The option is not of a type that this item can have.",
    "display-flags": "A display is neither required nor repeated (que-6).",
    "exists-boolean": "To exist is true or false (que-7).",
    "initial-type": "Groups and displays have no initial value (que-8).",
    "display-read-only": "A display is not marked read-only (que-9).",
    "max-length-type": "Items of this type have no maxLength (que-10).",
    "initial-options": "With options, the initial one is marked among them (que-11).",
    "no-behavior": "With several conditions it says whether any or all count (que-12).",
    "initial-several": "Only a repeated item has several initial values (que-13).",
    "unknown-question": "No item has this linkId.",
    "no-question": "A group or display has no answer to ask about.",
    "circle": "These conditions run in a circle.",
    "condition-type": "The answer to compare with is not of the question's type.",
    "operator": "This operator does not go with the question's type.",
    "value-set": "The value set is not contained as a list of codes, so answers cannot be checked.",
    "extension-value": "The extension has not the value that it should have here.",
    "extension-twice": "The extension stands there more than once.",
    "pattern": "The pattern is too long, or not one that runs in bounded time (RE2).",
    "bounds": "The bounds leave nothing that could be answered.",
    # Of a response
    "unknown-questionnaire": "The study asks no questionnaire of this url and version.",
    "unknown-item": "The questionnaire has no such item here.",
    "out-of-order": "Items stand in the order of the questionnaire.",
    "no-answer": "An item of this type has no answers.",
    "no-items": "An item of this type has its items under its answers.",
    "missing": "An answer is required.",
    "too-few": "There are too few answers.",
    "several": "Only one answer is asked for.",
    "read-only": "The item is read-only: only its initial value may stand there.",
    "disabled": "The item is not enabled by the other answers.",
    "too-long": "The answer is too long.",
    "too-short": "The answer is too short.",
    "too-low": "The answer is below the least value.",
    "too-high": "The answer is above the highest value.",
    "too-fine": "The answer has too many decimals.",
    "not-matching": "The answer does not have the form that is asked for.",
    "not-offered": "The answer is not among the options.",
    "exclusive": "This option goes with no other.",
    "wrong-unit": "The unit is not one that is asked for.",
    "too-large": "The attachment is too large.",
    "wrong-content": "The attachment is not of a type that is asked for.",
})  # fmt: skip


def fault(path: str, code: str) -> Fault:
    """A fault with its words."""
    return Fault(path, code, TEXTS[code])


def where_link(link_id: str) -> str:
    """The FHIRPath step to an item that may not be there. `link_id`: of the questionnaire."""
    quoted = link_id.replace("\\", "\\\\").replace("'", "\\'")
    return f"item.where(linkId = '{quoted}')"
