"""Words that could not be taken for anything else, put where people and studies are told of, and looked for."""

import base64
import secrets
from collections.abc import Iterable
from urllib.parse import quote
from uuid import UUID

import msgspec
from asyncpg import Connection

from tests import people

LANGUAGES = ("sv", "en", "fi", "ar", "sv-x-easy", "so")
"""Those that there are texts in, and one that there are none in."""


async def study_of_canaries(admin: Connection) -> tuple[UUID, set[str]]:
    """A study whose words could not be taken for anything else, and those words."""
    _, study = await people.make_item(admin, ["heart"])
    words = {
        part: {lang: f"Diabetes {secrets.token_hex(6)}" for lang in LANGUAGES}
        for part in ("title", "summary")
    }
    sql = "UPDATE study SET title = $2, summary = $3 WHERE study_id = $1"
    texts = [msgspec.json.encode(one).decode() for one in words.values()]
    await admin.execute(sql, study, *texts)
    return study, {word for each in words.values() for word in each.values()} | {str(study)}


def found_in(said: str, canaries: Iterable[str]) -> list[str]:
    """The canaries in a text, in whatever form."""
    lowered = said.lower()
    return [word for word in canaries if any(form.lower() in lowered for form in _forms(word))]


def _forms(word: str) -> set[str]:
    raw = word.encode()
    coded = {
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }
    return {word, word.replace("-", ""), quote(word), raw.hex(), *coded}
