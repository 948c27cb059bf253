"""Every kind has its rules, and its words in every language: short, and of nothing but its study."""

import re
from datetime import timedelta

import pytest
from fluent.syntax import FluentParser, ast

from notifications.kinds import RULES, Kind
from notifications.texts import FOLDER, KNOCK, LANGUAGES, code, knock, written

LONGEST = {"title": 50, "body": 178}
"""Characters that locked screens show of each."""


def entries(language: str) -> dict[str, ast.Message]:
    parsed = FluentParser().parse((FOLDER / f"{language}.ftl").read_text("utf-8"))
    assert not [entry for entry in parsed.body if isinstance(entry, ast.Junk)]
    return {entry.id.name: entry for entry in parsed.body if isinstance(entry, ast.Message)}


def test_every_kind_has_a_rule() -> None:
    assert RULES.keys() == set(Kind)


def test_the_languages_are_those_of_the_region() -> None:
    assert LANGUAGES == ["ar", "en", "fi", "sv", "sv-x-easy"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_a_title_and_a_body_in(language: str) -> None:
    found = entries(language)
    assert found.keys() == {kind.value for kind in Kind} | {KNOCK}
    for entry in found.values():
        assert [attribute.id.name for attribute in entry.attributes] == ["title", "body"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_words_are_short_and_name_nothing_but_the_study(kind: Kind, language: str) -> None:
    text = written(kind, language, "Hearts")
    assert 0 < len(text.title) <= LONGEST["title"]
    assert 0 < len(text.body) <= 300
    source = (FOLDER / f"{language}.ftl").read_text("utf-8")
    assert set(re.findall(r"\{(.*?)\}", source)) == {" $study ", " $code "}
    assert source.count("$code") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_knock_fits_a_locked_screen_and_is_of_nothing(language: str) -> None:
    text = knock(language)
    assert len(text.title) <= LONGEST["title"]
    assert len(text.body) <= LONGEST["body"]
    assert not re.search(r"[0-9{}]", text.title + text.body)


def test_no_knock_lives_longer_than_an_hour_at_the_push_service() -> None:
    assert max(rule.lives for rule in RULES.values()) <= timedelta(hours=1)


def test_a_message_names_its_study_or_the_platform() -> None:
    assert "Hearts" in written(Kind.STUDY_JOINED, "en", "Hearts").body
    assert "Medverka" in written(Kind.CONSENT_ENDED, "en-GB", None).body


def test_in_a_language_from_right_to_left_a_title_stands_by_itself() -> None:
    assert "\u2068Hearts\u2069" in written(Kind.STUDY_JOINED, "ar", "Hearts").body


def test_a_language_without_words_gets_swedish() -> None:
    assert written(Kind.SIGNED_OUT, "de", None) == written(Kind.SIGNED_OUT, "sv", None)
    assert written(Kind.SIGNED_OUT, "sv-x-easy", None) != written(Kind.SIGNED_OUT, "sv", None)


def test_braces_in_a_title_are_just_braces() -> None:
    assert "{ $other }" in written(Kind.STUDY_JOINED, "en", "{ $other }").body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_stands_by_itself_to_be_copied(language: str) -> None:
    assert " 040506 " in code(language, "040506").body
