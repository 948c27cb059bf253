"""Uploads that are answered entry by entry: a yes to the whole may hold a no to an entry."""

from collections.abc import Mapping
from typing import Any

from tests.drills.http import Answer

Place = tuple[str | int, ...]
"""Steps from a body's root to what of it is wrong."""

NONE: frozenset[str] = frozenset()
MARKS: Mapping[str, frozenset[str]] = {
    "open_mhealth_donate": frozenset({"reply", "stream"}),
    "fhir_transact": frozenset({"reply", "stream"}),
}
"""By operation, the tables that an upload changes though all of it is refused or known: its answer
is kept, and the stream notes when it was last heard of."""

SILENT = frozenset({"donations_donate", "fhir_create", *MARKS})
"""Operations whose yes repeats nothing that was sent either."""

FORMS: Mapping[str, tuple[Mapping[str, Any], ...]] = {"fhir_transact": ({"type": "batch"},)}
"""Members over those of the usual body, for operations that take another form of it."""


def refuses(operation: str, answer: Answer, place: Place) -> bool:
    """Whether a yes to the whole is a no to the entry in which the place is."""
    if not answer.ok or len(place) < 2:
        return False
    if operation == "open_mhealth_donate":
        steps = [one.split("/")[1:] for no in answer.json()["refused"] for one in no["pointers"]]
        return any(_meet(found, [*map(str, place)]) for found in steps)
    if operation == "fhir_transact" and place[0] == "entry":
        status: str = answer.json()["entry"][place[1]]["response"]["status"]
        return status.startswith("4")
    return False


def _meet(one: list[str], other: list[str]) -> bool:
    """Whether one is inside the other."""
    return all(mine == theirs for mine, theirs in zip(one, other, strict=False))
