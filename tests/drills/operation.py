"""What a drill knows of one operation: who may do it, with which ids and with what body."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.drills.sides import ANONYMOUS, DOORS, Common, Side
from tests.drills.world import World

Doors = frozenset[str]
Body = Callable[[Side, Common], Any]
Probe = Callable[[Side, Common, str], Any]

ALL: Doors = frozenset(DOORS)
KNOWN: Doors = ALL - {ANONYMOUS}
RESIDENTS: Doors = frozenset({"anna", "bertil"})
TEAMS: Doors = frozenset({"team", "others"})
STEWARDS: Doors = frozenset({"maker", "opener"})
OFFICER: Doors = frozenset({"officer"})
REGISTRARS: Doors = STEWARDS | OFFICER


class Operation(NamedTuple):
    """One operation of the description.

    `doors`: who is answered 2xx for their own ids. `path`: for each parameter the attribute of a
    `Side` that is one's own. `theirs`: those of them that the doors of one side alone may name.
    `hidden`: parameters and the ids that must be answered as a random one is; `probes`: bodies with
    such an id, by its name. `chosen`: the ids of its path are the caller's to make; `named`: those that are
    names of the caller's own. `leaves`: tables in which it
    leaves rows that are nobody's, or, where it reads, the resident's who is read about.
    """

    doors: Doors
    path: Mapping[str, str] = {}
    theirs: tuple[str, ...] = ()
    body: Body | None = None
    query: str = ""
    if_match: str = ""
    hidden: Mapping[str, str] = {}
    probes: Mapping[str, Probe] = {}
    chosen: bool = False
    named: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


def foreign(world: World, side: Side, name: str) -> str | None:
    """The id of that name that the other side has and this one does not."""
    if name in Common.__struct_fields__:
        return str(getattr(world.common, name))
    found = str(getattr(world.other(side), name))
    if name == "event_seq" and int(found) <= side.events:
        return None
    return found
