"""All that a resident has given, whatever it is: samples and answers, by category."""

from collections.abc import Sequence
from uuid import UUID

from domain.db import Connection
from domain.donations import store as donations
from domain.surveys import own_responses as responses


async def categories(conn: Connection, resident_id: UUID) -> list[str]:
    """The categories of which a resident has given anything."""
    donated = await donations.categories(conn, resident_id)
    return sorted({*donated, *await responses.categories(conn, resident_id)})


async def erase(conn: Connection, resident_id: UUID, categories: Sequence[str]) -> None:
    """Destroy what was given of these categories, and the keys, and journal it.

    The caller holds the resident's exclusive lock: a key must not go while something is sealed with it.
    """
    await responses.erase(conn, resident_id, categories)
    await donations.erase(conn, resident_id, list(categories))
