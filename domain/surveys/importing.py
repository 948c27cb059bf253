"""Questionnaires from files: FHIR R4 as others publish it, Bundles of it, or drafts in our own form. Pure."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from domain.surveys import bundled, resources
from domain.surveys.declarations import Problem
from domain.surveys.extensions import kept_to, unsupported
from domain.surveys.faults import fault
from domain.surveys.model import ExtensionWarning, Faulty, QuestionnaireDraft, Topic
from domain.surveys.publication import check
from domain.surveys.resources import Item, Unreadable
from domain.surveys.translations import languages, plain

MOST_ENTRIES = 1_000
NO_ID = re.compile(r"[^A-Za-z0-9.-]")


class Lacking(Struct, frozen=True, kw_only=True):
    """What is supplied where a file does not say it. A url is made of its base and the resource's id."""

    category: Topic
    url_base: str | None = None
    version: str | None = None
    status: str | None = None


class Found(Struct, frozen=True, kw_only=True):
    """A questionnaire of a file, and where in it."""

    place: str
    draft: QuestionnaireDraft


class Report(Struct, frozen=True, kw_only=True):
    """What a questionnaire has, and what is wrong with it. Each problem has its path, and its text.

    `kept_to` are the extensions that answers are judged or scored by, `unsupported` the others that
    are not for the renderer alone: with a `decisive` one it can be kept, but is not published.
    """

    place: str
    url: str | None = None
    version: str | None = None
    title: str | None = None
    items: dict[str, int] = {}
    languages: list[str] = []
    scores: int = 0
    safety_rules: int = 0
    facts: int = 0
    kept_to: list[str] = []
    problems: list[dict[str, str]] = []
    unsupported: list[ExtensionWarning] = []

    @property
    def decisive(self) -> bool:
        return any(one.decisive for one in self.unsupported)


class _Entry(Struct, frozen=True):
    resource: Raw | UnsetType = UNSET


class _Named(Struct, frozen=True, rename="camel"):
    """Of a file or a resource what tells which it is, and what it may lack."""

    resource_type: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    url: Raw | UnsetType = UNSET
    version: Raw | UnsetType = UNSET
    status: Raw | UnsetType = UNSET
    questionnaire: Raw | UnsetType = UNSET
    entry: Annotated[list[_Entry], Meta(max_length=MOST_ENTRIES)] = []


def read(body: bytes, name: str, lacking: Lacking) -> list[Found]:
    """The questionnaires of a file, in their order. `name`: the file's, for a url of what has no id.

    Raises:
        Faulty: it is not JSON, or holds no questionnaire.

    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        found = list(_found(body, name, lacking))
    except RecursionError:
        raise Faulty([fault("File", "too-deep")]) from None
    except msgspec.DecodeError as error:
        told = resources.unreadable(str(error), "File")
        raise Faulty([Problem(told.path, "It is not what a file has here.")]) from None
    except ValueError:  # an encoding that is none
        raise Faulty([fault("File", "structure")]) from None
    if not found:
        raise Faulty([Problem("File", "It holds no questionnaire.")])
    return found


def _found(body: bytes, name: str, lacking: Lacking) -> Iterator[Found]:
    named = _named(body)
    if named.resource_type == "Questionnaire":
        whole = Raw(_supplied(body, name, lacking))
        draft = QuestionnaireDraft(questionnaire=whole, category=lacking.category)
        yield Found(place="Questionnaire", draft=draft)
    elif named.resource_type == "Bundle":
        entries = [b"{}" if one.resource is UNSET else bytes(one.resource) for one in named.entry]
        sets = bundled.value_sets(entries)
        for index, inside in enumerate(entries):
            if _named(inside).resource_type == "Questionnaire":
                whole = Raw(_supplied(bundled.completed(inside, sets), f"{name}-{index}", lacking))
                draft = QuestionnaireDraft(questionnaire=whole, category=lacking.category)
                yield Found(place=f"Bundle.entry[{index}].resource", draft=draft)
    elif named.resource_type is UNSET and named.questionnaire is not UNSET:
        draft = msgspec.json.decode(body, type=QuestionnaireDraft)
        whole = Raw(_supplied(bytes(draft.questionnaire), name, lacking))
        yield Found(
            place="questionnaire", draft=msgspec.structs.replace(draft, questionnaire=whole)
        )


_named = msgspec.json.Decoder(_Named).decode


def _supplied(body: bytes, name: str, lacking: Lacking) -> bytes:
    """The resource as it was given, with what it lacks before it."""
    named = _named(body)
    own = name if named.id is UNSET else named.id
    given: Mapping[str, str | None] = {
        "url": lacking.url_base and f"{lacking.url_base.rstrip('/')}/{NO_ID.sub('-', own)[:64]}",
        "version": lacking.version,
        "status": lacking.status,
    }
    more = {n: said for n, said in given.items() if said and getattr(named, n) is UNSET}
    members = body.strip()[1:]
    return msgspec.json.encode(more)[:-1] + b"," + members if more and members != b"}" else body


def report(found: Found) -> Report:
    """Look a questionnaire over."""
    body = bytes(found.draft.questionnaire)
    try:
        read_one = resources.questionnaire(body)
    except Unreadable as no:
        return Report(place=found.place, problems=[no.fault._asdict()])
    document: Any = plain(body)
    return Report(
        place=found.place,
        url=read_one.url or None,
        version=read_one.version or None,
        title=read_one.title or None,
        items=dict(sorted(Counter(item.type for item in _items(read_one.item)).items())),
        languages=sorted(languages(document)),
        scores=len(found.draft.scoring.scales),
        safety_rules=len(found.draft.safety.rules),
        facts=len(found.draft.facts.marks),
        kept_to=kept_to(document),
        problems=_problems(found.draft),
        unsupported=[ExtensionWarning(**one._asdict()) for one in unsupported(document)],
    )


def _problems(draft: QuestionnaireDraft) -> list[dict[str, str]]:
    try:
        check(draft)
    except Faulty as no:
        problems: list[dict[str, str]] = no.extension["faults"]
        return problems
    return []


def _items(items: Sequence[Item]) -> Iterator[Item]:
    waiting = [*items]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.item
