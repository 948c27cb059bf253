"""T14: `kill -9` between a withdrawal's COMMIT and its answer; the retry returns that withdrawal."""

import asyncio
import random
from collections.abc import Sequence
from uuid import UUID, uuid4

from msgspec import Struct

from api.app import TRIPS_SHARE
from migrations.databases import Connection
from tests.drills.harness import MUTANT, Part, Server, Site, scaled
from tests.drills.http import Answer, Http
from tests.drills.residents import Study, begin, done, make_study
from tests.drills.wire import Wire

ROUNDS = 3
"""Of each kind; a round costs a new server."""
AT_ONCE = 16
LONGEST_DELAY = 0.6
"""Seconds over which withdrawals are spread that a server is killed under."""
MOST_RETRIES = 40


class _Wish(Struct):
    """One resident's withdrawal under way, under one key."""

    token: str
    resident_id: UUID
    study: Study
    key: str
    answered: Answer | None = None

    async def send(self, http: Http) -> Answer:
        return await http.post("/v1/me/withdrawals", self.token, self.study.withdrawal(), self.key)


async def t14(here: Site) -> Part:
    """Half of the rounds cut exactly after COMMIT, the other half at any moment."""
    if MUTANT:
        await forget_keys(here)
    study = await make_study(here)
    rounds = scaled(ROUNDS)
    violations = between = unsure = 0
    async with here.serve() as lasting:
        for n in range(2 * rounds):
            wishes = await _wishes(here, lasting, study, n)
            if n % 2 == 0:
                between += await _kill_after_commit(here, wishes)
            else:
                unsure += await _kill_at_random(here, wishes)
            violations += sum(await _retried(here, lasting, wishes))
    if between < rounds * AT_ONCE:
        raise RuntimeError("not every withdrawal was cut off between COMMIT and answer")
    figures = {
        "crashes": 2 * rounds,
        "cut_between_commit_and_answer": between,
        "cut_anywhere": unsure,
    }
    return Part(n=2 * rounds * AT_ONCE, violations=violations, more=figures)


async def forget_keys(here: Site) -> None:
    """The mutant of all that retries: a key is kept under another name, and never met again."""
    async with here.connect() as admin:
        await admin.execute("""
            CREATE FUNCTION forget_key() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN new.key := new.key || gen_random_uuid(); RETURN new; END';
            CREATE TRIGGER forget_key BEFORE INSERT ON reply
                FOR EACH ROW EXECUTE FUNCTION forget_key()
        """)


async def _wishes(here: Site, server: Server, study: Study, number: int) -> list[_Wish]:
    wishes = []
    async with server.http() as http:
        for n in range(AT_ONCE):
            token = here.token(f"{number} {n}")
            resident_id = await begin(http, token)
            done(await http.post("/v1/me/consent-events", token, study.answer(), str(uuid4())))
            wishes.append(_Wish(token, resident_id, study, str(uuid4())))
    return wishes


async def _kill_after_commit(here: Site, wishes: Sequence[_Wish]) -> int:
    """How many were committed while their server was killed before it knew."""
    wire = Wire(here.database.dsn("api"))
    async with wire as address:
        # As many trips as withdrawals: each is under way until it is answered.
        server = await here.start(DATABASE_URL=address, POOL_SIZE=str(TRIPS_SHARE * AT_ONCE))
        wire.held = True
        tasks = [asyncio.create_task(_unanswered(wish, server)) for wish in wishes]
        async with asyncio.timeout(30), here.connect() as admin:
            for wish in wishes:
                await _committed(admin, wish)
        server.kill()
        return sum(await asyncio.gather(*tasks))


async def _committed(admin: Connection, wish: _Wish) -> None:
    while not await _withdrawn(admin, wish):  # noqa: ASYNC110 - it is another process that commits
        await asyncio.sleep(0.01)


async def _kill_at_random(here: Site, wishes: Sequence[_Wish]) -> int:
    server = await here.start(POOL_SIZE=str(2 * AT_ONCE))
    tasks = [asyncio.create_task(_unanswered(wish, server, LONGEST_DELAY)) for wish in wishes]
    await asyncio.sleep(random.uniform(LONGEST_DELAY / 2, LONGEST_DELAY))  # noqa: S311 - no secret
    server.kill()
    return sum(await asyncio.gather(*tasks))


async def _unanswered(wish: _Wish, server: Server, delay: float = 0) -> bool:
    await asyncio.sleep(random.uniform(0, delay))  # noqa: S311
    async with server.http() as http:
        try:
            wish.answered = await wish.send(http)
        except ConnectionError:
            return True
    return False


async def _retried(here: Site, server: Server, wishes: Sequence[_Wish]) -> list[bool]:
    """Which of them did not converge to one withdrawal, with one answer."""
    async with server.http() as http, here.connect() as admin:
        found = []
        for wish in wishes:
            before = await _withdrawn(admin, wish)
            answer = await _settled(wish, http)
            seqs = await _withdrawn(admin, wish)
            same = wish.answered is None or answer.body == wish.answered.body
            told = answer.ok and answer.json()["event"]["seq"]
            right = seqs == [told] and before in ([], seqs) and same and await _closed(wish, http)
            found.append(not right)
        return found


async def _settled(wish: _Wish, http: Http) -> Answer:
    """The answer to the retry, once the transaction of the killed server is over."""
    for _ in range(MOST_RETRIES):
        answer = await wish.send(http)
        if answer.status != 409:
            break
        await asyncio.sleep(0.1)
    return answer


async def _withdrawn(admin: Connection, wish: _Wish) -> list[int]:
    sql = "SELECT seq FROM consent_event WHERE resident_id = $1 AND decision = 'withdraw'"
    return [row["seq"] for row in await admin.fetch(sql, wish.resident_id)]


async def _closed(wish: _Wish, http: Http) -> bool:
    (standing,) = done(await http.get("/v1/me/consents", wish.token)).json()["consents"]
    return bool(standing["status"] == "ConsentWithdrawn" and not standing["collects"])
