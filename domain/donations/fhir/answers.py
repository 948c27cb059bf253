"""What became of each entry, told as FHIR tells it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Literal

from domain.donations.fhir.groups import Part
from domain.donations.fhir.outcomes import (
    RULINGS,
    Fault,
    Issue,
    Response,
    ResponseBundle,
    ResponseEntry,
    issue,
    outcome,
)
from domain.donations.fhir.reading import Reader
from domain.donations.model import Action, BatchAnswer, Reason

WHERE: Mapping[Reason, str] = MappingProxyType(
    {
        "unknown-measure": "resource.code",
        "no-grant": "resource.code",
        "time-out-of-bounds": "resource.effective",
        "wrong-time-frame": "resource.effective",
        "outside-consent": "resource.effective",
    }
)
"""What of an entry a refusal is about, where it is not the value."""


class Tally:
    """What became of the samples of each entry."""

    def __init__(self, reader: Reader) -> None:
        """Begin with what was found wrong in reading."""
        self.notes = reader.notes
        self._faults = reader.faults
        self._deleted = {one.entry: one.measures is None for one in reader.removals}
        self._given: Counter[int] = Counter()
        self._refused: Counter[tuple[int, Reason, Action, str]] = Counter()
        self._known: set[int] = set()

    def give(self, part: Part) -> None:
        """Count a part that is to be stored."""
        self._given.update(part.entries)

    def refuse(self, entries: Iterable[int], code: Reason, action: Action, where: str) -> None:
        """Count a sample of each of these entries as refused."""
        self._refused.update((entry, code, action, WHERE.get(code, where)) for entry in entries)

    def take(self, part: Part, answer: BatchAnswer) -> None:
        """Count a part that was judged. Which of its samples are duplicates is not known."""
        for one in answer.rejected:
            indices = range(len(part.entries)) if one.indices is None else one.indices
            entries = [part.entries[index] for index in indices]
            self.refuse(entries, one.code, one.action, part.where)
        if answer.duplicates:
            self._known.update(part.entries)

    def note(self, entry: int, fault: Fault) -> None:
        """Something to be told of an entry that was done."""
        self.notes.setdefault(entry, []).append(fault)

    def faults(self) -> dict[int, list[Fault]]:
        """What is refused, by entry. `samples`: how many, where it holds more than one."""
        found = {entry: list(faults) for entry, faults in self._faults.items()}
        for (entry, code, action, where), count in self._refused.items():
            told = None if self._given[entry] == 1 else count
            found.setdefault(entry, []).append(Fault(code, where, "", told, action))
        return found

    def stored(self, entry: int) -> bool:
        """Whether any sample of an entry is there."""
        return self._given[entry] > sum(
            count for (of, *_), count in self._refused.items() if of == entry
        )

    def status(self, entry: int) -> HTTPStatus:
        """Of an entry that was done: 201 only where all of its kind was new."""
        if entry in self._deleted:
            return HTTPStatus.NO_CONTENT if self._deleted[entry] else HTTPStatus.OK
        return HTTPStatus.OK if entry in self._known else HTTPStatus.CREATED


def issues(faults: Mapping[int, list[Fault]]) -> Iterator[Issue]:
    """All faults of a Bundle that is refused as a whole."""
    for entry in sorted(faults):
        for fault in faults[entry]:
            yield issue(fault, f"Bundle.entry[{entry}]")


def bundle(kind: Literal["transaction", "batch"], entries: int, tally: Tally) -> ResponseBundle:
    """The answer to a Bundle, entry by entry."""
    faults = tally.faults()
    answers = [_entry(entry, faults.get(entry, []), tally) for entry in range(entries)]
    return ResponseBundle(
        resource_type="Bundle",
        type="transaction-response" if kind == "transaction" else "batch-response",
        entry=answers,
    )


def _entry(entry: int, faults: list[Fault], tally: Tally) -> ResponseEntry:
    place = f"Bundle.entry[{entry}]"
    is_done = not faults or tally.stored(entry)
    told = [issue(fault, place, "warning" if is_done else "error") for fault in faults]
    told += [issue(note, place, "information") for note in tally.notes.get(entry, [])]
    status = tally.status(entry) if is_done else RULINGS[faults[0].code].status
    response = Response(status=f"{status.value} {status.phrase}")
    if told:
        response = Response(status=response.status, outcome=outcome(told))
    return ResponseEntry(response=response)
