"""A resource in one of the languages that it holds, by FHIR's translation extension. Pure.

What is translated is a primitive element (`text`) whose companion (`_text`) has the extension; what
has none in that language stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from domain.languages import lookup
from domain.surveys.extensions import HL7

TRANSLATION = HL7 + "translation"
UNSAID = "und"
"""BCP 47 for a resource that says no language."""

plain = msgspec.json.Decoder(float_hook=Decimal).decode
"""A resource as plain JSON, its numbers exact. Raises msgspec.DecodeError."""
written = msgspec.json.Encoder(decimal_format="number", enc_hook=Decimal).encode
"""Plain JSON, or what `resources` has read, as bytes; its `Number` is a Decimal that msgspec does not know."""


def languages(document: Any) -> set[str]:  # noqa: ANN401 - the resource as plain JSON
    """The language that a resource says it is in, and those that something in it is translated into."""
    own = document.get("language")
    found = {own} if isinstance(own, str) else set()
    for element in _elements(document):
        for name, companion in element.items():
            if name.startswith("_"):
                found |= _translations(companion).keys()
    return found


def worded(document: Any, wanted: Sequence[str]) -> tuple[Any, str]:  # noqa: ANN401
    """The resource in the language that is wanted most of those it has, and which. It is changed in place."""
    own = document.get("language")
    if not isinstance(own, str):
        own = UNSAID
    language = lookup({own, *languages(document)}, [*wanted, own])
    if language != own:
        for element in _elements(document):
            for name in [name for name in element if name.startswith("_")]:
                text = _translations(element[name]).get(language)
                if text is not None and isinstance(element.get(name[1:]), str):
                    element[name[1:]] = text
        document["language"] = language
    return document, language


def _elements(document: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Every object in a resource."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _translations(companion: Any) -> Mapping[str, str]:  # noqa: ANN401
    """By language, what the element beside this companion says."""
    given = companion.get("extension") if isinstance(companion, dict) else None
    found: dict[str, str] = {}
    for extension in given if isinstance(given, list) else ():
        if isinstance(extension, dict) and extension.get("url") == TRANSLATION:
            parts = extension.get("extension")
            said = {
                part.get("url"): part.get("valueCode") or part.get("valueString")
                for part in (parts if isinstance(parts, list) else ())
                if isinstance(part, dict) and isinstance(part.get("url"), str)
            }
            language, content = said.get("lang"), said.get("content")
            if isinstance(language, str) and isinstance(content, str):
                found[language] = content
    return found
