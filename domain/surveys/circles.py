"""Which parts of what rests on what run in a circle. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet


def circles(rests_on: Mapping[str, AbstractSet[str]]) -> set[str]:
    """What is on a circle, or between two: what is left when those without any tie on one side are gone."""
    down = {
        one: {other for other in others if other in rests_on} for one, others in rests_on.items()
    }
    up: dict[str, set[str]] = {one: set() for one in down}
    for one, others in down.items():
        for other in others:
            up[other].add(one)
    loose = [one for one in down if not down[one] or not up[one]]
    while loose:
        one = loose.pop()
        if one not in down:
            continue
        for ties, back in ((down, up), (up, down)):
            for other in ties.pop(one):
                if other in back:
                    back[other].discard(one)
                    if not back[other]:
                        loose.append(other)
    return set(down)
