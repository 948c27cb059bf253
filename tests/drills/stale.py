"""T13: the first thing asked after a withdrawal's 200, anywhere, is already answered without it."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import uuid4

from msgspec import Struct

from tests.drills.harness import MUTANT, Part, Server, Site, scaled
from tests.drills.http import Http
from tests.drills.residents import NOON, Study, donation, done, make_study, take_part

RESIDENTS = 8
ROUNDS = 16
CHECKS = 8
"""A round's: own consents, own withdrawal, study read and upload, on each of two processes."""


class _Resident(Struct):
    """One who takes part in a study of their own, so that a study read is about nobody else."""

    token: str
    analyst: str
    study: Study
    code: str = ""
    seq: int = 1
    uploads: int = 0

    async def give(self, http: Http) -> None:
        """Again; and see that it opened, or that it is closed later would prove nothing."""
        answer = self.study.answer(seen_seq=self.seq)
        given = done(await http.post("/v1/me/consent-events", self.token, answer, str(uuid4())))
        self.seq = given.json()["recorded"][0]["event"]["seq"]
        if not (await self._study_reads(http) and await self._uploads(http)):
            raise RuntimeError("what was given is not open")

    async def withdraw(self, http: Http) -> None:
        wish = self.study.withdrawal()
        answer = done(await http.post("/v1/me/withdrawals", self.token, wish, str(uuid4())))
        self.seq = answer.json()["event"]["seq"]

    async def stale(self, http: Http) -> int:
        """How many of four answers do not know of the withdrawal yet."""
        return sum(
            [
                await self._study_reads(http),
                await self._uploads(http),
                await self._own_consents_stand(http),
                not (await http.get(f"/v1/me/withdrawals/{self.seq}", self.token)).ok,
            ]
        )

    async def _study_reads(self, http: Http) -> bool:
        return self.code.encode() in done(await http.get(self.study.samples, self.analyst)).body

    async def _uploads(self, http: Http) -> bool:
        self.uploads += 1
        upload = donation(samples=1, start=NOON + self.uploads * 60_000)
        answer = done(await http.post("/v1/me/donations", self.token, upload, str(uuid4())))
        return bool(answer.json()["accepted"] > 0)

    async def _own_consents_stand(self, http: Http) -> bool:
        answer = done(await http.get("/v1/me/consents", self.token))
        if answer.headers.get("cache-control") != "no-store":
            return True
        (standing,) = answer.json()["consents"]
        return bool(standing["collects"]) or standing["status"] != "ConsentWithdrawn"


async def t13(here: Site) -> Part:
    """Withdraw, then ask on the same connection and on another process."""
    if MUTANT:
        await leave_grants_open(here)
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(here.serve()) for _ in range(2)]
        people = [_one(here, servers, n, scaled(ROUNDS)) for n in range(RESIDENTS)]
        stale = sum(await asyncio.gather(*people))
    return Part(n=RESIDENTS * scaled(ROUNDS) * CHECKS, violations=stale, more={"processes": 2})


async def _one(here: Site, servers: Sequence[Server], number: int, rounds: int) -> int:
    study, token, stale = await make_study(here), here.token(f"r{number}"), 0
    person = _Resident(token, here.token(study.analyst), study)
    async with servers[number % 2].http() as same, servers[1 - number % 2].http() as other:
        person.code = str(await take_part(same, token, study))
        for n in range(rounds):
            if n:
                await person.give(same if n % 2 else other)
            await person.withdraw(same)
            stale += sum(await asyncio.gather(person.stale(same), person.stale(other)))
    return stale


async def leave_grants_open(here: Site) -> None:
    """The mutant: events are written, grants are not closed."""
    async with here.connect() as admin:
        await admin.execute("""
            CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER forget BEFORE UPDATE ON consent_grant FOR EACH ROW
              WHEN (new.status = 'ConsentWithdrawn') EXECUTE FUNCTION forget()
        """)
