"""Every kind has its rules, and its words in every language."""

from datetime import timedelta

import pytest

from notifications.kinds import RULES, Kind
from notifications.texts import CATALOGUE, written


def test_every_kind_has_a_rule() -> None:
    assert RULES.keys() == set(Kind)


@pytest.mark.parametrize("language", CATALOGUE)
def test_every_kind_has_words_in(language: str) -> None:
    assert CATALOGUE[language].keys() == set(Kind)


def test_no_knock_lives_longer_than_an_hour_at_the_push_service() -> None:
    assert max(rule.lives for rule in RULES.values()) <= timedelta(hours=1)


def test_a_message_names_its_study_or_the_platform() -> None:
    assert "Hearts" in written(Kind.STUDY_JOINED, "en", "Hearts").body
    assert "Medverka" in written(Kind.CONSENT_ENDED, "en-GB", None).body


def test_a_language_without_words_gets_swedish() -> None:
    assert written(Kind.SIGNED_OUT, "fi", None) == written(Kind.SIGNED_OUT, "sv", None)


def test_braces_in_a_title_are_just_braces() -> None:
    assert "{0.__class__}" in written(Kind.STUDY_JOINED, "en", "{0.__class__}").body
