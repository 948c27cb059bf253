"""What each kind of message says, by language: Fluent files in `locales`, one for each.

A message is read after login, so it may be plain. What stands on a locked screen is the same for
every kind.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fluent.runtime import FluentBundle, FluentResource

from domain.languages import lookup
from notifications.kinds import Kind

FALLBACK = "sv"
FOLDER = Path(__file__).parent / "locales"
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.ftl"))
RIGHT_TO_LEFT = frozenset({"ar"})
PLATFORM = "Medverka"
"""What a message is about that names no study."""
KNOCK = "knock"
ISOLATES = dict.fromkeys(map(ord, "\u2068\u2069"))


class Text(NamedTuple):
    """A heading of a few words, and a sentence or two."""

    title: str
    body: str


def written(kind: Kind, language: str, study: str | None) -> Text:
    """The words for a kind in a language (BCP 47), or in Swedish where there are none."""
    return _said(kind.value, language, {"study": study or PLATFORM})


def knock(language: str) -> Text:
    """The words on a lock screen: the same for every kind, in a language (BCP 47) or in Swedish."""
    return _said(KNOCK, language, {})


def code(language: str, digits: str) -> Text:
    """The words of the letter that brings a code. Whoever gets it may know nothing of us."""
    text = _said(Kind.EMAIL_CODE.value, language, {"code": digits})
    return Text(text.title, text.body.translate(ISOLATES))  # it is copied: nothing invisible at it


def _said(name: str, language: str, about: Mapping[str, str]) -> Text:
    bundle = _bundle(lookup(LANGUAGES, [language, FALLBACK]))
    attributes = bundle.get_message(name).attributes
    title, body = [bundle.format_pattern(attributes[part], dict(about))[0] for part in Text._fields]
    return Text(str(title), str(body))


@cache
def _bundle(language: str) -> FluentBundle:
    # A title of a study may run the other way than the sentence that it stands in.
    known = language.partition("-x-")[0]  # to CLDR, for plurals; private subtags are not
    bundle = FluentBundle([known], use_isolating=language in RIGHT_TO_LEFT)
    bundle.add_resource(FluentResource((FOLDER / f"{language}.ftl").read_text("utf-8")))
    return bundle
