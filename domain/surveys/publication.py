"""Whether a questionnaire may be kept and asked: all that is wrong with it at once, by path. Pure."""

import re
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from domain.surveys import extensions, facts, resources, safety, scoring, structure
from domain.surveys.answered import offered, ordinals
from domain.surveys.compiled import compiled
from domain.surveys.declarations import Problem
from domain.surveys.faults import Fault, fault
from domain.surveys.model import Declarations, Faulty, QuestionnaireDraft
from domain.surveys.resources import Questionnaire, Unreadable
from domain.surveys.translations import languages, plain

CANONICAL = re.compile(r"[!-{}~]{1,1000}")
"""Of a url or a version: `|` stands between them. FHIR's `#` is not among those that are stored."""


class Checked(Struct, frozen=True, kw_only=True):
    """A questionnaire without problems, and what is kept with it."""

    questionnaire: Questionnaire
    declarations: Declarations
    warnings: list[dict[str, Any]]


def check(draft: QuestionnaireDraft) -> Checked:
    """Look a questionnaire over with its declarations.

    Raises:
        Faulty: with all of its problems at once.

    """
    body = bytes(draft.questionnaire)
    try:
        questionnaire = resources.questionnaire(body)
    except Unreadable as no:
        raise Faulty([no.fault]) from None
    document = plain(body)
    found: list[Fault | Problem] = [*_names(questionnaire), *structure.problems(questionnaire)]
    if found:
        raise Faulty(found)
    ready = compiled(questionnaire)
    known, scored = offered(ready), scoring.with_ordinals(draft.scoring, ordinals(ready))
    found += scoring.problems(scored, known)
    found += safety.problems(draft.safety, known, languages(document))
    found += facts.problems(draft.facts, known)
    if found:
        raise Faulty(found)
    return Checked(
        questionnaire=questionnaire,
        declarations=Declarations(scoring=scored, safety=draft.safety, facts=draft.facts),
        warnings=[one._asdict() for one in extensions.unsupported(document)],
    )


def _names(questionnaire: Questionnaire) -> list[Fault]:
    """A url and a version, which name it."""
    return [
        fault(f"Questionnaire.{name}", "required" if value is UNSET else "wrong-value")
        for name, value in (("url", questionnaire.url), ("version", questionnaire.version))
        if not _is_name(value)
    ]


def _is_name(value: str | UnsetType) -> bool:
    return isinstance(value, str) and CANONICAL.fullmatch(value) is not None and "#" not in value
