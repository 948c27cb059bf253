"""What is wrong with which part of a request, in fixed words.

msgspec's messages name unknown fields and refused values as the stranger wrote them, so that
none of them is passed on: the part is named by our schema, and the complaint is ours.
"""

import re
from collections.abc import Mapping
from typing import Annotated

from litestar.exceptions import ValidationException
from msgspec import Meta, Struct


class Complaint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong. Either a place in the body, or a parameter, is named."""

    detail: str
    pointer: Annotated[
        str, Meta(description="JSON pointer (RFC 6901) into the body", examples=["#/seen_seq"])
    ] = ""
    parameter: Annotated[str, Meta(description="A parameter in path, query or header")] = ""


LENGTH = re.compile(r"Expected `(\w+)` of length (<=|>=) (\d+)")
BOUND = re.compile(r"Expected `(\w+)` (<=|>=|<|>) (-?\d+)")
KIND = re.compile(r"Expected `([a-z0-9_ |]+)`(?:, got `\w+`)?")
MISSING = re.compile(r"Object missing required field `(\w+)`")
PARAMETER = re.compile(r"Missing required \w+ parameter '([A-Za-z-]+)'")
PLACE = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\[\.\.\.\]")

WORDS: Mapping[str, str] = {
    "Object contains unknown field": "has a field that is not known here",
    "Invalid enum value": "is none of the values allowed",
    "Invalid value": "is none of the values allowed",
    "Invalid UUID": "is not a UUID",
    "Invalid RFC3339 encoded datetime": "is not a time after RFC 3339",
    "Invalid RFC3339 encoded date": "is not a date after RFC 3339",
    "Invalid base64": "is not base64",
    "Number out of range": "is out of range",
    "Integer value out of range": "is out of range",
    "A time lies outside": "holds a time outside 1900 to 2200",
    "Expected `str` matching regex": "has characters, or a form, that is not allowed",
    "Expected `datetime` with a timezone": "needs a time zone, or Z",
}
NAMES = {"str": "string", "int": "whole number", "float": "number", "bool": "true or false"}


def of_body(message: str) -> Complaint:
    """Our words for msgspec's about a body."""
    place = PLACE.search(message)
    pointer = "#" + _pointer(place[1] if place else "")
    if missing := MISSING.match(message):
        return Complaint(pointer=f"{pointer}/{missing[1]}", detail="is required")
    return Complaint(pointer=pointer, detail=say(message))


def of_parameters(error: ValidationException) -> list[Complaint]:
    """Our words for Litestar's about parameters, and about a body that is not there."""
    if missing := PARAMETER.match(error.detail):
        return [Complaint(parameter=missing[1], detail="is required")]
    listed = error.extra if isinstance(error.extra, list) else []
    return [_of_parameter(entry.get("key", ""), entry.get("message", "")) for entry in listed]


def say(message: str) -> str:
    """Fixed words: at most the names and figures of our own schema are taken over."""
    for start, words in WORDS.items():
        if message.startswith(start):
            return words
    if found := LENGTH.match(message):
        return f"must have a length {found[2]} {found[3]}"
    if found := BOUND.match(message):
        return f"must be {found[2]} {found[3]}"
    if found := KIND.match(message):
        return "must be " + " or ".join(NAMES.get(k, k) for k in found[1].split(" | "))
    return "is not valid"


def _of_parameter(key: str, message: str) -> Complaint:
    if key == "data" or key.startswith("data."):
        return Complaint(pointer="#", detail="is required" if message == "'data'" else say(message))
    return Complaint(parameter=key.partition(".")[0], detail=say(message))


def _pointer(path: str) -> str:
    """JSON pointer for a path like `.items[3].value`; it ends before a key of the stranger's own."""
    steps = []
    for step in STEP.finditer(path):
        if step[0] == "[...]":
            break
        steps.append(f"/{step[1] or step[2]}")
    return "".join(steps)
