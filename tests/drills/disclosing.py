"""T11, T12: studies read while residents withdraw. No use commits after, and nobody waits for long."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import uuid4

from tests.drills import mutant
from tests.drills.harness import MUTANT, Part, Server, Site, p99_ms, scaled
from tests.drills.mutant import Mutation
from tests.drills.residents import Study, done, make_study, take_part

READERS = 64
PARTICIPANTS = 100
"""Of each study: what one disclosure reads."""
WITHDRAWERS = 32
HOT_P99_MS = 250
HOT_MOST_MS = 1000
HOT_ROUNDS = 5 if MUTANT else 100
HOLDING = (
    Mutation("domain/consents/gate.py", "pg_try_advisory_xact_lock", "pg_try_advisory_lock"),
)
"""A use's lock goes with its connection, not with its transaction."""


class Participant(NamedTuple):
    """A resident's token, and the study that they take part in."""

    token: str
    study: Study


async def t11(here: Site) -> Part:
    """64 disclosures of 100 residents at any time, while five in six residents withdraw.

    The oracle is PostgreSQL's own commit times: no use is committed after its resident's withdrawal.
    """
    if MUTANT:
        await _lock_past_each_other(here)
    studies = [await make_study(here) for _ in range(scaled(6))]
    people = [
        Participant(here.token(f"{study.study_id} {n}"), study)
        for study in studies
        for n in range(PARTICIPANTS)
    ]
    leaving = people[: len(people) * 5 // 6]
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(here.serve(POOL_SIZE="40")) for _ in range(2)]
        await _settle(people, servers, samples=10)
        reading = _Reading(here, servers, studies)
        await asyncio.sleep(1)
        await _withdraw(leaving[::-1], servers)
        reads = await reading.stop()
    return await _judge(here, reads, len(leaving))


async def _lock_past_each_other(here: Site) -> None:
    """The mutant: withdrawals take another lock than uses do."""
    async with here.connect() as admin:
        sql = "SELECT pg_get_functiondef('resident_drain(uuid)'::regprocedure) AS definition"
        definition: str = await admin.fetchval(sql)
        same = "uuid_hash_extended(l.resident_id, 0)"
        if same not in definition:
            raise RuntimeError("resident_drain is another by now: mend this mutant")
        await admin.execute(definition.replace(same, "uuid_hash_extended(l.resident_id, 1)"))


async def _settle(people: Iterable[Participant], servers: Sequence[Server], samples: int) -> None:
    waiting = iter(people)

    async def one(server: Server) -> None:
        async with server.http() as http:
            for person in waiting:
                await take_part(http, person.token, person.study, samples)

    await asyncio.gather(*(one(server) for server in servers for _ in range(8)))


async def _withdraw(people: Iterable[Participant], servers: Sequence[Server]) -> list[float]:
    """All of them, a few at a time; how long each took in seconds."""
    waiting, took = iter(people), list[float]()

    async def one(server: Server) -> None:
        async with server.http() as http:
            for person in waiting:
                begun = time.perf_counter()
                wish = person.study.withdrawal()
                done(await http.post("/v1/me/withdrawals", person.token, wish, str(uuid4())))
                took.append(time.perf_counter() - begun)

    await asyncio.gather(*(one(servers[n % len(servers)]) for n in range(WITHDRAWERS)))
    return took


class _Reading:
    """64 analysts who read their study, again and again, until they are stopped."""

    def __init__(self, here: Site, servers: Sequence[Server], studies: Sequence[Study]) -> None:
        self.reads = 0
        # There and back: or an even number of studies would each be read through one server alone.
        pairs = zip(
            itertools.cycle([*servers, *reversed(servers)]), itertools.cycle(studies), strict=False
        )
        self._tasks = [
            asyncio.create_task(self._one(server, here.token(study.analyst), study))
            for server, study in itertools.islice(pairs, READERS)
        ]

    async def stop(self) -> int:
        """Break off what is under way. How many readings had come to their end."""
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        return self.reads

    async def _one(self, server: Server, token: str, study: Study) -> None:
        async with server.http() as http:
            while True:
                answer = done(await http.get(study.samples, token))
                if b'"end":true' not in answer.body[-200:]:
                    raise RuntimeError(answer.body[-200:].decode())
                self.reads += 1


async def _judge(here: Site, reads: int, withdrawals: int) -> Part:
    """Only where the answer was a 202 may what had begun before end after."""
    sql = """
        WITH ended AS (
            SELECT e.resident_id, pg_xact_commit_timestamp(e.xmin) AS at, w.drained_at IS NOT NULL AS drained
              FROM consent_event e JOIN withdrawal w USING (resident_id, seq)
        )
        SELECT count(*) AS uses,
               count(*) FILTER (WHERE drained AND pg_xact_commit_timestamp(a.xmin) > at) AS late,
               count(*) FILTER (WHERE abs(extract(epoch FROM pg_xact_commit_timestamp(a.xmin) - at)) < 1) AS close,
               (SELECT count(*) FROM ended) AS ended,
               (SELECT count(*) FROM ended WHERE NOT drained) AS undrained
          FROM access a LEFT JOIN ended USING (resident_id)
    """
    async with here.connect() as admin:
        row = await admin.fetchrow(sql)
    if row is None or row["ended"] != withdrawals or row["close"] == 0:
        raise RuntimeError("the uses and the withdrawals have not met")
    figures = {
        "disclosers": READERS,
        "disclosures": reads,
        "withdrawals": withdrawals,
        "answered_202": row["undrained"],
        "uses_within_a_second": row["close"],
    }
    return Part(n=row["uses"], violations=row["late"], more=figures)


async def t12(here: Site) -> Part:
    """64 readers use one resident, who withdraws and gives again 100 times."""
    study = await make_study(here)
    token = here.token("hot")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="medverka-drill-")))
        more = mutant.environment(folder, HOLDING) if MUTANT else {}
        serving = [here.serve(POOL_SIZE="8", **more) for _ in range(2)]
        servers = [await stack.enter_async_context(one) for one in serving]
        person = Participant(token, study)
        await _settle([person], servers, samples=10)
        reading = _Reading(here, servers, [study])
        took: list[float] = []
        async with servers[0].http() as http:
            for seen in range(1, 2 * scaled(HOT_ROUNDS), 2):
                took += await _withdraw([person], servers)
                again = study.answer(seen_seq=seen + 1)
                done(await http.post("/v1/me/consent-events", token, again, str(uuid4())))
        reads = await reading.stop()
    slow = sum(seconds * 1000 > HOT_MOST_MS for seconds in took)
    late = p99_ms(took) > HOT_P99_MS
    figures = {"readers": READERS, "reads": reads, "max_ms": round(max(took) * 1000, 1)}
    return Part(n=len(took), violations=slow + late, p99_ms=p99_ms(took), more=figures)
