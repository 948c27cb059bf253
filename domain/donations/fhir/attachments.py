"""Open mHealth and IEEE 1752.1 documents inside attachments, as JupyterHealth's clients send them.

R4's Observation has no valueAttachment, R5's has: the one element that is taken from there.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw

from domain.donations.fhir.codes import OPEN_MHEALTH
from domain.donations.fhir.groups import Part
from domain.donations.fhir.outcomes import Code, Fault, Unfit
from domain.donations.fhir.resources import Observation
from domain.donations.openmhealth.groups import Context, Group
from domain.donations.openmhealth.headers import SchemaId
from domain.donations.openmhealth.model import No
from domain.donations.openmhealth.reading import read

WHERE = "resource.value"
JSON = frozenset({UNSET, "application/json"})


class Attached(NamedTuple):
    """A document, the entry it came with and the name that entry gives it."""

    entry: int
    name: str | None
    replaces: bool
    document: Raw


class Told(NamedTuple):
    """Samples of documents, under the circumstances that all of them share."""

    context: Context
    part: Part


class _Header(msgspec.Struct):
    schema_id: SchemaId


class _Document(msgspec.Struct):
    header: _Header
    body: Raw


_document = msgspec.json.Decoder(_Document).decode


def document_of(observation: Observation, *, replaces: bool) -> Raw:
    """The document that it holds, of the schema that its code says. Raises Unfit."""
    attachment = observation.value_attachment
    if attachment is UNSET or attachment.content_type not in JSON:
        raise Unfit("not-supported", f"{WHERE}.contentType")
    try:
        raw = b64decode(attachment.data, validate=True)
        document = _document(raw)
    except (binascii.Error, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        raise Unfit("invalid-resource", f"{WHERE}.data", "value") from None
    schema = document.header.schema_id
    named = f"{schema.namespace}:{schema.name}:{schema.version}"
    if {(one.system, one.code) for one in observation.code.coding} != {(OPEN_MHEALTH, named)}:
        raise Unfit("invalid-resource", "resource.code", "invariant")
    if replaces and bytes(document.body).startswith(b"["):
        raise Unfit("not-supported", "resource.status")
    return Raw(raw)


def told(attached: Sequence[Attached], faults: dict[int, list[Fault]]) -> Iterator[Told]:
    """The samples of documents. What is refused is added to the faults of its entry."""
    for replaces in (False, True):
        some = [one for one in attached if one.replaces is replaces]
        if not some:
            continue
        found = read([one.document for one in some])
        for no in found.faults:
            entry = some[_place(no.pointer)[0]].entry
            faults.setdefault(entry, []).append(_fault(no))
        for group in found.groups:
            yield Told(group.context, _part(group, some, replaces=replaces))


def _part(group: Group, attached: Sequence[Attached], *, replaces: bool) -> Part:
    batch = group.batch()
    origins = [attached[_place(pointer)[0]] for pointer in group.places]
    own = batch.id or [""] * len(origins)
    names = [one.name or name for one, name in zip(origins, own, strict=True)]
    called = msgspec.structs.replace(batch, id=names, replaces=replaces)
    return Part(called, [one.entry for one in origins], [None] * len(origins))


def _fault(no: No) -> Fault:
    inside = _place(no.pointer)[1]
    if no.code == "invalid-document":
        return Fault("invalid-resource", f"{WHERE}.data", "value", inside=inside)
    code: Code = "too-costly" if no.code == "too-many-kinds" else no.code
    return Fault(code, f"{WHERE}.data", inside=inside)


def _place(pointer: str) -> tuple[int, str]:
    """Which document, and the pointer within it."""
    _, _, index, *rest = pointer.split("/")
    return int(index), "".join(f"/{step}" for step in rest)
