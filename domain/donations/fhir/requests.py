"""What an entry of a Bundle asks for: one way of writing an Observation, and under which name."""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, Raw, UnsetType

from domain.donations.fhir.names import name_of, searched
from domain.donations.fhir.outcomes import Unfit, unreadable
from domain.donations.fhir.resources import Entry, Observation

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises."""
T = TypeVar("T")
TYPE = "Observation"
METHOD, URL = "request.method", "request.url"

_entry = msgspec.json.Decoder(Entry).decode
_observation = msgspec.json.Decoder(Observation).decode


class Asked(NamedTuple):
    """To create, to replace or to delete; what, and under which name. No Observation: a deletion."""

    verb: Literal["create", "replace", "delete"]
    observation: Observation | None
    name: str | None


def asked(raw: Raw) -> Asked:
    """What an entry asks for. Raises Unfit."""
    entry = _read(_entry, raw, "")
    request = entry.request
    if request.method == "POST":
        return _create(entry)
    path, _, query = request.url.partition("?")
    if request.method not in {"PUT", "DELETE"}:
        raise Unfit("not-supported", METHOD)
    if request.if_match is not UNSET:  # there are no versions to match
        raise Unfit("not-supported", "request.ifMatch")
    name = _addressed(path, query)
    if request.method == "DELETE":
        return Asked("delete", None, name)
    observation = _resource(entry)
    if not query and observation.id != name:
        raise Unfit("invalid-resource", "resource.id", "value")
    return Asked("replace", observation, name)


def _create(entry: Entry) -> Asked:
    request = entry.request
    if request.url.strip("/") != TYPE:
        raise Unfit("not-supported", URL)
    observation = _resource(entry)
    name = name_of(observation)
    only_if = request.if_none_exist
    # Whatever was there already is not stored twice: a condition on the own name is always met.
    if only_if is not UNSET and searched(only_if, "request.ifNoneExist") != name:
        raise Unfit("not-supported", "request.ifNoneExist")
    return Asked("create", observation, name)


def _addressed(path: str, query: str) -> str:
    kind, _, logical_id = path.strip("/").partition("/")
    if kind != TYPE or bool(logical_id) is bool(query) or "/" in logical_id:
        raise Unfit("not-supported", URL)
    return searched(query, URL) if query else unquote(logical_id)[:64]


def _resource(entry: Entry) -> Observation:
    if isinstance(entry.resource, UnsetType):
        raise Unfit("invalid-resource", "resource", "required")
    return _read(_observation, entry.resource, "resource")


def _read(decode: Callable[[Raw], T], raw: Raw, where: str) -> T:
    try:
        return decode(raw)
    except UNREADABLE as error:
        found = unreadable(error, where)
        raise Unfit(found.code, found.where, found.kind) from None
