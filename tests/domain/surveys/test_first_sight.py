"""What passes at first sight has nothing wrong that a long look would find, however it is disturbed."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.surveys import answers
from domain.surveys.compiled import LAYOUTS, Compiled
from domain.surveys.enabling import place
from domain.surveys.faults import Fault
from domain.surveys.resources import QuestionnaireResponse
from tests.domain.surveys.forms import form, group, item, response, said, when

NO, YES = {"Boolean": False}, {"Boolean": True}
TOLD = {"String": "x"}
READY = form(
    item("page", "group",
        item("a", "boolean", required=True),
        item("b", enableWhen=[when("a", answerBoolean=False)], required=True),
        item("c", "group", item("d", "integer"), item("e"), required=True,
             enableWhen=[when("a", answerBoolean=True)]),
    ),
    item("f", "group", item("g", required=True)),
    item("h", "integer", repeats=True),
)  # fmt: skip
REPLIES = [
    [group("page", said("a", NO), said("b", TOLD)), group("f", said("g", TOLD))],
    [
        group("page", said("a", YES), group("c", said("d", {"Integer": 1}), said("e", TOLD))),
        group("f", said("g", TOLD)),
        said("h", {"Integer": 2}),
    ],
]  # fmt: skip


def lists(items: list[Any]) -> Iterator[list[Any]]:
    """All lists of items in these, and themselves."""
    yield items
    for one in items:
        yield from lists(one.get("item", []))


@st.composite
def disturbed(draw: st.DrawFn) -> list[Any]:
    """A whole reply with an item or two gone, there twice, elsewhere, or answered otherwise."""
    items = copy.deepcopy(draw(st.sampled_from(REPLIES)))
    for _ in range(draw(st.integers(0, 2))):
        some = draw(st.sampled_from([each for each in lists(items) if each] or [[said("a", YES)]]))
        one = some.pop(draw(st.integers(0, len(some) - 1)))
        if draw(st.booleans()):
            there = draw(st.sampled_from(list(lists(items))))
            for _ in range(draw(st.integers(1, 2))):
                there.insert(draw(st.integers(0, len(there))), copy.deepcopy(one))
        elif "answer" in one and draw(st.booleans()):
            some.append(said(one["linkId"], draw(st.sampled_from([NO, YES, TOLD]))))
    whole: list[Any] = items
    return whole


def at_length(made: Compiled, reply: QuestionnaireResponse, *, complete: bool) -> list[Fault]:
    """Its faults without a first sight of any place."""
    waiting = [place(made.root, reply.item)]
    found: list[Fault] = []

    def look() -> Iterator[Fault]:
        waiting.extend((yield from answers.looked_over(waiting.pop(), complete=complete)))

    while waiting:
        found += look()
    return found


@settings(max_examples=300, deadline=None)
@given(disturbed(), st.booleans())
def test_at_first_sight_nothing_is_overlooked(items: list[Any], complete: bool) -> None:
    reply = response(*items)
    found = answers.faults(READY, reply, complete=complete)
    assert sorted(found) == sorted(at_length(READY, reply, complete=complete))


def test_a_whole_reply_passes_at_first_sight() -> None:
    for items in REPLIES:
        waiting = [place(READY.root, response(*items).item)]
        while waiting:
            inside = answers.seen_well(waiting.pop(), complete=True)
            assert inside is not None
            waiting += inside


def test_of_how_items_stand_a_place_remembers_only_so_much() -> None:
    many = form(*[item(f"q{n}") for n in range(9)])
    for picked in range(2**9):
        said_ = [said(f"q{n}", TOLD) for n in range(9) if picked & 1 << n]
        assert answers.faults(many, response(*said_), complete=True) == []
    assert len(many.root.layouts) == LAYOUTS


def test_a_place_remembers_nothing_that_is_made_up() -> None:
    one = form(item("a"), item("b"))
    for items in ([said("made up", TOLD)], [said("b", TOLD), said("a", TOLD)]):
        assert answers.faults(one, response(*items), complete=True) != []
    assert one.root.layouts == {}
