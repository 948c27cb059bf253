"""Whether a response fits its questionnaire: all its faults at once, by path. Pure.

A draft may lack what is required. Nothing else is let through in it: answers to items that are not
enabled are refused in both.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from msgspec import UNSET

from domain.surveys.checks import wrong
from domain.surveys.compiled import WITHOUT, Compiled, Node, is_asked
from domain.surveys.enabling import ROOT, Place, below, enabled, place
from domain.surveys.faults import MOST, Fault, fault, where_link
from domain.surveys.resources import Answer, QuestionnaireResponse, ResponseItem
from domain.surveys.values import key, value_of, values_of

Step: TypeAlias = tuple[str, str]
"""The path of a fault from its item on, and its code."""


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
    waiting = [place(questionnaire.root, response.item)]
    while waiting:
        here = waiting.pop()
        inside = seen_well(here, complete=complete)
        if inside is None:
            inside = yield from looked_over(here, complete=complete)
        waiting += inside


def seen_well(here: Place, *, complete: bool) -> list[Place] | None:
    """The places in a place with nothing wrong at first sight, as most are. None: it is to be looked over."""
    _, missing, looks, groups, conditional = here.layout
    if looks is None:
        return None
    for look, item in zip(looks, here.items):  # noqa: B905 - as many by their layout, and strict takes as long as a look
        if not look(item):
            return None
    for node in conditional:
        if not enabled(node, here):
            return None
    for node in missing if complete else ():
        if not node.conditions or enabled(node, here):
            return None
    inside: list[Place] = []
    for at, node in groups:
        if node.is_counted and _counted(node, here, [at], complete=complete):
            return None
        inside.append(place(node, here.items[at].item, here, at))
    return inside


def looked_over(here: Place, *, complete: bool) -> Generator[Fault, None, list[Place]]:
    """All that is wrong at a place. Returns the places in it."""
    inside = list[Place]()
    yield from _misplaced(here)
    for node in here.node.children.values():
        ats = here.layout.by_link.get(node.link_id, ())
        if not ats and not (complete and is_asked(node)):
            continue
        if node.conditions and not enabled(node, here):
            yield from (fault(f"{here.path}.item[{at}]", "disabled") for at in ats)
            continue
        yield from _counted(node, here, ats, complete=complete)
        for at in ats:
            for step, code in _of_item(node, here.items[at]):
                yield fault(f"{here.path}.item[{at}]{step}", code)
        inside += _inside(node, here, ats)
    return inside


def _misplaced(here: Place) -> Iterator[Fault]:
    """Items that the questionnaire does not have here, or that stand in another order."""
    reached, children = 0, here.node.children
    for at, item in enumerate(here.items):
        node = children.get(item.link_id)
        if node is None:
            yield fault(f"{here.path}.item[{at}].linkId", "unknown-item")
        elif node.at < reached:
            yield fault(f"{here.path}.item[{at}]", "out-of-order")
        else:
            reached = node.at
        if item.modifier_extension:
            yield fault(f"{here.path}.item[{at}].modifierExtension", "modifier")


def _counted(node: Node, here: Place, ats: Sequence[int], *, complete: bool) -> Sequence[Fault]:
    """Too many or too few: instances of a group, answers of a question, which is one item."""
    limits, items, twice = node.limits, here.items, list[Fault]()
    if node.type == "group":
        answered = several = len(ats)
        if limits.min_occurs:
            answered = sum([_says_anything(items[at]) for at in ats])
    elif len(ats) == 1:
        answered = several = len(items[ats[0]].answer)
    else:
        answered = several = sum([len(items[at].answer) for at in ats])
        twice = [fault(f"{here.path}.item[{at}]", "twice") for at in ats[1:]]
    too_few = complete and answered < limits.min_occurs
    too_many = limits.max_occurs is not None and several > limits.max_occurs
    if not too_few and not too_many:
        return twice
    step = f"item[{ats[-1]}]" if ats else where_link(node.link_id)
    few = "too-few" if answered else "missing"
    return [*twice, fault(f"{here.path}.{step}", "several" if too_many else few)]


def _says_anything(group: ResponseItem) -> bool:
    """Whether a group holds any answer, at whatever depth."""
    waiting = [group]
    while waiting:
        one = waiting.pop()
        if one.answer:
            return True
        waiting.extend(one.item)
    return False


def _of_item(node: Node, item: ResponseItem) -> Iterable[Step]:
    """What is wrong with an item itself, and with its answers."""
    if node.type in WITHOUT and item.answer:
        return [(".answer", "no-answer")]
    if node.type != "group" and item.item:
        return [(".item", "no-items")]
    if len(item.answer) == 1:
        return _of_answer(node, item.answer[0], 0)
    found = [step for index, one in enumerate(item.answer) for step in _of_answer(node, one, index)]
    return found if node.limits.options is None else [*found, *_of_choices(node, item.answer)]


def _of_answer(node: Node, answer: Answer, index: int) -> Sequence[Step]:
    values = values_of(answer)
    if len(values) != 1:
        found = [(f".answer[{index}]", "several-values" if values else "no-value")]
    else:
        found = [(f".answer[{index}].value", code) for code in wrong(values[0], node.rules)]
    if answer.modifier_extension:
        found.insert(0, (f".answer[{index}].modifierExtension", "modifier"))
    return found


def _of_choices(node: Node, answers: Sequence[Answer]) -> Iterator[Step]:
    """The options that are chosen together."""
    seen = set()
    for index, answer in enumerate(answers):
        value = value_of(answer)
        chosen = None if value is None else key(value)
        if chosen in seen:
            yield f".answer[{index}]", "twice"
        seen.add(chosen)
    if len(seen) > 1 and node.limits.exclusive & seen:
        yield "", "exclusive"


def _inside(node: Node, above: Place, ats: Sequence[int]) -> Sequence[Place]:
    """The places in the instances of a group, of which one left out is judged as empty, or under answers."""
    if node.type == "group":
        if not ats:
            return [place(node, [], above)]
        return [place(node, above.items[at].item, above, at) for at in ats]
    if not node.children and not any(below(above.items[at]) for at in ats):
        return ()
    return [
        place(node, answer.item, above, at, index)
        for at in ats
        for index, answer in enumerate(above.items[at].answer)
    ]
