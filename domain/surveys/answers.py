"""Whether a response fits its questionnaire: all its faults at once, by path. Pure.

A draft may lack what is required. Nothing else is let through in it: answers to items that are not
enabled are refused in both.
"""

from collections.abc import Iterator
from itertools import islice

from msgspec import UNSET

from domain.surveys.checks import wrong
from domain.surveys.compiled import Compiled, Node
from domain.surveys.enabling import Place, enabled
from domain.surveys.faults import MOST, Fault, fault, where_link
from domain.surveys.resources import Answer, QuestionnaireResponse, ResponseItem
from domain.surveys.values import count, key, value_of

ROOT = "QuestionnaireResponse"


def faults(
    questionnaire: Compiled, response: QuestionnaireResponse, *, complete: bool
) -> list[Fault]:
    """What is wrong with a response, up to `MOST` faults. `complete`: what is required must be there."""
    return list(islice(_faults(questionnaire, response, complete=complete), MOST))


def _faults(
    questionnaire: Compiled, response: QuestionnaireResponse, *, complete: bool
) -> Iterator[Fault]:
    if response.modifier_extension:
        yield fault(f"{ROOT}.modifierExtension", "modifier")
    if response.implicit_rules is not UNSET:
        yield fault(f"{ROOT}.implicitRules", "modifier")
    waiting = [Place(node=questionnaire.root, items=response.item, path=ROOT)]
    while waiting:
        place = waiting.pop()
        yield from _misplaced(place)
        for node in place.node.children.values():
            ats = place.by_link.get(node.link_id, ())
            if not ats and not (complete and _is_asked(node)):
                continue
            if not enabled(node, place):
                yield from (fault(f"{place.path}.item[{at}]", "disabled") for at in ats)
                continue
            yield from _counted(node, place, complete=complete)
            if not ats and node.type == "group":
                path = f"{place.path}.{where_link(node.link_id)}"
                waiting.append(Place(node=node, items=[], path=path, above=place))
            for at in ats:
                path = f"{place.path}.item[{at}]"
                yield from _of_item(node, place.items[at], path)
                waiting.extend(_places(node, place.items[at], path, place))


def _is_asked(node: Node) -> bool:
    """Whether it is looked for. A group that does not repeat is a page: leaving it out answers nothing."""
    return node.limits.min_occurs > 0 or (node.type == "group" and node.limits.max_occurs == 1)


def _misplaced(place: Place) -> Iterator[Fault]:
    """Items that the questionnaire does not have here, or that stand in another order."""
    reached = 0
    for at, item in enumerate(place.items):
        node = place.node.children.get(item.link_id)
        path = f"{place.path}.item[{at}]"
        if node is None:
            yield fault(f"{path}.linkId", "unknown-item")
        elif node.at < reached:
            yield fault(path, "out-of-order")
        else:
            reached = node.at
        if item.modifier_extension:
            yield fault(f"{path}.modifierExtension", "modifier")


def _counted(node: Node, place: Place, *, complete: bool) -> Iterator[Fault]:
    """Too many or too few: instances of a group, answers of a question, which is one item."""
    ats = place.by_link.get(node.link_id, ())
    last = f"{place.path}.item[{ats[-1]}]" if ats else f"{place.path}.{where_link(node.link_id)}"
    ones = [place.items[at] for at in ats]
    if node.type == "group":
        answered = sum(_says_anything(one) for one in ones) if node.limits.min_occurs else len(ones)
        several = len(ones)
    else:
        answered = several = sum(len(one.answer) for one in ones)
        yield from (fault(f"{place.path}.item[{at}]", "twice") for at in ats[1:])
    if complete and answered < node.limits.min_occurs:
        yield fault(last, "missing" if answered == 0 else "too-few")
    if node.limits.max_occurs is not None and several > node.limits.max_occurs:
        yield fault(last, "several")


def _says_anything(group: ResponseItem) -> bool:
    """Whether a group holds any answer, at whatever depth."""
    waiting = [group]
    while waiting:
        one = waiting.pop()
        if one.answer:
            return True
        waiting.extend(one.item)
    return False


def _of_item(node: Node, item: ResponseItem, path: str) -> Iterator[Fault]:
    """What is wrong with an item itself, and with its answers."""
    if node.type in {"group", "display"} and item.answer:
        yield fault(f"{path}.answer", "no-answer")
    elif node.type != "group" and item.item:
        yield fault(f"{path}.item", "no-items")
    else:
        seen = set()
        for index, answer in enumerate(item.answer):
            where = f"{path}.answer[{index}]"
            yield from _of_answer(node, answer, where)
            value = value_of(answer)
            if value is not None and node.limits.options is not None:
                if key(value) in seen:
                    yield fault(where, "twice")
                seen.add(key(value))
        if len(seen) > 1 and node.limits.exclusive and node.limits.exclusive & seen:
            yield fault(path, "exclusive")


def _of_answer(node: Node, answer: Answer, path: str) -> Iterator[Fault]:
    if answer.modifier_extension:
        yield fault(f"{path}.modifierExtension", "modifier")
    value = value_of(answer)
    if value is None:
        yield fault(path, "no-value")
    elif count(answer) > 1:
        yield fault(path, "several-values")
    else:
        yield from (fault(f"{path}.value", code) for code in wrong(value, node.limits))


def _places(node: Node, item: ResponseItem, path: str, above: Place) -> Iterator[Place]:
    """The places below an item: a group is one, a question has one under each answer."""
    if node.type == "group":
        yield Place(node=node, items=item.item, path=path, above=above)
    else:
        for index, answer in enumerate(item.answer):
            if node.children or answer.item:
                inner = f"{path}.answer[{index}]"
                yield Place(node=node, items=answer.item, path=inner, above=above)
