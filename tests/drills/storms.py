"""T15: two devices give and withdraw at once, out of order and twice over; one history comes of it."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import msgspec

from domain.consents import store as consents
from domain.consents.chain import unbroken
from domain.consents.model import ConsentEvent, fold
from tests.drills.harness import MUTANT, Part, Server, Site, scaled
from tests.drills.http import Answer, Http
from tests.drills.residents import Study, begin, done, make_study
from tests.drills.stale import leave_grants_open

RESIDENTS = 24
CHOICES = 40
IN_FLIGHT = 2
"""Of each device."""
STUDIES = 5
"""Whose items are answered: with one, nearly all would be answered blindly."""
MOST_RETRIES = 200
PAGE = 50

Acked = tuple[int, str]
"""The `seq` and the decision that an answer told."""


class _Storm:
    """One resident's choices, each under a key of its own, and what each was answered."""

    def __init__(self, token: str, resident_id: UUID, studies: Sequence[Study]) -> None:
        self.token = token
        self.resident_id = resident_id
        self.studies = studies
        self.seen = 0
        self.bodies: dict[str, tuple[str, dict[str, Any]]] = {}
        self.acked: dict[str, set[Acked]] = {}

    async def blow(self, servers: Sequence[Server]) -> None:
        """From two devices, each with a server of its own and several requests under way."""
        keys = iter(_disordered())

        async def hand(server: Server) -> None:
            async with server.http() as http:
                for key in keys:
                    await self._send(http, key)

        await asyncio.gather(*(hand(server) for server in servers for _ in range(IN_FLIGHT)))

    async def _send(self, http: Http, key: str) -> None:
        path, body = self.bodies.setdefault(key, self._choice())
        for _ in range(MOST_RETRIES):
            answer = await http.post(path, self.token, body, key)
            if answer.status != 409:
                break
            await asyncio.sleep(0.02)
        event = _event(done(answer))
        self.seen = max(self.seen, event["seq"])
        self.acked.setdefault(key, set()).add((event["seq"], event["decision"]))

    def _choice(self) -> tuple[str, dict[str, Any]]:
        """What the device knows of the history at this moment goes along."""
        decision = random.choice(["permit", "permit", "withdraw", "everything", "deny"])  # noqa: S311
        study = random.choice(self.studies)  # noqa: S311
        if decision == "everything":
            return "/v1/me/withdrawals", {"scope": "everything", "effect": "stop"}
        if decision == "withdraw":
            return "/v1/me/withdrawals", study.withdrawal()
        return "/v1/me/consent-events", study.answer(decision, self.seen)

    async def wrongs(self, here: Site, servers: Sequence[Server]) -> int:
        """Against the history that each device is shown, and the grants that are enforced."""
        shown = [await self._history(server) for server in servers]
        events = shown[0]
        told = {event.seq: event.decision for event in events}
        lost = sum(
            len(answers) != 1 or any(told.get(seq) != decision for seq, decision in answers)
            for answers in self.acked.values()
        )
        async with here.connect() as admin:
            rows = await consents.grants(admin, self.resident_id)
        return lost + sum(
            [
                shown[0] != shown[1],
                not unbroken(events),
                len(events) != len(self.acked),
                {(row.item_id, row.category): row for row in rows} != fold(events),
            ]
        )

    async def _history(self, server: Server) -> list[ConsentEvent]:
        """Oldest first."""
        events: list[ConsentEvent] = []
        path = f"/v1/me/consent-events?limit={PAGE}"
        async with server.http() as http:
            cursor: str | None = ""
            while cursor is not None:
                page = done(await http.get(path + cursor, self.token)).json()
                events += msgspec.convert(page["items"], list[ConsentEvent])
                cursor = page["next"] and f"&cursor={page['next']}"
        return events[::-1]


def _disordered() -> list[str]:
    """Keys, every second one twice, and none far from its place."""
    first = [(n + random.uniform(0, 6), str(uuid4())) for n in range(CHOICES)]  # noqa: S311
    again = [(place + random.uniform(0, 6), key) for place, key in first[::2]]  # noqa: S311
    return [key for _, key in sorted(first + again)]


def _event(answer: Answer) -> dict[str, Any]:
    found = answer.json()
    event: dict[str, Any] = (found["recorded"][0] if "recorded" in found else found)["event"]
    return event


async def t15(here: Site) -> Part:
    """Histories have no gaps and no forks, nothing acknowledged is missing, and they are what counts."""
    if MUTANT:
        await leave_grants_open(here)
    studies = [await make_study(here) for _ in range(STUDIES)]
    wrongs = choices = 0
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(here.serve()) for _ in range(2)]
        for n in range(scaled(RESIDENTS)):
            token = here.token(f"r{n}")
            async with servers[0].http() as http:
                storm = _Storm(token, await begin(http, token), studies)
            await storm.blow(servers)
            wrongs += await storm.wrongs(here, servers)
            choices += len(storm.acked)
    async with here.connect() as admin:
        blind = await admin.fetchval("SELECT count(*) AS blind FROM consent_event WHERE blind")
    return Part(n=choices, violations=wrongs, more={"residents": scaled(RESIDENTS), "blind": blind})
