"""Questionnaires from files, as others publish them: FHIR, Bundles of it, or drafts of our own. Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from domain.surveys import resources
from domain.surveys.compiled import compiled
from domain.surveys.model import Faulty, QuestionnaireDraft, Topic
from domain.surveys.publication import check
from domain.surveys.resources import Unreadable
from domain.surveys.translations import languages, plain, written


class Found(Struct, frozen=True, kw_only=True):
    """A questionnaire in a file. Without `problems` its `draft` may be kept.

    `decisive`: extensions that decide which answers are right and are not kept to; it is not published.
    """

    name: str
    items: int
    languages: list[str]
    problems: list[dict[str, Any]]
    decisive: list[str]
    ignored: list[str]
    draft: QuestionnaireDraft | None


def read(body: bytes, category: Topic, url_base: str | None, version: str | None) -> list[Found]:
    """Everything in a file. `url_base` and `version` are for those that lack a url or a version.

    Raises:
        msgspec.DecodeError: it is not JSON.

    """
    return [
        _found(one, category, url_base, version)
        for one in _questionnaires(plain(body.removeprefix(b"\xef\xbb\xbf")))
    ]


def _questionnaires(document: Any) -> Iterator[Any]:  # noqa: ANN401 - plain JSON
    entries = document.get("entry") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        yield document
        return
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == "Questionnaire":
            yield resource


def _found(document: Any, category: Topic, url_base: str | None, version: str | None) -> Found:  # noqa: ANN401
    ours = isinstance(document, dict) and "questionnaire" in document
    declared = dict(document) if ours else {"category": category}
    resource = declared.pop("questionnaire", document)
    if isinstance(resource, dict):
        if url_base and "url" not in resource and isinstance(resource.get("id"), str):
            resource = {**resource, "url": url_base.rstrip("/") + "/" + resource["id"]}
        if version and "version" not in resource:
            resource = {**resource, "version": version}
    body = written(resource)
    try:
        draft = msgspec.json.decode(
            written(declared | {"questionnaire": Raw(body)}), type=QuestionnaireDraft
        )
        made = check(draft)
    except Faulty as no:
        return _refused(body, no.extension["faults"])
    except msgspec.ValidationError as no:
        return _refused(body, [{"path": "", "code": "declaration", "text": str(no)}])
    questionnaire = made.questionnaire
    return Found(
        name=f"{questionnaire.url}|{questionnaire.version}",
        items=len(compiled(questionnaire).nodes),
        languages=sorted(languages(plain(body))),
        problems=[],
        decisive=sorted({one["url"] for one in made.warnings if one["decisive"]}),
        ignored=sorted({one["url"] for one in made.warnings if not one["decisive"]}),
        draft=draft,
    )


def _refused(body: bytes, problems: list[dict[str, Any]]) -> Found:
    name = "(unreadable)"
    try:
        read_as = resources.questionnaire(body)
        name = next((n for n in (read_as.url, read_as.title) if n is not UNSET), "(unnamed)")
    except Unreadable:
        pass
    return Found(
        name=name, items=0, languages=[], problems=problems, decisive=[], ignored=[], draft=None
    )
