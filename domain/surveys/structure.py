"""Whether a questionnaire can be published: all its problems at once, by path. Pure.

Most are FHIR R4's own invariants (que-1 to que-13), which are named. Besides, a value set must be
contained as a list of codes: an answer that cannot be checked is not asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET

from domain.surveys import extensions
from domain.surveys.circles import circles
from domain.surveys.compiled import value_sets
from domain.surveys.faults import Fault, fault
from domain.surveys.limits import Keys
from domain.surveys.resources import EnableWhen, Item, Option, Questionnaire
from domain.surveys.values import ANSWERED_BY, ORDERED, key, possible, value_of, values_of

MOST_ITEMS = 10_000
DEEPEST = 64

CHOICES = frozenset({"choice", "open-choice"})
WITH_OPTIONS = CHOICES | {"decimal", "integer", "date", "dateTime", "time", "string", "quantity"}
OPTION_KINDS = frozenset({"integer", "date", "time", "string", "Coding", "Reference"})
WITH_LENGTH = frozenset({"boolean", "decimal", "integer", "string", "text", "url", "open-choice"})


class Placed(NamedTuple):
    """An item with its path, its place in the walk and that of the item above it."""

    path: str
    item: Item
    above: str | None
    depth: int


def problems(questionnaire: Questionnaire) -> list[Fault]:
    """All that keeps a questionnaire from being published."""
    found = [*_of_root(questionnaire)]
    placed = list(_walk(questionnaire))
    if len(placed) > MOST_ITEMS:
        return [*found, fault("Questionnaire.item", "too-many")]
    deep = next((one for one in placed if one.depth > DEEPEST), None)
    if deep is not None:
        return [*found, fault(deep.path, "too-deep")]
    known: dict[str, Item] = {}
    for one in placed:
        if one.item.link_id in known:
            found.append(fault(f"{one.path}.linkId", "link-id-twice"))
        known.setdefault(one.item.link_id, one.item)
    sets = value_sets(questionnaire)
    for one in placed:
        for check in _CHECKS:
            found.extend(check(one.path, one.item))
        found.extend(_value_set(one.path, one.item, sets))
        found.extend(_conditions(one.path, one.item, known))
    circling = circles(_rests_on(placed))
    found.extend(
        fault(f"{one.path}.enableWhen", "circle")
        for one in placed
        if one.item.link_id in circling and one.item.enable_when
    )
    return found


def _of_root(questionnaire: Questionnaire) -> Iterator[Fault]:
    if questionnaire.status is UNSET:
        yield fault("Questionnaire.status", "required")
    if not questionnaire.item:
        yield fault("Questionnaire.item", "required")
    if questionnaire.implicit_rules is not UNSET:
        yield fault("Questionnaire.implicitRules", "modifier")
    if questionnaire.modifier_extension:
        yield fault("Questionnaire.modifierExtension", "modifier")
    for index, one in enumerate(questionnaire.contained):
        includes = [] if one.compose is UNSET else [*one.compose.include, *one.compose.exclude]
        if one.modifier_extension or any(each.modifier_extension for each in includes):
            yield fault(f"Questionnaire.contained[{index}].modifierExtension", "modifier")


def _walk(questionnaire: Questionnaire) -> Iterator[Placed]:
    """Every item, in the order of the questionnaire; one more than the most, at most."""
    waiting = _placed("Questionnaire", questionnaire.item, None, 1)
    seen = 0
    while waiting and seen <= MOST_ITEMS:
        one = waiting.pop()
        seen += 1
        yield one
        waiting += _placed(one.path, one.item.item, one.item.link_id, one.depth + 1)


def _placed(path: str, items: Sequence[Item], above: str | None, depth: int) -> list[Placed]:
    last_first = reversed(list(enumerate(items)))
    return [Placed(f"{path}.item[{at}]", item, above, depth) for at, item in last_first]


def _rests_on(placed: list[Placed]) -> dict[str, set[str]]:
    """What each item's being enabled rests on: the questions it asks about, and the item above it."""
    return {
        one.item.link_id: {when.question for when in one.item.enable_when}
        | ({one.above} if one.above is not None else set())
        for one in placed
    }


def _shape(path: str, item: Item) -> Iterator[Fault]:
    if item.modifier_extension:
        yield fault(f"{path}.modifierExtension", "modifier")
    if item.type == "group" and not item.item:
        yield fault(f"{path}.item", "group-empty")
    if item.type != "display":
        return
    if item.item:
        yield fault(f"{path}.item", "display-items")
    if item.code:
        yield fault(f"{path}.code", "display-code")
    if item.required is not UNSET or item.repeats is not UNSET:
        yield fault(path, "display-flags")
    if item.read_only is not UNSET:
        yield fault(f"{path}.readOnly", "display-read-only")


def _lengths(path: str, item: Item) -> Iterator[Fault]:
    if item.max_length is not UNSET and item.type not in WITH_LENGTH:
        yield fault(f"{path}.maxLength", "max-length-type")


def _options(path: str, item: Item) -> Iterator[Fault]:
    if item.answer_option and item.answer_value_set is not UNSET:
        yield fault(path, "options-twice")
    if item.answer_option and item.type not in WITH_OPTIONS:
        yield fault(f"{path}.answerOption", "options-type")
        return
    kinds = OPTION_KINDS if item.type in CHOICES else ANSWERED_BY.get(item.type, frozenset())
    seen = set()
    for index, option in enumerate(item.answer_option):
        where = f"{path}.answerOption[{index}]"
        yield from _valued(where, option, kinds & OPTION_KINDS, "option-type")
        value = value_of(option)
        if value is not None and key(value) in seen:
            yield fault(where, "twice")
        if value is not None:
            seen.add(key(value))


def _initials(path: str, item: Item) -> Iterator[Fault]:
    chosen = sum(option.initial_selected for option in item.answer_option)
    if item.initial and item.type in {"group", "display"}:
        yield fault(f"{path}.initial", "initial-type")
        return
    if item.initial and item.answer_option:
        yield fault(f"{path}.initial", "initial-options")
    if len(item.initial) + chosen > 1 and item.repeats is not True:
        yield fault(f"{path}.initial", "initial-several")
    for index, one in enumerate(item.initial):
        kinds = ANSWERED_BY[item.type] if not item.answer_option else OPTION_KINDS
        yield from _valued(f"{path}.initial[{index}]", one, kinds, "wrong-type")


def _valued(path: str, option: Option, kinds: frozenset[str], wrong: str) -> Iterator[Fault]:
    """One value, of one of these types, that can be."""
    value, values = value_of(option), len(values_of(option))
    if option.modifier_extension:
        yield fault(f"{path}.modifierExtension", "modifier")
    if values > 1:
        yield fault(path, "several-values")
    elif value is None:
        yield fault(path, "no-value")
    elif value.kind not in kinds:
        yield fault(f"{path}.value", wrong)
    elif not possible(value):
        yield fault(f"{path}.value", "wrong-value")


def _value_set(path: str, item: Item, sets: Mapping[str, Keys | None]) -> Iterator[Fault]:
    if item.answer_value_set is UNSET:
        return
    where = f"{path}.answerValueSet"
    if item.type not in CHOICES:
        yield fault(where, "options-type")
    elif sets.get(item.answer_value_set) is None:
        yield fault(where, "value-set")


def _conditions(path: str, item: Item, known: Mapping[str, Item]) -> Iterator[Fault]:
    if len(item.enable_when) > 1 and item.enable_behavior is UNSET:
        yield fault(f"{path}.enableBehavior", "no-behavior")
    for index, when in enumerate(item.enable_when):
        where, asked = f"{path}.enableWhen[{index}]", known.get(when.question)
        if when.modifier_extension:
            yield fault(f"{where}.modifierExtension", "modifier")
        if asked is None:
            yield fault(f"{where}.question", "unknown-question")
        elif asked.type in {"group", "display"}:
            yield fault(f"{where}.question", "no-question")
        else:
            yield from _condition(where, when, asked)


def _condition(path: str, when: EnableWhen, asked: Item) -> Iterator[Fault]:
    value, values = value_of(when), len(values_of(when))
    if value is None or values > 1:
        yield fault(f"{path}.answer", "several-values" if value else "no-value")
    elif when.operator == "exists":
        if value.kind != "boolean":
            yield fault(f"{path}.answer", "exists-boolean")
    elif value.kind not in _answer_kinds(asked):
        yield fault(f"{path}.answer", "condition-type")
    elif not possible(value):
        yield fault(f"{path}.answer", "wrong-value")
    elif when.operator not in {"=", "!="} and value.kind not in ORDERED:
        yield fault(f"{path}.operator", "operator")


def _answer_kinds(item: Item) -> frozenset[str]:
    """The types that an item's answers can have."""
    if item.type not in CHOICES or not item.answer_option:
        return ANSWERED_BY[item.type]
    own = frozenset(value.kind for one in item.answer_option if (value := value_of(one)))
    return own | {"string"} if item.type == "open-choice" else own


_CHECKS: tuple[Callable[[str, Item], Iterator[Fault]], ...] = (
    _shape, _lengths, _options, _initials, extensions.problems,
)  # fmt: skip
