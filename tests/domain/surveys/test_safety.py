"""A safety answer is never overlooked, and a rule that could never be met is not published."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from domain.surveys.safety import Safety, problems, raised

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
TEXTS = {"en": "Call 112 now, or 1177 for advice.", "sv": "Ring 112 nu, eller 1177 för råd."}
RULE = {
    "code": "harm",
    "signs": [{"link_id": "thoughts", "operator": ">=", "number": 2}],
    "texts": TEXTS,
    "tells": "study-team",
    "within": 60,
}
KNOWN: dict[str, list[str]] = {"thoughts": [], "plan": ["yes", "no"], "alone": []}


def safety(*rules: dict[str, Any], needed: bool = True) -> Safety:
    return msgspec.convert({"needed": needed, "rules": list(rules)}, Safety)


def rule(**changes: Any) -> Safety:
    return safety(RULE | changes)


def paths(declared: Safety) -> list[str]:
    return [problem.path for problem in problems(declared, KNOWN, ["en", "sv"])]


def test_a_safety_answer_shows_its_text_in_the_language_wanted_and_says_by_when() -> None:
    (found,) = raised(rule(), {"thoughts": [Decimal(2)]}, ["sv-SE", "en"], NOW)
    assert (found.language, found.text) == ("sv", TEXTS["sv"])
    assert (found.tells, found.due_at) == ("study-team", NOW + timedelta(hours=1))


def test_a_text_is_shown_in_some_language_even_if_none_is_known() -> None:
    assert raised(rule(), {"thoughts": [Decimal(3)]}, ["fi"], NOW)[0].text in TEXTS.values()


def test_other_answers_raise_nothing() -> None:
    assert raised(rule(), {"thoughts": [Decimal(1)], "plan": ["yes"]}, ["en"], NOW) == []
    assert raised(rule(), {}, ["en"], NOW) == []


@pytest.mark.parametrize(
    ("sign", "met", "unmet"),
    [
        ({"link_id": "plan", "code": "yes"}, "yes", "no"),
        ({"link_id": "plan", "code": "no", "operator": "!="}, "yes", "no"),
        ({"link_id": "alone", "truth": True}, True, False),
        ({"link_id": "alone", "truth": False}, False, True),
        ({"link_id": "thoughts", "number": "1.5", "operator": ">"}, Decimal("1.6"), Decimal("1.5")),
        ({"link_id": "thoughts", "number": 1, "operator": "<"}, Decimal(0), Decimal(1)),
        ({"link_id": "thoughts", "number": 1, "operator": "<="}, Decimal(1), Decimal(2)),
        ({"link_id": "thoughts", "number": 1}, Decimal("1.0"), Decimal(0)),
    ],
)
def test_each_kind_of_sign(sign: dict[str, Any], met: Any, unmet: Any) -> None:
    declared = rule(signs=[sign])
    assert raised(declared, {sign["link_id"]: [met]}, ["en"], NOW)
    assert not raised(declared, {sign["link_id"]: [unmet]}, ["en"], NOW)


def test_one_of_several_answers_is_enough() -> None:
    declared = rule(signs=[{"link_id": "plan", "code": "yes"}])
    assert raised(declared, {"plan": ["no", "yes"]}, ["en"], NOW)


def test_the_soonest_is_told_first() -> None:
    declared = safety(RULE, RULE | {"code": "sooner", "within": 15})
    found = raised(declared, {"thoughts": [Decimal(3)]}, ["en"], NOW)
    assert [one.code for one in found] == ["sooner", "harm"]


def test_what_asks_about_harm_is_not_published_without_a_rule() -> None:
    assert paths(safety()) == ["safety.rules"]
    assert paths(safety(needed=False)) == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"signs": [{"link_id": "gone", "number": 1}]}, "safety.rules[0].signs[0].link_id"),
        ({"signs": [{"link_id": "plan", "code": "ja"}]}, "safety.rules[0].signs[0].code"),
        ({"signs": [{"link_id": "plan", "number": 1}]}, "safety.rules[0].signs[0].code"),
        ({"signs": [{"link_id": "plan"}]}, "safety.rules[0].signs[0]"),
        (
            {"signs": [{"link_id": "plan", "code": "yes", "truth": True}]},
            "safety.rules[0].signs[0]",
        ),
        (
            {"signs": [{"link_id": "plan", "code": "yes", "operator": ">"}]},
            "safety.rules[0].signs[0].operator",
        ),
        (
            {"signs": [{"link_id": "thoughts", "number": "Infinity"}]},
            "safety.rules[0].signs[0].number",
        ),
        ({"texts": {"en": TEXTS["en"]}}, "safety.rules[0].texts"),
        ({"texts": TEXTS | {"sv": "Ring 11223."}}, "safety.rules[0].texts.sv"),
    ],
)
def test_a_rule_that_would_not_help_is_refused_by_path(changes: dict[str, Any], path: str) -> None:
    assert paths(rule(**changes)) == [path]


def test_a_sound_rule_has_no_problems() -> None:
    assert paths(rule()) == []
