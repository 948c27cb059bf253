"""Which items of a response are enabled by its other answers (`enableWhen`). Pure.

Of several occurrences of the question asked about, the nearest counts: one above the item, else the
last before it, else the first after it. `!=` is met where no answer is equal, so also without any.
"""

from collections.abc import Sequence

from msgspec import Struct

from domain.surveys.compiled import Condition, Layout, Node, layout
from domain.surveys.faults import where_link
from domain.surveys.resources import Answer, ResponseItem

ROOT = "QuestionnaireResponse"


class Place(Struct, eq=False):
    """Where items stand side by side: the response itself, an instance of a group, or an answer.

    `at` and `answer` are the positions of the item that holds them, and of its answer, in the place
    `above`; a group that was left out has none. `found` keeps the answers looked up deeper than here: a
    condition of many rows looks once.
    """

    node: Node
    items: Sequence[ResponseItem]
    layout: Layout
    above: "Place | None" = None
    at: int | None = None
    answer: int | None = None
    found: dict[tuple[str, tuple[str, ...], int], Sequence[Answer]] = {}

    @property
    def path(self) -> str:
        """Where this is, for faults to tell."""
        if self.above is None:
            return ROOT
        if self.at is None:
            return f"{self.above.path}.{where_link(self.node.link_id)}"
        deeper = "" if self.answer is None else f".answer[{self.answer}]"
        return f"{self.above.path}.item[{self.at}]{deeper}"


def place(
    node: Node,
    items: Sequence[ResponseItem],
    above: Place | None = None,
    at: int | None = None,
    answer: int | None = None,
) -> Place:
    """Items where they stand."""
    links = tuple([item.link_id for item in items])
    return Place(node, items, node.layouts.get(links) or layout(node, links), above, at, answer)


def enabled(node: Node, here: Place) -> bool:
    """Whether an item of this place is enabled. The place itself must be."""
    for condition in node.conditions:
        if _met(condition, here) is node.any_counts:
            return node.any_counts
    return not node.any_counts or not node.conditions


def _met(condition: Condition, here: Place) -> bool:
    up = condition.up
    while up:
        if here.above is None:
            raise ValueError("The place is not one of this item.")
        here, up = here.above, up - 1
    for answer in _answers(condition, here):
        if condition.holds(answer):
            return condition.if_one_holds
    return not condition.if_one_holds


def _answers(condition: Condition, here: Place) -> Sequence[Answer]:
    """The answers of the nearest occurrence of the question below this place."""
    ats, nearest = here.layout.by_link.get(condition.link_id), -1 if condition.last else 0
    if ats is None:
        return ()
    if not condition.deeper:
        return here.items[ats[nearest]].answer
    known = (condition.link_id, condition.deeper, nearest)
    if known not in here.found:
        ones = [here.items[at] for at in ats]
        for link_id in condition.deeper:
            ones = [inner for one in ones for inner in below(one) if inner.link_id == link_id]
        here.found[known] = ones[nearest].answer if ones else ()
    return here.found[known]


def below(one: ResponseItem) -> Sequence[ResponseItem]:
    """The items of a group, or those under the answers of a question."""
    if not one.answer:
        return one.item
    if len(one.answer) == 1 and not one.item:
        return one.answer[0].item
    return [*one.item, *(inner for answer in one.answer for inner in answer.item)]
