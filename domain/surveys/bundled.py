"""ValueSets of a Bundle, put into its questionnaires that ask from them: each is whole by itself then. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TypeAlias
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

Members: TypeAlias = dict[str, Raw]
LEFT_OUT = ("contained", "meta")
"""What a contained resource has not (FHIR R4, DomainResource: dom-2, dom-4, dom-5)."""


class _Set(Struct, frozen=True, rename="camel"):
    resource_type: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    version: str | UnsetType = UNSET


class _Asking(Struct, frozen=True, rename="camel"):
    answer_value_set: str | UnsetType = UNSET
    item: list["_Asking"] = []
    contained: list[_Set] = []


def value_sets(resources: Iterable[bytes]) -> dict[str, Members]:
    """The ValueSets among resources by their canonical urls, with and without the version."""
    found: dict[str, Members] = {}
    for body in resources:
        with suppress(msgspec.ValidationError):  # what is no ValueSet by FHIR is none of ours
            if names := list(_names(msgspec.json.decode(body, type=_Set))):
                contained = _contained(body, names[-1])
                for name in names:
                    found.setdefault(name, contained)
    return found


def completed(body: bytes, sets: Mapping[str, Members]) -> bytes:
    """A questionnaire with those of the sets that it asks from, and does not contain, contained."""
    try:
        asking = msgspec.json.decode(body, type=_Asking)
    except msgspec.ValidationError:
        return body  # the report tells where
    there = {name for one in asking.contained for name in _names(one)}
    asked = [sets[name] for name in _asked(asking) if name in sets and name not in there]
    if not asked:
        return body
    more = {bytes(one["id"]): one for one in asked}.values()
    members = msgspec.json.decode(body, type=Members)
    own = msgspec.json.decode(members.get("contained", b"[]"), type=list[Raw])
    return msgspec.json.encode({**members, "contained": [*own, *more]})


def _names(one: _Set) -> Iterator[str]:
    if one.resource_type == "ValueSet" and one.url is not UNSET:
        yield one.url
        if one.version is not UNSET:
            yield f"{one.url}|{one.version}"


def _asked(asking: _Asking) -> Iterator[str]:
    waiting = [asking]
    while waiting:
        one = waiting.pop()
        waiting += one.item
        if one.answer_value_set is not UNSET:
            yield one.answer_value_set


def _contained(body: bytes, name: str) -> Members:
    """Under an id that no other has: it had one among the Bundle's, not among those contained."""
    members = msgspec.json.decode(body, type=Members)
    kept = {member: said for member, said in members.items() if member not in LEFT_OUT}
    return {**kept, "id": Raw(msgspec.json.encode(uuid5(NAMESPACE_URL, name)))}
