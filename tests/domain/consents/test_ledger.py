"""The ledger and its projection agree with the pure fold, whatever is done in whatever order (T10, T15)."""

import asyncio
import os
import time
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from domain.consents import gate, store
from domain.consents.chain import unbroken
from domain.consents.model import (
    ConsentAnswer,
    ConsentEvent,
    NoticeSuperseded,
    Scope,
    fold,
)
from domain.consents.periods import milliseconds
from domain.db import Connection, begin, open_pool
from domain.errors import Refusal
from migrations.embedded import Cluster
from tests import database as databases
from tests import people

CATEGORIES = ["activity", "heart"]
EXAMPLES = int(os.environ.get("N") or 40)
STEPS = 30 if EXAMPLES <= 40 else 50
TINY = timedelta(milliseconds=60)

subsets = st.none() | st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=2, unique=True)
effects = st.sampled_from(["stop", "stop", "no-further-use", "erase", "no-contact"])
seldom = st.sampled_from([False, False, False, False, False, True])


class World:
    """One database for all examples; a new resident and study for each."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.database = self.run(databases.clone(cluster, template))
        self.admin = self.run(asyncpg.connect(self.database.dsn("admin")))
        self.pool = self.run(open_pool(self.database.dsn("api"), 2))

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(doing)

    def close(self) -> None:
        self.run(self.pool.close())
        self.run(self.admin.close())
        self.run(databases.drop(self.database))
        self.loop.close()


class Ledger(RuleBasedStateMachine):
    """A resident, an item of each of two studies, and all that can happen to them."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.admin = self.world.admin
        self.resident = self.world.run(people.make_resident(self.admin))
        self.items = [uuid4(), uuid4()]
        self.studies = [self.world.run(people.make_study(self.admin)) for _ in range(2)]
        self.study_of = dict(zip(self.items, [0, 1], strict=True))
        self.notices = [self.world.run(people.make_notice(self.admin, s)) for s in self.studies]
        self.versions: list[list[str]] = [[], []]
        self.expected: list[ConsentEvent] = []
        self.blocked: dict[UUID, str] = {}
        self.stopped: set[UUID] = set()
        for study in (0, 1):
            self._publish(study, "material")

    def _publish(self, study: int, change: str) -> None:
        self.versions[study].append(change)
        items = {i: CATEGORIES for i in self.items if self.study_of[i] == study}
        version = len(self.versions[study])
        self.world.run(people.publish(self.admin, self.notices[study], version, items, change))

    async def _in_transaction(self, doing: Any, *, crash: bool = False) -> Any:
        async with self.world.pool.acquire() as conn:
            if not crash:
                async with begin(conn, resident=self.resident):
                    return await doing(conn)
            await conn.execute("BEGIN; SET LOCAL app.resident = '" + str(self.resident) + "'")
            await doing(conn)
            conn.terminate()
            return None

    def _do(self, doing: Any, *, crash: bool = False) -> Any:
        return self.world.run(self._in_transaction(doing, crash=crash))

    @rule(
        item=st.integers(0, 1), categories=subsets, past=st.booleans(), future=st.booleans(),
        deny=st.sampled_from([False, False, True]), behind=st.sampled_from([0, 0, 0, 0, 1, 3]), old=seldom,
        ends=st.sampled_from([None, TINY, timedelta(days=30)]), crash=seldom,
    )  # fmt: skip
    def answer(
        self, item: int, categories: list[str] | None, past: bool, future: bool, deny: bool,
        behind: int, old: bool, ends: timedelta | None, crash: bool,
    ) -> None:  # fmt: skip
        item_id = self.items[item]
        study = self.study_of[item_id]
        version = max(1, len(self.versions[study]) - old)
        seen = max(0, len(self.expected) - behind)
        answer = ConsentAnswer(
            item_id=item_id, notice_version=version, language="en", seen_seq=seen,
            decision="deny" if deny else "permit", categories=categories, past=past,
            future=future or not past, valid_until=datetime.now(UTC) + ends if ends else None,
        )  # fmt: skip

        async def record(conn: Connection) -> ConsentEvent:
            return (await store.record(conn, self.resident, [answer], self.resident))[0]

        outdated = set(self.versions[study][version:]) - {"editorial"}
        if outdated and not deny:
            with pytest.raises(NoticeSuperseded):
                self._do(record)
            return
        try:
            event = self._do(record, crash=crash)
        except Refusal:  # its end came before it did
            return
        if event is not None:
            assert event.blind == (not deny and self._blind(answer, seen))
            self.expected.append(event)

    def _blind(self, answer: ConsentAnswer, seen: int) -> bool:
        chosen = answer.categories or CATEGORIES
        study_id = self.studies[self.study_of[answer.item_id]]
        return any(
            (e.scope == "item" and e.item_id == answer.item_id)
            or (e.scope == "study" and e.study_id == study_id)
            or (e.scope == "category" and e.category in chosen)
            or e.scope == "everything"
            for e in self.expected[seen:]
        )

    @rule(
        kind=st.sampled_from(["item", "study", "category", "everything"]), item=st.integers(0, 1),
        category=st.sampled_from(CATEGORIES), effect=effects,
        decision=st.sampled_from(["withdraw", "withdraw", "pause", "pause", "resume", "revoke", "invalidate"]),
        lasting=st.sampled_from([TINY, timedelta(days=1)]), crash=seldom,
    )  # fmt: skip
    def close(
        self, kind: str, item: int, category: str, effect: str, decision: str, lasting: timedelta,
        crash: bool,
    ) -> None:  # fmt: skip
        scope = self._scope(kind, item, category)

        async def close(conn: Connection) -> ConsentEvent:
            await gate.drain(conn, self.resident)
            return await store.close(
                conn, self.resident, decision, scope, self.resident,
                effect=effect if decision == "withdraw" else None,  # type: ignore[arg-type]
                pause_until=datetime.now(UTC) + lasting if decision == "pause" else None,
            )  # fmt: skip

        event = self._do(close, crash=crash)
        if event is not None:
            self.expected.append(event)

    def _scope(self, kind: str, item: int, category: str) -> Scope:
        item_id = self.items[item]
        match kind:
            case "item":
                return Scope(scope="item", item_id=item_id)
            case "study":
                return Scope(scope="study", study_id=self.studies[self.study_of[item_id]])
            case "category":
                return Scope(scope="category", category=category)
            case _:
                return Scope(scope="everything")

    @rule(study=st.integers(0, 1), change=st.sampled_from(["editorial", "minor", "material"]))
    def bump(self, study: int, change: str) -> None:
        self._publish(study, change)

    @rule(kind=st.sampled_from(["block", "hold"]), category=st.sampled_from(CATEGORIES))
    def block(self, kind: str, category: str) -> None:
        sql = """
            INSERT INTO block (resident_id, kind, source, scope, category, placed_by)
            VALUES ($1, $2, 'resident', 'category', $3, $1) RETURNING block_id
        """
        block_id = self.world.run(self.admin.fetchval(sql, self.resident, kind, category))
        self.blocked[block_id] = category

    @rule()
    def lift(self) -> None:
        sql = "UPDATE block SET lifted_at = now() WHERE resident_id = $1"
        self.world.run(self.admin.execute(sql, self.resident))
        self.blocked.clear()

    @rule(study=st.integers(0, 1))
    def stop_switch(self, study: int) -> None:
        sql = "INSERT INTO stop_switch (study_id, reason, placed_by) VALUES ($1, 'r', $1)"
        self.world.run(self.admin.execute(sql, self.studies[study]))
        self.stopped.add(self.studies[study])

    @rule()
    def time_passes(self) -> None:
        time.sleep(TINY.total_seconds() * 1.2)

    @invariant()
    def nothing_is_lost_or_changed(self) -> None:
        if not hasattr(self, "expected"):
            return
        events = self._do(lambda conn: store.history(conn, self.resident, None, 1000))[::-1]
        assert events == self.expected
        assert unbroken(events)

    @invariant()
    def the_rows_are_the_fold(self) -> None:
        if hasattr(self, "expected"):
            rows = self._do(lambda conn: store.grants(conn, self.resident))
            assert {(g.item_id, g.category): g for g in rows} == fold(self.expected)

    @invariant()
    def the_gate_permits_what_the_fold_permits_and_no_more(self) -> None:
        if not hasattr(self, "expected"):
            return
        for study_id in self.studies:
            found, before, after = self.world.run(self._permits(study_id))
            grants = [
                g
                for (i, _), g in fold(self.expected).items()
                if self.studies[self.study_of[i]] == study_id
            ]
            for grant in grants:
                denied = grant.category in self.blocked.values() or study_id in self.stopped
                allowed = {
                    () if denied else tuple(milliseconds(grant.usable(at)))
                    for at in (before, after)
                }
                assert found.get((grant.item_id, grant.category), ()) in allowed
            assert found.keys() <= {(g.item_id, g.category) for g in grants}

    async def _permits(self, study_id: UUID) -> tuple[dict[Any, Any], datetime, datetime]:
        async with self.world.pool.acquire() as conn, begin(conn, study=study_id):
            before = await conn.fetchval("SELECT clock_timestamp()")
            locked = await gate.lock_many(conn, [self.resident])
            permits = await gate.study_permits(conn, study_id, locked, None)
            after = await conn.fetchval("SELECT clock_timestamp()")
            found = {(p.item_id, p.category): tuple(p.periods) for p in permits}
            return found, before, after


@pytest.fixture
def world(cluster: Cluster, template: str) -> Iterator[World]:
    world = World(cluster, template)
    yield world
    world.close()


def test_rows_and_gate_are_the_fold_of_the_events(world: World) -> None:
    Ledger.world = world
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
