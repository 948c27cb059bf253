"""Scores follow their declaration exactly, and never depend on the order of items or of asking."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.surveys.scoring import Score, Scoring, problems, rounded, scores, with_ordinals

ITEMS = ["a", "b", "c", "d"]
KNOWN: dict[str, list[str]] = {link_id: [] for link_id in ITEMS}
NAMES = {"en": "Score", "sv": "Poäng"}
BANDS = [
    {"code": code, "low": low, "names": NAMES}
    for code, low in (("low", 0), ("some", 5), ("much", 10))
]
Answers = dict[str, list[Decimal]]
values = st.decimals(min_value=0, max_value=4, places=0)


def scoring(**scale: Any) -> Scoring:
    item = {"code": "total", "names": NAMES, "method": "sum"}
    items = [{"link_id": link_id} for link_id in ITEMS]
    return msgspec.convert({"scales": [{**item, "items": items, **scale}]}, Scoring)


def scored(declaration: Scoring, answered: Answers) -> Score:
    return scores(declaration, answered)[0]


def answers(*numbers: int) -> Answers:
    return {
        link_id: [Decimal(number)]
        for link_id, number in zip(ITEMS[: len(numbers)], numbers, strict=True)
    }


def texts(declaration: Scoring, known: dict[str, list[str]] = KNOWN) -> list[str]:
    return [problem.path for problem in problems(declaration, known)]


def test_a_sum_is_the_sum_with_its_band() -> None:
    found = scored(scoring(bands=BANDS), answers(1, 2, 3, 4))
    assert found == Score(code="total", value=Decimal(10), band="much", answered=4, items=4)


def test_a_mean_is_rounded_half_up_as_by_hand() -> None:
    assert scored(scoring(method="mean"), answers(1, 2, 3, 4)).value == Decimal(3)
    assert scored(scoring(method="mean", places=1), answers(1, 2, 3, 4)).value == Decimal("2.5")


def test_too_many_missing_give_no_score() -> None:
    found = scored(scoring(max_missing=1, bands=BANDS), answers(1, 2))
    assert (found.value, found.band, found.answered) == (None, None, 2)


def test_nothing_answered_gives_no_score_whatever_may_be_missing() -> None:
    assert scored(scoring(max_missing=3, missing="zero"), {}).value is None


def test_a_missing_item_counts_as_the_mean_of_the_others_or_as_nothing() -> None:
    assert scored(scoring(max_missing=1), answers(1, 2, 3)).value == Decimal(8)
    assert scored(scoring(max_missing=1, missing="zero"), answers(1, 2, 3)).value == Decimal(6)


def test_codes_count_their_points() -> None:
    declared = scoring(items=[{"link_id": "a", "points": {"never": 0, "often": 3}}])
    assert scores(declared, {"a": ["often"]})[0].value == Decimal(3)
    assert scores(declared, {"a": ["else"]})[0].value is None


def test_several_answers_of_one_item_add_up() -> None:
    declared = scoring(items=[{"link_id": "a", "points": {"x": 1, "y": 2}}])
    assert scores(declared, {"a": ["x", "y"]})[0].value == Decimal(3)


def test_ordinal_values_become_points_where_none_are_declared() -> None:
    declared = with_ordinals(
        scoring(items=[{"link_id": "a"}, {"link_id": "b", "points": {"x": 5}}]),
        {"a": {"x": Decimal(2)}, "b": {"x": Decimal(1)}},
    )
    assert scores(declared, {"a": ["x"], "b": ["x"]})[0].value == Decimal(7)


def test_a_truth_counts_one_and_a_text_is_missing() -> None:
    declared = scoring(items=[{"link_id": "a"}, {"link_id": "b"}], max_missing=1, missing="zero")
    assert scores(declared, {"a": [True], "b": ["words"]})[0].value == Decimal(1)


@given(st.lists(values, min_size=4, max_size=4))
def test_reversing_every_item_mirrors_the_sum(numbers: list[Decimal]) -> None:
    reverse = [{"link_id": i, "reverse": True, "low": 0, "high": 4} for i in ITEMS]
    given_ = {i: [n] for i, n in zip(ITEMS, numbers, strict=True)}
    there, back = scored(scoring(), given_).value, scored(scoring(items=reverse), given_).value
    assert there is not None
    assert back == 16 - there


@given(st.permutations(ITEMS), st.lists(values, min_size=3, max_size=3))
def test_the_order_of_items_does_not_matter(order: list[str], numbers: list[Decimal]) -> None:
    given_ = {i: [n] for i, n in zip(ITEMS[:3], numbers, strict=True)}
    declared = scoring(items=[{"link_id": i} for i in order], max_missing=1, places=6)
    assert scores(declared, given_) == scores(scoring(max_missing=1, places=6), given_)


@given(values, st.integers(min_value=1, max_value=4))
def test_equal_answers_score_the_same_however_many_are_missing(one: Decimal, count: int) -> None:
    given_ = {i: [one] for i in ITEMS[:count]}
    assert scored(scoring(max_missing=3), given_).value == 4 * one
    assert scored(scoring(max_missing=3, method="mean"), given_).value == one


@given(st.fractions(min_value=-1000, max_value=1000), st.integers(min_value=0, max_value=6))
def test_rounding_is_nearest_and_symmetric(number: Fraction, places: int) -> None:
    found = rounded(number, places)
    assert abs(Fraction(found) - number) * 2 * 10**places <= 1
    assert rounded(-number, places) == -found


@given(st.lists(values, min_size=4, max_size=4))
def test_the_band_is_the_last_that_begins_at_or_below(numbers: list[Decimal]) -> None:
    found = scored(scoring(bands=BANDS), dict(zip(ITEMS, ([n] for n in numbers), strict=True)))
    assert found.value is not None
    assert found.band == ("much" if found.value >= 10 else "some" if found.value >= 5 else "low")


@given(st.lists(values, min_size=4, max_size=4))
def test_a_declaration_scores_the_same_after_storage(numbers: list[Decimal]) -> None:
    declared = scoring(bands=BANDS)
    kept = msgspec.json.decode(msgspec.json.encode(declared), type=Scoring)
    given_ = dict(zip(ITEMS, ([n] for n in numbers), strict=True))
    assert scores(kept, given_) == scores(declared, given_)


@pytest.mark.parametrize(
    ("scale", "path"),
    [
        ({"items": [{"link_id": "z"}]}, "scoring.scales[0].items[0].link_id"),
        ({"items": [{"link_id": "a"}] * 2}, "scoring.scales[0].items[1].link_id"),
        ({"max_missing": 4}, "scoring.scales[0].max_missing"),
        ({"items": [{"link_id": "a", "reverse": True}]}, "scoring.scales[0].items[0]"),
        ({"items": [{"link_id": "a", "points": {"x": "NaN"}}]}, "scoring.scales[0].items[0]"),
        ({"items": [{"link_id": "a", "points": {"x": "1e99"}}]}, "scoring.scales[0].items[0]"),
        ({"bands": [BANDS[1], BANDS[0]]}, "scoring.scales[0].bands[1].low"),
        ({"bands": [BANDS[1], BANDS[1] | {"low": 9}]}, "scoring.scales[0].bands[1].code"),
    ],
)
def test_what_cannot_be_scored_is_refused_by_path(scale: dict[str, Any], path: str) -> None:
    assert path in texts(scoring(**scale))


def test_points_must_be_of_offered_codes_and_options_must_have_some() -> None:
    known = {**KNOWN, "a": ["x"]}
    assert texts(scoring(items=[{"link_id": "a", "points": {"y": 1}}]), known) == [
        "scoring.scales[0].items[0].points"
    ]
    assert texts(scoring(), known) == ["scoring.scales[0].items[0].points"]


def test_all_problems_are_told_at_once() -> None:
    items = [{"link_id": "y"}, {"link_id": "z"}]
    assert len(texts(scoring(items=items, max_missing=2))) == 3


def test_a_sound_declaration_has_no_problems() -> None:
    assert texts(scoring(bands=BANDS)) == []
