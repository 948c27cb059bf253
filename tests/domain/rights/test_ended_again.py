"""What was withdrawn, refused or blocked after a backup is not in force again in what is restored from it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asyncpg import Connection

from domain.caller import Member
from domain.consents import blocks
from domain.consents.blocks import BlockDraft, HoldDraft
from domain.consents.model import ConsentAnswer
from domain.db import Pool, begin, open_pool
from domain.donations.keys import FileKeyProvider
from domain.rights import answering, journal, officer, replay
from domain.rights.officer import Concerning, InvalidationOrder
from domain.rights.replay import ErasuresMissing
from migrations.databases import connected
from tests import database as databases
from tests.database import Database
from tests.domain.rights.conftest import backed_up
from tests.domain.rights.taking_part import Part, take_part

Ending = Callable[[Part], Awaitable[object]]

STANDING = """
SELECT (SELECT jsonb_agg(jsonb_build_array(
                   g.status, isempty(g.data_period), g.data_period @> now() + interval '1 day',
                   g.pauses @> statement_timestamp()) ORDER BY g.item_id, g.category) FROM consent_grant g),
       (SELECT jsonb_agg(jsonb_build_array(b.block_id, b.kind, b.source, b.scope)) FROM block b),
       (SELECT jsonb_agg(e.ended_by) FROM enrolment e),
       (SELECT count(*) FROM segment), (SELECT count(*) FROM data_key)
"""
"""What is in force, what denies it, whether they take part, and what is kept."""


@pytest.fixture
async def part(pool: Pool, admin: Connection, keys: FileKeyProvider) -> Part:
    return await take_part(pool, admin, keys)


@pytest.fixture
async def backup(
    database: Database,
    pool: Pool,
    worker: Pool,
    part: Part,  # noqa: ARG001 - who is in it
) -> AsyncIterator[Database]:
    """The database as it was while all was consented to."""
    copy = await backed_up(database, pool, worker)
    yield copy
    await databases.drop(copy)


def withdrawing(effect: str, scope: str) -> Ending:
    return lambda part: part.withdraw(effect, scope)


def blocking(draft: BlockDraft) -> Ending:
    async def block(part: Part) -> None:
        async with part.asking() as conn:
            await blocks.place(conn, part.resident_id, draft, part.resident_id)

    return block


async def refusing(part: Part) -> None:
    refusal = ConsentAnswer(
        item_id=part.item_id, notice_version=1, language="en", decision="deny", seen_seq=0
    )
    async with part.asking() as conn:
        await answering.record(conn, part.resident_id, [refusal])


async def invalidating(part: Part) -> None:
    dpo = Member(
        member_id=part.reader.member_id, roles=frozenset({"data-protection-officer"}),
        studies={}, organisations={},
    )  # fmt: skip
    about = Concerning(resident_id=part.resident_id)
    order = InvalidationOrder(concerning=about, item_id=part.item_id)
    async with part.pool.acquire() as conn, begin(conn, member=dpo.member_id):
        await officer.invalidate(conn, dpo, order)


ENDINGS: dict[str, Ending] = {
    **{
        f"{effect} {scope}": withdrawing(effect, scope)
        for effect in ("pause", "stop", "no-further-use", "erase", "no-contact")
        for scope in ("item", "study", "category", "everything")
        if effect != "no-contact" or scope in {"study", "everything"}
    },
    "deny": refusing,
    "invalidate": invalidating,
    "block": blocking(BlockDraft(scope="category", category="heart")),
    "hold": blocking(HoldDraft(scope="everything", reason="Disputed by her sister Eva.")),
}


async def standing(database: Database) -> list[Any]:
    async with connected(database.dsn("admin")) as conn:
        [row] = await conn.fetch(STANDING)
        return list(row)


async def restore(backup: Database, worker: Pool, path: Path) -> list[Any]:
    """The replay into what was restored, and how it then stands there."""
    journal.begin(path)
    await replay.copy_out(worker, path)
    async with connected(backup.dsn("api")) as conn:
        with pytest.raises(ErasuresMissing):
            await replay.check(conn, path)
    async with await open_pool(backup.dsn("worker"), 2) as restored:
        assert (await replay.replay(restored, path, lambda _: None)).failed == 0
        assert (await replay.replay(restored, path, lambda _: None)).missing == 0
    return await standing(backup)


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
async def test_it_ends_again_after_a_restore(
    part: Part, database: Database, backup: Database, worker: Pool, ending: Ending, tmp_path: Path
) -> None:
    await ending(part)
    assert await standing(database) != await standing(backup)
    assert await restore(backup, worker, tmp_path / "j") == await standing(database)


async def test_what_was_given_anew_after_it_is_to_be_asked_again(
    part: Part, backup: Database, worker: Pool, tmp_path: Path
) -> None:
    await part.withdraw("no-further-use")
    await part.consent()
    grants = msgspec.json.decode((await restore(backup, worker, tmp_path / "j"))[0])
    assert {(status, empty) for status, empty, *_ in grants} == {("ConsentWithdrawn", True)}


async def test_refusing_what_the_backup_does_not_know_keeps_nobody_out(
    part: Part, backup: Database, worker: Pool, tmp_path: Path
) -> None:
    await refusing(part)
    async with connected(backup.dsn("admin")) as admin:
        await admin.execute("DELETE FROM consent_grant")
        await admin.execute("DELETE FROM consent_item")
    await restore(backup, worker, tmp_path / "j")


async def test_neither_giving_nor_a_first_refusal_is_journalled_nor_why_one_is_held(
    part: Part, worker: Pool, tmp_path: Path
) -> None:
    journal.begin(tmp_path / "j")
    assert await replay.copy_out(worker, tmp_path / "j") == 0
    await part.withdraw("no-further-use")
    await refusing(part)
    await ENDINGS["hold"](part)
    await replay.copy_out(worker, tmp_path / "j")
    scopes = [entry.scope for entry in journal.entries(tmp_path / "j")]
    assert scopes == ["consent", "block"]
    assert "Eva" not in (tmp_path / "j").read_text()
