"""A published questionnaire made ready to check many responses: made once, and kept by the caller. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, field

from domain.surveys import extensions
from domain.surveys.checks import Look, Rules, has_no_answers, look_of, rules_of
from domain.surveys.extensions import first, whole
from domain.surveys.limits import Keys, Limits
from domain.surveys.resources import (
    Answer,
    Coding,
    Concept,
    Contained,
    EnableWhen,
    Item,
    Questionnaire,
)
from domain.surveys.values import ANSWERED_BY, Value, comparing, key, value_of

WITHOUT = frozenset({"group", "display"})
"""Types of items that have no answers."""
SHORT, LAYOUTS = 100, 64
"""Items of a layout that is remembered, and how many of a node are."""


class Condition(Struct, kw_only=True, frozen=True):
    """A condition, and how to find the answers that it asks about.

    `up`: how many containers to go up from the item's own; `link_id`, and `deeper` in it: from there to
    the question. Of several occurrences the nearest counts: the `last` before the item, or the first after.
    `holds`: see `values.comparing`; `if_one_holds`: whether it is met where an answer does, and not met
    where none does, or the other way round.
    """

    holds: Callable[[Answer], bool]
    if_one_holds: bool
    up: int
    link_id: str
    deeper: tuple[str, ...]
    last: bool


class Node(Struct, kw_only=True, eq=False):
    """An item of a compiled questionnaire, or its root, which is like a group."""

    link_id: str
    type: str
    at: int = 0
    parent: "Node | None" = None
    children: dict[str, "Node"] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    any_counts: bool = False
    limits: Limits
    source: Item | None = None
    rules: Rules = field(default_factory=dict)
    layouts: dict[tuple[str, ...], "Layout"] = field(default_factory=dict)
    """How items have stood side by side in it before: of most responses the same few."""
    look: Look | None = None
    """A quick look at an item of it: a group's, or of a question that one answer, with nothing under it, is enough for."""
    is_counted: bool = False
    """Of a group: whether one instance of it can be too few or too many."""
    asked: tuple["Node", ...] = ()
    """The items in it that are looked for where they are not there."""


class Layout(NamedTuple):
    """How items stand side by side, as their linkIds tell.

    `by_link`: at which positions each is; `missing`: those looked for that are not there; `looks`: one for
    each item, None where one is unknown, twice, out of its order, or takes more than a look; `groups`, with
    their positions, and the `conditional` are of what is there then.
    """

    by_link: Mapping[str, Sequence[int]]
    missing: Sequence[Node]
    looks: Sequence[Look] | None = None
    groups: Sequence[tuple[int, Node]] = ()
    conditional: Sequence[Node] = ()


class Compiled(Struct, kw_only=True, eq=False):
    """A questionnaire as responses are checked against it. It is never changed."""

    root: Node
    nodes: Mapping[str, Node]


def compiled(questionnaire: Questionnaire) -> Compiled:
    """Make a questionnaire ready. It must have no problems (`structure.problems`)."""
    root = Node(link_id="", type="group", limits=Limits(kinds=frozenset()))
    nodes: dict[str, Node] = {}
    sets = value_sets(questionnaire)
    waiting: list[tuple[Node, Sequence[Item]]] = [(root, questionnaire.item)]
    while waiting:
        parent, items = waiting.pop()
        for at, item in enumerate(items):
            node = Node(
                link_id=item.link_id, type=item.type, at=at, parent=parent,
                any_counts=item.enable_behavior == "any", limits=_limits(item, sets), source=item,
            )  # fmt: skip
            nodes[item.link_id] = parent.children[item.link_id] = node
            waiting.append((node, item.item))
    for node in nodes.values():
        node.rules = rules_of(node.limits)
        node.look = _look(node)
        if node.source is not None and node.source.enable_when:
            node.conditions = tuple(
                _condition(node, when, nodes) for when in node.source.enable_when
            )
    for node in (root, *nodes.values()):
        node.is_counted = node.limits.min_occurs > 0 or node.limits.max_occurs == 0
        node.asked = tuple(filter(is_asked, node.children.values()))
    return Compiled(root=root, nodes=nodes)


def layout(node: Node, links: tuple[str, ...]) -> Layout:
    """How items of these linkIds stand in a node. It remembers a few that stand well: nothing that is made up stays."""
    by_link: dict[str, list[int]] = {}
    for at, link_id in enumerate(links):
        by_link.setdefault(link_id, []).append(at)
    missing = [one for one in node.asked if one.link_id not in by_link]
    nodes = [node.children[link_id] for link_id in links if link_id in node.children]
    if len(nodes) < len(links) or any(a.at >= b.at for a, b in pairwise(nodes)):
        return Layout(by_link, missing)
    looks = [one.look for one in nodes if one.look is not None]
    groups = [(at, one) for at, one in enumerate(nodes) if one.type == "group"]
    found = Layout(
        by_link, missing, looks if len(looks) == len(nodes) else None, groups,
        [one for one in nodes if one.conditions],
    )  # fmt: skip
    if len(links) <= SHORT and len(node.layouts) < LAYOUTS:
        node.layouts[links] = found
    return found


def is_asked(node: Node) -> bool:
    """Whether it is looked for. A group that does not repeat is a page: leaving it out answers nothing."""
    return node.limits.min_occurs > 0 or (node.type == "group" and node.limits.max_occurs == 1)


def _look(node: Node) -> Look | None:
    if node.type == "group":
        return has_no_answers
    enough = node.limits.min_occurs <= 1 and node.limits.max_occurs != 0
    return look_of(node.rules) if enough and not node.children and node.rules else None


def _condition(node: Node, when: EnableWhen, nodes: Mapping[str, Node]) -> Condition:
    wanted = value_of(when)
    if wanted is None:
        raise ValueError("The questionnaire has problems.")
    own, asked = _line(node), _line(nodes[when.question])
    same = 0
    while same < min(len(own), len(asked)) - 1 and own[same] is asked[same]:
        same += 1
    return Condition(
        holds=comparing(when.operator, wanted),
        if_one_holds=wanted.plain if when.operator == "exists" else when.operator != "!=",
        up=len(own) - 1 - same,
        link_id=asked[same].link_id,
        deeper=tuple(step.link_id for step in asked[same + 1 :]),
        last=asked[same].at <= own[same].at,
    )


def _line(node: Node) -> list[Node]:
    """A node with those above it, the topmost first, without the root."""
    line: list[Node] = []
    above: Node | None = node
    while above is not None and above.parent is not None:
        line.append(above)
        above = above.parent
    return line[::-1]


def _limits(item: Item, sets: Mapping[str, Keys | None]) -> Limits:
    """What is said of the answers of an item, in its elements and its extensions."""
    options, kinds = _options(item, sets), ANSWERED_BY.get(item.type, frozenset())
    if item.answer_option:
        kinds = frozenset(kind for kind, _ in options or ())
    regex, size = first(item, "regex"), first(item, "maxSize")
    mimes = frozenset(value.plain for value in extensions.values(item.extension, "mimeType"))
    least = whole(item, "questionnaire-minOccurs") or 0
    most = whole(item, "questionnaire-maxOccurs") if item.repeats is True else 1
    return Limits(
        kinds=kinds | {"string"} if item.type == "open-choice" else kinds,
        options=options,
        open=item.type == "open-choice",
        exclusive=_marked(item, "questionnaire-optionExclusive"),
        initial=initial(item) if item.read_only is True else None,
        max_length=None if item.max_length is UNSET else item.max_length,
        min_length=whole(item, "minLength"),
        pattern=None if regex is None else extensions.pattern(regex.plain),
        least=first(item, "minValue"),
        most=first(item, "maxValue"),
        places=whole(item, "maxDecimalPlaces"),
        units=_units(item),
        max_size=None if size is None else size.plain,
        mime_types=mimes or None,
        min_occurs=max(least, 1) if item.required is True else 0,
        max_occurs=most,
    )


def _options(item: Item, sets: Mapping[str, Keys | None]) -> Keys | None:
    if item.answer_value_set is not UNSET:
        return sets.get(item.answer_value_set)
    if not item.answer_option:
        return None
    return frozenset(key(value) for one in item.answer_option if (value := value_of(one)))


def _marked(item: Item, name: str) -> Keys:
    """The options that an extension marks as true."""
    return frozenset(
        key(value)
        for one in item.answer_option
        if (value := value_of(one)) and Value("boolean", True) in extensions.values(one.extension, name)  # noqa: FBT003
    )  # fmt: skip


def initial(item: Item) -> Keys:
    """The values that an item begins with."""
    ones = [*item.initial, *(option for option in item.answer_option if option.initial_selected)]
    return frozenset(key(value) for one in ones if (value := value_of(one)))


def _units(item: Item) -> Keys | None:
    """The units that a quantity may have. Of a number, the unit is for whom reads it."""
    if item.type != "quantity":
        return None
    names = ("questionnaire-unitOption", "questionnaire-unit")
    codings = [value.plain for name in names for value in extensions.values(item.extension, name)]
    return frozenset((coding.system, coding.code) for coding in codings) or None


def value_sets(questionnaire: Questionnaire) -> dict[str, Keys | None]:
    """The codes of each contained value set, by all that it can be called. None: it is no plain list."""
    found: dict[str, Keys | None] = {}
    for one in questionnaire.contained:
        if one.resource_type == "ValueSet":
            found.update(dict.fromkeys(_names(one), _codes(one)))
    return found


def _names(one: Contained) -> Iterator[str]:
    if one.id is not UNSET:
        yield f"#{one.id}"
    if one.url is not UNSET:
        yield one.url
        if one.version is not UNSET:
            yield f"{one.url}|{one.version}"


def _codes(one: Contained) -> Keys | None:
    if one.expansion is not UNSET:
        return _keys((concept.system, concept) for concept in _flat(one.expansion.contains))
    if one.compose is UNSET or one.compose.exclude:
        return None
    includes = one.compose.include
    if any(not each.concept or each.filter or each.value_set for each in includes):
        return None
    return _keys((each.system, concept) for each in includes for concept in each.concept)


def _keys(concepts: Iterator[tuple[Any, Concept]]) -> Keys | None:
    codes = frozenset(
        key(Value("Coding", Coding(system=system, code=concept.code)))
        for system, concept in concepts
        if concept.code is not UNSET and not concept.abstract and not concept.inactive
    )
    return codes or None


def _flat(concepts: Sequence[Concept]) -> Iterator[Concept]:
    waiting = list(concepts)
    while waiting:
        concept = waiting.pop()
        waiting.extend(concept.contains)
        yield concept
