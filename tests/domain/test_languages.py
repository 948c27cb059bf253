"""Texts are shown in a language the reader asked for, or at least in some."""

import pytest

from domain.languages import accepted, lookup


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (["fi"], "fi"),
        (["en-GB"], "en"),
        (["sv-x-easy"], "sv-x-easy"),
        (["sv-x-legal", "fi"], "sv"),
        (["SV-x-EASY"], "sv-x-easy"),
        (["ar", "fi-FI"], "fi"),
        (["ar"], "en"),
        ([], "en"),
    ],
)
def test_the_first_wanted_language_is_shown_cut_until_it_is_there(
    wanted: list[str], shown: str
) -> None:
    assert lookup({"sv": "", "en": "", "fi": "", "sv-x-easy": ""}, wanted) == shown


def test_a_text_in_no_language_is_an_error() -> None:
    with pytest.raises(ValueError, match="no language"):
        lookup({}, ["sv"])


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("sv", ["sv"]),
        ("fi;q=0.2, sv-x-easy;q=0.9, en", ["en", "sv-x-easy", "fi"]),
        ("fi;q=0, *;q=0.1, sv", ["sv"]),
        ("'; DROP TABLE, , \u00e5\u00e4", []),
        ("", []),
    ],
)
def test_accepted_languages_come_best_first_and_odd_ones_not_at_all(
    header: str, tags: list[str]
) -> None:
    assert accepted(header) == tags
