"""Every way out of a study cancels, in its own transaction, what the resident was still to answer."""

import pytest
from asyncpg import Connection

from domain.db import Pool
from domain.donations.keys import FileKeyProvider
from tests.domain.rights.conftest import ASSIGNED
from tests.domain.rights.taking_part import take_part


@pytest.mark.parametrize(
    ("effect", "scope", "state"),
    [
        ("pause", "study", "cancelled"), ("stop", "study", "cancelled"),
        ("no-further-use", "item", "cancelled"), ("erase", "everything", "cancelled"),
        ("no-further-use", "category", "cancelled"), ("no-contact", "study", "due"),
    ],
)  # fmt: skip
async def test_a_withdrawal_cancels_what_was_to_be_answered(
    pool: Pool, admin: Connection, keys: FileKeyProvider, effect: str, scope: str, state: str
) -> None:
    part = await take_part(pool, admin, keys)
    await admin.execute(ASSIGNED, part.resident_id, part.study_id)
    await part.withdraw(effect, scope)
    assert await admin.fetchval("SELECT state FROM assignment") == state
