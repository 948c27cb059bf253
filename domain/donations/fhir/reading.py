"""Observations sorted into batches by source and kind, with what is to be deleted and what is refused."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET, Raw

from domain.donations.fhir.attachments import Attached, document_of, told
from domain.donations.fhir.codes import measures_of, namesakes
from domain.donations.fhir.groups import Group, Kind, Part, Samples
from domain.donations.fhir.names import name_of
from domain.donations.fhir.outcomes import Fault, Unfit
from domain.donations.fhir.requests import Asked, asked
from domain.donations.fhir.resources import Observation, Reference
from domain.donations.fhir.sources import SENDER, Sources
from domain.donations.fhir.telling import samples_of
from domain.donations.fhir.values import check_choice
from domain.donations.model import MAX_BATCHES, MAX_UPLOAD, Source

TAKEN = frozenset({"final", "amended", "corrected", "entered-in-error"})
TYPES = frozenset({UNSET, "Patient"})
IDENTIFIER = "resource.identifier"


class Removal(NamedTuple):
    """What an entry deletes. Without measures or source: whatever has that name."""

    entry: int
    name: str
    measures: frozenset[str] | None = None
    source: Source | None = None


class Given(NamedTuple):
    """What came from one source."""

    source: Source
    parts: list[Part]


class _FromSource(NamedTuple):
    source: Source
    groups: dict[Kind, Group]
    attached: list[Attached]


class Reader:
    """Reads entries one by one. `selves`: the references that mean the resident.

    What it finds wrong stands under the entry in `faults`, what it left out in `notes`.
    """

    def __init__(self, selves: frozenset[str]) -> None:
        """Begin with nothing read."""
        self.removals: list[Removal] = []
        self.faults: dict[int, list[Fault]] = {}
        self.notes: dict[int, list[Fault]] = {}
        self._selves = selves
        self._room = MAX_UPLOAD
        self._sources: dict[tuple[object, ...], _FromSource] = {}
        self._verbs: dict[str, str] = {}
        self._told = Sources()

    def entries(self, entries: Sequence[Raw]) -> None:
        """Read all entries of a Bundle."""
        for index, raw in enumerate(entries):
            try:
                self._ask(index, asked(raw))
            except Unfit as unfit:
                self.faults[index] = [unfit.fault]

    def single(self, observation: Observation) -> None:
        """Read an Observation that came without a Bundle."""
        try:
            self._ask(0, Asked("create", observation, name_of(observation)))
        except Unfit as unfit:
            self.faults[0] = [unfit.fault]

    def given(self) -> Iterator[Given]:
        """What was read, by source. Finds what is wrong with documents inside attachments."""
        for source, groups, attached in self._sources.values():
            parts = [part for group in groups.values() for part in group.parts()]
            if parts:
                yield Given(source, parts)
            for context, part in told(attached, self.faults):
                yield Given(msgspec.structs.replace(source, context=dict(context) or UNSET), [part])

    def _ask(self, index: int, one: Asked) -> None:
        observation, name = one.observation, one.name
        if observation is None:
            self._claim(name, "delete")
            self.removals.append(Removal(index, str(name)))
            return
        self._check(observation)
        source = self._told.told(observation)
        if observation.status == "entered-in-error":
            self._remove(index, observation, name, source)
            return
        replaces = one.verb == "replace" or observation.status != "final"
        if replaces and name is None:
            raise Unfit("invalid-resource", IDENTIFIER, "required")
        into = self._from(source or Source(app=SENDER))
        if observation.value_attachment is not UNSET:
            document = document_of(observation, replaces=replaces)
            self._claim(name, "replace" if replaces else "create")
            into.attached.append(Attached(index, name, replaces, document))
            return
        samples = self._samples(index, observation)
        if replaces and sum(len(part.start) for part in samples) != 1:
            # Several under one name: which of them replaces which could not be told.
            raise Unfit("not-supported", "resource.status")
        self._claim(name, "replace" if replaces else "create")
        for part in samples:
            _add(into.groups, part, index, name, replaces=replaces)

    def _check(self, observation: Observation) -> None:
        if observation.status not in TAKEN:
            raise Unfit("not-supported", "resource.status")
        subject = observation.subject
        if subject is not UNSET and not self._is_self(subject):
            raise Unfit("other-subject", "resource.subject")
        check_choice(observation, "resource")
        for at, component in enumerate(observation.component):
            check_choice(component, f"resource.component[{at}]")

    def _is_self(self, subject: Reference) -> bool:
        named = subject.reference in self._selves and subject.identifier is UNSET
        return named and subject.type in TYPES

    def _remove(
        self, index: int, observation: Observation, name: str | None, source: Source | None
    ) -> None:
        if name is None:
            raise Unfit("invalid-resource", IDENTIFIER, "required")
        codings = observation.code.coding
        measures = namesakes(measures_of(codings), codings)
        if not measures:
            raise Unfit("unknown-measure", "resource.code")
        self._claim(name, "delete")
        self.removals.append(Removal(index, name, frozenset(measures), source))

    def _claim(self, name: str | None, verb: Literal["create", "replace", "delete"]) -> None:
        """Refuse a second entry about a name, where the order of the two would matter."""
        if name is None:
            return
        earlier = self._verbs.get(name)
        if earlier is not None and (earlier, verb) != ("create", "create"):
            raise Unfit("conflict", IDENTIFIER)
        self._verbs[name] = verb

    def _samples(self, index: int, observation: Observation) -> list[Samples]:
        measures = measures_of(observation.code.coding)
        if not measures:
            raise Unfit("unknown-measure", "resource.code")
        if len(measures) > 1:
            raise Unfit("invalid-resource", "resource.code", "invariant")
        notes: list[Fault] = []
        samples = samples_of(observation, measures[0], self._room, notes)
        self._room -= sum(len(part.start) for part in samples)
        if self._room < 0:
            raise Unfit("too-costly", "resource.value")
        if notes:
            self.notes[index] = notes
        return samples

    def _from(self, source: Source) -> _FromSource:
        key: tuple[object, ...] = (source.app, source.device)
        if source.context is not UNSET:
            key += tuple(source.context.items())
        found = self._sources.get(key)
        if found is None:
            if len(self._sources) >= MAX_BATCHES:
                raise Unfit("too-costly", "resource")
            found = self._sources[key] = _FromSource(source, {}, [])
        return found


def _add(
    groups: dict[Kind, Group], part: Samples, index: int, name: str | None, *, replaces: bool
) -> None:
    kind = Kind(part.measure.code, part.unit, part.offset, name is not None, replaces)
    group = groups.get(kind)
    if group is None:
        group = groups[kind] = Group(kind, part.measure)
    group.add(part, index, name)
