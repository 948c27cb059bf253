"""Knocking at a server as anyone, and looking after each knock at what it told and what it changed."""

import sys
from asyncio import gather
from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, Self
from urllib.parse import quote, unquote
from uuid import uuid4

import msgspec
from asyncpg import Connection

from api import development
from tests.drills.apart import MARKS, NONE, Place
from tests.drills.description import PROBLEMS, Described, Description, read
from tests.drills.harness import MUTANT
from tests.drills.harness import Part as Figures
from tests.drills.http import Answer, Http
from tests.drills.operation import OFFICER, RESIDENTS, TEAMS, Operation
from tests.drills.operations import OPERATIONS
from tests.drills.sides import ANONYMOUS, DOORS, Side
from tests.drills.snapshot import Part, Snapshot
from tests.drills.world import World

SHOWN = 12
"""How many violations a verdict quotes."""
NOBODYS = ""
LOOKED_AT = 20_000
"""Bytes of a body that are searched for ids."""
LANES = 4


class Shot(NamedTuple):
    """A body that is to be refused, with headers over the usual ones. `place`: what of it is wrong."""

    body: bytes
    note: str
    headers: Mapping[str, str]
    place: Place = ()


class Knocker:
    """Sends requests one after the other. The database is put back after each that changed it."""

    def __init__(self, world: World, http: Http, kept: Snapshot, description: Description) -> None:
        self.world = world
        self.http = http
        self.kept = kept
        self.description = description
        self.members: Mapping[str, str] = {}
        self.violations: list[str] = []
        self._lanes = [Http(http.port) for _ in range(LANES)]
        self.n: Counter[int] = Counter()
        sign, settings = development.token, world.region.settings
        self.tokens = {who: sign(settings, who) for who in DOORS if who != ANONYMOUS}
        self.tokens[ANONYMOUS] = ""

    @classmethod
    async def ready(cls, world: World, http: Http, admin: Connection) -> Self:
        """A knocker at a world that is to stay as it is now."""
        made = cls(world, http, await Snapshot.take(admin), await read(http))
        rows = await admin.fetch("SELECT label, member_id FROM member")
        made.members = {row["label"]: str(row["member_id"]) for row in rows}
        return made

    async def knock(
        self,
        who: str,
        told: Described,
        ids: Mapping[str, str] | None = None,
        body: object = msgspec.UNSET,
        note: str = "",
        **more: Any,
    ) -> Answer:
        """Send an operation's request with one's own ids and body, unless others are given.

        `more`: `query`, and `headers` over the usual ones. Checks what must hold of every answer.
        """
        row = OPERATIONS[told.name]
        side = self.world.side(who)
        path, content, headers = self.request(told, row, side, ids, body, **more)
        answer = await self.http.ask(told.method, path, self.tokens[who], content, headers)
        self.n[answer.status] += 1
        sent = f"{unquote(path)} {(content or b'')[:LOOKED_AT]!r}"
        at = f"{told.name} by {who} {note}".strip()
        changed = await self.kept.changes()
        self._look(at, who, told, answer, sent)
        if answer.ok:
            for part in sorted(changed):
                if not self._may_change(who, told, row, part, sent):
                    self.wrong(f"{at}: changed {part.table} of another")
        elif changed:
            self.wrong(f"{at}: refused with {answer.status}, and {min(changed).table} changed")
        if changed:
            await self.kept.restore(changed)
        return answer

    async def volley(self, who: str, told: Described, shots: Sequence[Shot]) -> list[Answer]:
        """Send bodies that must all be refused, some at a time; then look at the database once."""
        row, side = OPERATIONS[told.name], self.world.side(who)

        async def lane(first: int) -> list[tuple[int, Answer]]:
            answers = []
            for n in range(first, len(shots), LANES):
                path, body, headers = self.request(
                    told, row, side, body=shots[n].body, headers=shots[n].headers
                )
                http, token = self._lanes[first], self.tokens[who]
                answers.append((n, await http.ask(told.method, path, token, body, headers)))
                if answers[-1][1].status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                    http.break_off()  # the server closes, rather than read the rest
            return answers

        found = dict(pair for one in await gather(*map(lane, range(LANES))) for pair in one)
        answers = [found[n] for n in range(len(shots))]
        for shot, answer in zip(shots, answers, strict=True):
            self.n[answer.status] += 1
            self._look(f"{told.name} by {who} {shot.note}", who, told, answer, "")
        if changed := await self.kept.changes():
            at = f"{told.name} by {who} {shots[0].note} to {shots[-1].note}"
            for table in sorted({part.table for part in changed} - MARKS.get(told.name, NONE)):
                self.wrong(f"{at}: {table} changed")
            if await self.kept.streams_differ():
                self.wrong(f"{at}: something was stored")
            await self.kept.restore(changed)
        return answers

    def request(
        self,
        told: Described,
        row: Operation,
        side: Side,
        ids: Mapping[str, str] | None = None,
        body: object = msgspec.UNSET,
        query: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[str, bytes | None, dict[str, str]]:
        """Path, body and headers. Ids that are given are percent-encoded already."""
        own = {name: quote(str(getattr(side, attr)), safe="") for name, attr in row.path.items()}
        path = told.path.format(**(own | dict(ids or {})))
        asked = row.query if query is None else query
        if body is msgspec.UNSET:
            body = row.body(side, self.world.common) if row.body else None
        content = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        given = {"If-Match": f'"{getattr(side, row.if_match)}"'} if row.if_match else {}
        if told.once:
            given["Idempotency-Key"] = str(uuid4())
        return f"{path}?{asked}" if asked else path, content, given | dict(headers or {})

    def wrong(self, what: str) -> None:
        """Note a violation."""
        self.violations.append(what)

    def figures(self, **more: Any) -> Figures:
        """What the walk amounts to; the first violations are quoted."""
        for one in [] if MUTANT else self.violations:
            print(one, file=sys.stderr)
        statuses = {str(status): n for status, n in sorted(self.n.items())}
        if self.violations:
            more["examples"] = [one[:200] for one in list(dict.fromkeys(self.violations))[:SHOWN]]
        found = {"statuses": statuses, **more}
        return Figures(n=self.n.total(), violations=len(self.violations), more=found)

    def _look(self, at: str, who: str, told: Described, answer: Answer, sent: str) -> None:
        text = answer.body.decode(errors="replace")
        if answer.status >= 500:
            self.wrong(f"{at}: {answer.status}")
        if not answer.ok and not answer.headers.get("content-type", "").startswith(PROBLEMS):
            self.wrong(f"{at}: {answer.status} without a problem document")
        for secret in self._hidden_from(who, sent):
            if secret in text:
                self.wrong(f"{at}: told {secret}, which is another's")
        if answer.ok and (extra := self.description.says(told, answer)):
            self.wrong(f"{at}: {extra}")

    def _hidden_from(self, who: str, sent: str) -> frozenset[str]:
        """What is private to residents other than the one who asks, or is asked about by right."""
        hidden: set[str] = set()
        for side in (self.world.left, self.world.right):
            theirs = set(side.private)
            if who == side.resident or (who in OFFICER and _concerns(side, sent)):
                theirs.clear()
            if who in TEAMS and who == side.team:
                theirs -= {
                    side.code,
                    side.communication_id,
                    side.answered_id,
                    side.concern_id,
                    *map(repr, side.values),
                }
            hidden |= theirs
        return frozenset(hidden)

    def _may_change(self, who: str, told: Described, row: Operation, part: Part, sent: str) -> bool:
        side = self.world.side(who)
        if part.table in row.leaves and part.owner in {NOBODYS, side.resident_id}:
            return True
        if told.method == "GET":
            return False
        if part.owner not in {known.owner for known in self.kept.base}:
            return True  # made just now
        if who in RESIDENTS:
            return part.owner == side.resident_id
        mine = {NOBODYS, self.members.get(who, NOBODYS)}
        for one in (self.world.left, self.world.right):
            if one.study_id in sent:
                mine.add(one.study_id)
            if who in OFFICER and _concerns(one, sent):
                mine.add(one.resident_id)
        return part.owner in mine


def _concerns(side: Side, sent: str) -> bool:
    return side.resident_id in sent or side.code in sent


def plain(answer: Answer) -> str:
    """Status and problem document, without what differs between two requests that are alike."""
    if answer.ok:
        said: Any = answer.status
    else:
        document = answer.json() if answer.body else {}
        said = {**document, "request_id": len(document.get("request_id", ""))}
    return msgspec.json.encode([answer.status, said]).decode()
