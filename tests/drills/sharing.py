"""T41: 64 tasks share four connections, are cancelled at random, and never see another's row."""

import asyncio
import random
from contextlib import suppress
from typing import Any
from unittest import mock
from uuid import UUID

from msgspec import Struct

from domain import db
from domain.db import Connection, Pool
from tests import people
from tests.drills.harness import MUTANT, Part, Site, scaled
from tests.drills.residents import make_study

TASKS = 64
CONNECTIONS = 4
QUERIES = 100_000
A_TURN = 8
"""Queries of one transaction."""
RESIDENTS = 200
SELDOM = 0.05
LONGEST = 0.03
"""Seconds until a turn is cancelled, of those that are."""

_local = db.opening


class _Tally(Struct):
    """What was seen: rows of others, rows without a scope, own rows that were not there."""

    foreign: int = 0
    unscoped: int = 0
    missing: int = 0
    cancelled: int = 0
    queries: int = 0


async def t41(here: Site) -> Part:
    """Each turn is a transaction of one resident's, now and then of nobody's, or is none."""
    residents, tally = await _residents(here), _Tally()
    opening = _for_the_session if MUTANT else _local
    with mock.patch.object(db, "opening", opening):
        async with here.pool(CONNECTIONS) as pool:
            await asyncio.gather(*(_hand(pool, residents, tally) for _ in range(TASKS)))
            stuck = pool.get_size() - pool.get_idle_size()
    wrong = tally.foreign + tally.unscoped + tally.missing + stuck
    seen = {name: getattr(tally, name) for name in ("foreign", "unscoped", "missing", "cancelled")}
    return Part(n=tally.queries, violations=wrong, more={**seen, "stuck_connections": stuck})


def _for_the_session(**scope: Any) -> str:
    """The mutant: what is set stays set when the transaction is over."""
    return _local(**scope).replace("SET LOCAL", "SET")


async def _residents(here: Site) -> list[UUID]:
    """Each with one event."""
    study = await make_study(here)
    sql = """
        SELECT outcome FROM consent_answers($1, $1, 'resident', jsonb_build_array(jsonb_build_object(
            'item_id', $2::uuid, 'notice_version', 1, 'language', 'en', 'decision', 'permit',
            'seen_seq', 0, 'method', 'app')), '{}')
    """
    async with here.connect() as admin:
        made = [await people.make_resident(admin) for _ in range(RESIDENTS)]
        outcomes = {await admin.fetchval(sql, resident_id, study.item_id) for resident_id in made}
    if outcomes != {"recorded"}:
        raise RuntimeError("the answers were not recorded")
    return made


async def _hand(pool: Pool, residents: list[UUID], tally: _Tally) -> None:
    while tally.queries < scaled(QUERIES):
        whose = None if _seldom() else random.choice(residents)  # noqa: S311
        seconds = random.uniform(0, LONGEST) if _seldom() else None  # noqa: S311
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _turn(pool, whose, tally)
                continue
        tally.cancelled += 1


async def _turn(pool: Pool, whose: UUID | None, tally: _Tally) -> None:
    async with pool.acquire() as conn:
        if _seldom():
            tally.unscoped += await _seen(conn, tally) != set()
        async with db.begin(conn, resident=whose):
            for _ in range(A_TURN):
                seen = await _seen(conn, tally)
                if whose is None:
                    tally.unscoped += seen != set()
                else:
                    tally.foreign += len(seen - {whose})
                    tally.missing += whose not in seen


async def _seen(conn: Connection, tally: _Tally) -> set[UUID]:
    tally.queries += 1
    return {row["resident_id"] for row in await conn.fetch("SELECT resident_id FROM consent_event")}


def _seldom() -> bool:
    return random.random() < SELDOM  # noqa: S311
