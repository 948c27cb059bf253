"""The table of withdrawals, a test for each cell of it.

Recalls are left out: no disclosure is handed over to be kept yet; a study reads, and that is all.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncpg import Connection

from domain.consents import blocks
from domain.db import Pool
from domain.disclosures import uses
from domain.donations.keys import FileKeyProvider
from domain.rights import withdraw as rights
from domain.rights.withdraw import Pausing, Resuming
from tests.domain.rights.taking_part import AHEAD, BEFORE, MINUTE, Part, rows_of, take_part

LATE = -5 * MINUTE
"""Measured before the withdrawal, by a phone that was offline then."""
NEW = 2 * MINUTE
ALL = [*BEFORE, AHEAD]
EFFECTS = ["pause", "stop", "no-further-use", "erase", "no-contact"]


def column(name: str, *cells: Any) -> pytest.MarkDecorator:
    """What a column of the table says for each effect."""
    return pytest.mark.parametrize(("effect", name), list(zip(EFFECTS, cells, strict=True)))


@pytest.fixture
async def part(pool: Pool, admin: Connection, keys: FileKeyProvider) -> Part:
    return await take_part(pool, admin, keys)


@column("taken", 0, 0, 0, 0, 10)
async def test_collect_new(part: Part, effect: str, taken: int) -> None:
    await part.withdraw(effect)
    assert await part.donate(NEW) == taken


@column("taken", 10, 10, 0, 0, 10)
async def test_collect_what_a_late_phone_had_measured_before(
    part: Part, effect: str, taken: int
) -> None:
    await part.withdraw(effect)
    assert await part.donate(LATE) == taken


@column("usable", [], [*BEFORE], [], [], ALL)
async def test_use_of_past_data(part: Part, effect: str, usable: list[int]) -> None:
    assert await part.readable() == ALL
    await part.withdraw(effect)
    assert await part.readable() == usable


@pytest.mark.parametrize("effect", EFFECTS)
async def test_messages(part: Part, effect: str) -> None:
    await part.withdraw(effect)
    knocks = await part.knocks()
    assert knocks["consent-to-review"] == "cancelled"
    assert knocks["login-added"] == "waiting"  # about the account, not the study


@column("still_comes", [], [*BEFORE[1:]], [], [], ALL[1:])
async def test_running_exports(
    part: Part, effect: str, still_comes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "MOST_SAMPLES", 10)
    monkeypatch.setattr(uses, "MOST_SEGMENTS", 1)
    reading = part.reading()
    assert await anext(reading) == BEFORE[0]
    await part.withdraw(effect)
    assert [offset async for offset in reading] == still_comes


@column("left", ["heart"], ["heart"], ["heart"], [], ["heart"])
async def test_rows_and_keys(part: Part, effect: str, left: list[str]) -> None:
    await part.withdraw(effect)
    assert await part.rows() == rows_of(*left)


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("scope", ["item", "study", "category", "everything"])
async def test_every_scope_ends_the_same(part: Part, effect: str, scope: str) -> None:
    await part.withdraw(effect, scope)
    over = effect != "no-contact"
    assert (await part.donate(NEW) == 0) is over
    assert (AHEAD not in await part.readable()) is over
    # A category that is only a part of a required item leaves the rest of it standing.
    sql = "SELECT ended_at IS NOT NULL FROM enrolment"
    ends = over and effect != "pause" and scope != "category"
    assert await part.admin.fetchval(sql) is ends


async def test_a_category_ends_alone(part: Part) -> None:
    await part.donate(BEFORE[0], measure="step-count")
    await part.withdraw("no-further-use", "category")
    assert await part.readable() == [BEFORE[0]]
    assert await part.donate(NEW) == 0
    assert await part.donate(BEFORE[1], measure="step-count") == 10


async def test_a_pause_is_back_by_itself(part: Part) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    async with part.asking() as conn:
        pausing = Pausing(scope="everything", until=soon)
        await rights.pause(conn, part.resident, pausing)
    assert await part.readable() == []
    await asyncio.sleep(0.4)
    assert await part.readable() == ALL
    assert await part.donate(NEW) == 10


async def test_a_pause_is_back_by_a_resumption(part: Part) -> None:
    await part.withdraw("pause", "everything")
    async with part.asking() as conn:
        await rights.resume(conn, part.resident, Resuming(scope="everything"))
    assert await part.readable() == ALL
    assert await part.donate(NEW) == 10


@pytest.mark.parametrize("effect", ["stop", "no-further-use"])
async def test_what_was_kept_is_back_by_giving_anew(part: Part, effect: str) -> None:
    await part.withdraw(effect)
    await part.consent()
    assert await part.readable() == ALL
    assert await part.donate(NEW) == 10


@pytest.mark.parametrize(("effect", "past"), [("stop", [*BEFORE]), ("no-further-use", [])])
async def test_given_anew_without_the_past_opens_no_more_of_it_than_was_left(
    part: Part, effect: str, past: list[int]
) -> None:
    await part.admin.execute(
        "UPDATE consent_grant SET since = since - interval '1 hour'"  # as if given before BEFORE
    )
    await part.withdraw(effect)
    await part.consent(past=False)
    assert await part.readable() == [*past, AHEAD]


async def test_after_an_erasure_giving_anew_begins_from_nothing(part: Part) -> None:
    await part.withdraw("erase")
    await part.consent()
    assert await part.readable() == []
    assert await part.donate(*BEFORE) == 30
    assert await part.readable() == [*BEFORE]


async def test_contact_is_back_by_the_resident_s_choice(part: Part) -> None:
    for _ in range(2):
        await part.withdraw("no-contact")
    async with part.asking() as conn:
        (block,) = await blocks.of_resident(conn, part.resident_id, None, 10)
        assert (block.scope, block.study_id, block.source) == (
            "contact", part.study_id, "resident",
        )  # fmt: skip
        lifted = await blocks.lift(conn, part.resident_id, block.block_id, part.resident_id)
    assert lifted.lifted_at is not None


@pytest.mark.parametrize("effect", EFFECTS)
async def test_with_no_use_left_the_resident_is_asked(part: Part, effect: str) -> None:
    await part.withdraw(effect)
    asked = "donations-unused" in await part.knocks()
    assert asked is (effect == "no-further-use")  # an erasure leaves nothing to ask about
