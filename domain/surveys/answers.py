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
from domain.surveys.values import key, value_of, values_of

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
            if node.conditions and not enabled(node, place):
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
    limits = node.limits
    if node.type == "group":
        several = len(ats)
        answered = (
            sum(_says_anything(place.items[at]) for at in ats) if limits.min_occurs else several
        )
    else:
        answered = several = sum([len(place.items[at].answer) for at in ats])
        for at in ats[1:]:
            yield fault(f"{place.path}.item[{at}]", "twice")
    too_few = complete and answered < limits.min_occurs
    too_many = limits.max_occurs is not None and several > limits.max_occurs
    if too_few or too_many:
        step = f"item[{ats[-1]}]" if ats else where_link(node.link_id)
        few = "too-few" if answered else "missing"
        yield fault(f"{place.path}.{step}", "several" if too_many else few)


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
        for index, answer in enumerate(item.answer):
            yield from _of_answer(node, answer, f"{path}.answer[{index}]")
        if node.limits.options is not None and len(item.answer) > 1:
            yield from _of_choices(node, item.answer, path)


def _of_answer(node: Node, answer: Answer, path: str) -> Iterator[Fault]:
    if answer.modifier_extension:
        yield fault(f"{path}.modifierExtension", "modifier")
    values = values_of(answer)
    if len(values) == 1:
        for code in wrong(values[0], node.limits):
            yield fault(f"{path}.value", code)
    else:
        yield fault(path, "several-values" if values else "no-value")


def _of_choices(node: Node, answers: list[Answer], path: str) -> Iterator[Fault]:
    """The options that are chosen together."""
    seen = set()
    for index, answer in enumerate(answers):
        value = value_of(answer)
        chosen = None if value is None else key(value)
        if chosen in seen:
            yield fault(f"{path}.answer[{index}]", "twice")
        seen.add(chosen)
    if len(seen) > 1 and node.limits.exclusive & seen:
        yield fault(path, "exclusive")


def _places(node: Node, item: ResponseItem, path: str, above: Place) -> Iterator[Place]:
    """The places below an item: a group is one, a question has one under each answer."""
    if node.type == "group":
        yield Place(node=node, items=item.item, path=path, above=above)
    else:
        for index, answer in enumerate(item.answer):
            if node.children or answer.item:
                inner = f"{path}.answer[{index}]"
                yield Place(node=node, items=answer.item, path=inner, above=above)
