"""A fair share of a batch for each study: none waits behind another's million."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Study = TypeVar("Study", bound=Hashable)


def shares(waiting: Mapping[Study, int], room: int, first: Sequence[Study]) -> dict[Study, int]:
    """How many of each study's waiting ones to take, so that the least served gets the most it can.

    `first` names all of them in the order in which what cannot be divided is given out: a new one
    by chance each time, so that it evens out.
    """
    taken = dict.fromkeys(first, 0)
    hungry = [study for study in first if waiting[study] > 0]
    while hungry and room > 0:
        each = max(1, room // len(hungry))
        for study in hungry:
            bite = min(each, waiting[study] - taken[study], room)
            taken[study] += bite
            room -= bite
        hungry = [study for study in hungry if taken[study] < waiting[study]]
    return taken
