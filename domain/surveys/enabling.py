"""Which items of a response are enabled by its other answers (`enableWhen`). Pure.

Of several occurrences of the question asked about, the nearest counts: one above the item, else the
last before it, else the first after it. `!=` is met where no answer is equal, so also without any.
"""

from collections.abc import Sequence

from msgspec import Struct, field

from domain.surveys.compiled import Condition, Node
from domain.surveys.resources import Answer, ResponseItem


class Place(Struct, eq=False):
    """Where items stand side by side: the response itself, an instance of a group, or an answer.

    `found` keeps the answers looked up deeper than here: a condition of many rows looks once.
    """

    node: Node
    items: list[ResponseItem]
    path: str
    above: "Place | None" = None
    by_link: dict[str, list[int]] = field(default_factory=dict)
    found: dict[tuple[str, tuple[str, ...], int], Sequence[Answer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the items by their linkId."""
        for at, item in enumerate(self.items):
            self.by_link.setdefault(item.link_id, []).append(at)


def enabled(node: Node, place: Place) -> bool:
    """Whether an item of this place is enabled. The place itself must be."""
    for condition in node.conditions:
        if _met(condition, place) is node.any_counts:
            return node.any_counts
    return not node.any_counts or not node.conditions


def _met(condition: Condition, place: Place) -> bool:
    for _ in range(condition.up):
        if place.above is None:
            raise ValueError("The place is not one of this item.")
        place = place.above
    for answer in _answers(condition, place):
        if condition.holds(answer):
            return condition.if_one_holds
    return not condition.if_one_holds


def _answers(condition: Condition, place: Place) -> Sequence[Answer]:
    """The answers of the nearest occurrence of the question below this place."""
    ats, nearest = place.by_link.get(condition.link_id), -1 if condition.last else 0
    if ats is None:
        return ()
    if not condition.deeper:
        return place.items[ats[nearest]].answer
    known = (condition.link_id, condition.deeper, nearest)
    if known not in place.found:
        ones = [place.items[at] for at in ats]
        for link_id in condition.deeper:
            ones = [inner for one in ones for inner in below(one) if inner.link_id == link_id]
        place.found[known] = ones[nearest].answer if ones else ()
    return place.found[known]


def below(one: ResponseItem) -> list[ResponseItem]:
    """The items of a group, or those under the answers of a question."""
    if not one.answer:
        return one.item
    if len(one.answer) == 1 and not one.item:
        return one.answer[0].item
    return [*one.item, *(inner for answer in one.answer for inner in answer.item)]
