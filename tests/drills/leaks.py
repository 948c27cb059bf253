"""T51: what people say, and who they are, gets into no log, no metric and no refusal."""

import base64
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from api import development
from tests.drills.description import Described
from tests.drills.harness import MUTANT, Part, Site
from tests.drills.hostile import places
from tests.drills.knocking import Knocker
from tests.drills.matrix import uncovered
from tests.drills.mutations import placed
from tests.drills.operations import OPERATIONS

EACH = 50
"""Canaries of each kind."""

FREE = frozenset({"text", "reason", "reference", "app", "device", "recipient", "organisation"})
"""Fields whose words are the caller's own."""

AWAY = ("stop_switch", "block", "stream", "resident_attribute", "approval", "membership")
"""Tables that are taken away for a while, so that requests break in the midst."""


def personal_number() -> str:
    """Twelve digits of nobody: born in a month 13."""
    return f"19{secrets.randbelow(90) + 10}13{secrets.randbelow(90) + 10}{secrets.randbelow(9000) + 1000}"


def jwt() -> str:
    """As a token looks; its last part is the canary."""
    return f"eyJhbGciOiJFUzI1NiJ9.{secrets.token_urlsafe(30)}.{secrets.token_urlsafe(48)}"


def free_text() -> str:
    return f"Sedan diagnosen {secrets.token_hex(6)} mår jag illa"


def email() -> str:
    return f"anna.{secrets.token_hex(6)}@example.org"


MAKERS: Mapping[str, Callable[[], str]] = {
    "number": personal_number, "jwt": jwt, "text": free_text, "email": email,
}  # fmt: skip
HEADERS = ("User-Agent", "Referer", "Cookie", "Accept-Language", "If-Match", "Idempotency-Key", "App-Version",
           "X-Request-Id", "X-Forwarded-For", "Forwarded", "Authorization", "Origin", "Content-Type",
           "Accept", "Traceparent")  # fmt: skip


class Canaries:
    """Two hundred of them, handed out in turn."""

    def __init__(self) -> None:
        self.all = [make() for _ in range(EACH) for make in MAKERS.values()]
        self._next = iter(self.all * 1000)
        self.used: set[str] = set()

    def next(self) -> str:
        """The next one; it counts as sent."""
        one = next(self._next)
        self.used.add(one)
        return one

    def found_in(self, text: str) -> Iterator[str]:
        """Those that a text holds, also where they are encoded."""
        for one in self.all:
            telling = one.rsplit(".", 1)[1] if one.startswith("eyJ") else one
            if any(form in text for form in _forms(telling)):
                yield one


def _forms(text: str) -> Iterable[str]:
    escaped = msgspec.json.encode(text).decode().strip('"')
    ascii_only = text.encode("unicode_escape").decode()
    return {
        text,
        quote(text),
        escaped,
        ascii_only,
        base64.b64encode(text.encode()).decode(),
        text.encode().hex(),
    }


class Talk:
    """Requests that hold canaries, and the refusals that repeat one."""

    def __init__(self, door: Knocker) -> None:
        self.door = door
        self.canaries = Canaries()
        self.statuses: Counter[str] = Counter()
        self.repeated: list[str] = []
        self.broken: list[str] = []
        self.away = False

    async def everywhere(self, told: Described) -> None:
        """In every text of the body, beside it, in query, path and headers, of every kind."""
        row = OPERATIONS[told.name]
        side = self.door.world.side(self._who(told))
        body = row.body(side, self.door.world.common) if row.body else None
        for path, _ in places(self.door, told.body, body) if told.body else ():
            for _ in MAKERS:
                await self._say(told, body=placed(body, path, self._quoted()))
        if told.body:
            await self._say(told, body=b'{"' + self.canaries.next().encode() + b'": 1}')
            await self._say(told, body=b"{" + self._quoted() + b": " + self._quoted() + b"")
        asked = [one["name"] for one in told.parameters if one["in"] == "query"]
        for name in (*asked, "x"):
            await self._say(told, query=f"{row.query}&{name}={quote(self.canaries.next())}")
        for name in told.path_names:
            await self._say(told, ids={name: quote(self.canaries.next(), safe="")})
        for name in HEADERS:
            await self._say(told, headers={name: self._ascii()})
        await self._say(told, headers={"Authorization": f"Bearer {self._ascii()}"})
        await self.door.kept.restore(await self.door.kept.changes())

    async def once(self, told: Described) -> None:
        """One request as it should be, with canaries in all of its texts."""
        row = OPERATIONS[told.name]
        side = self.door.world.side(self._who(told))
        body = row.body(side, self.door.world.common) if row.body else None
        for path, _ in places(self.door, told.body, body) if told.body else ():
            if path[-1] in FREE and FREE.isdisjoint(path[:-1]):
                body = msgspec.json.decode(placed(body, path, self._quoted()))
        await self._say(told, **({} if body is None else {"body": body}))

    async def arrive(self) -> None:
        """Logins that say who they are of."""
        told = self.door.description.operations["residents_begin"]
        for _ in range(EACH // 2):
            subject, number = self.canaries.next(), self.canaries.next()
            claims = {"personalIdentityNumber": number, "personal_number": number, "email": subject,
                      "birthdate": number, "address": {"locality": number}}  # fmt: skip
            token = development.token(self.door.world.region.settings, subject, **claims)
            for again in (told, self.door.description.operations["residents_profile"]):
                await self._say(again, headers={"Authorization": f"Bearer {token}"})

    def look(self, where: str, text: str) -> int:
        """How many canaries a text holds."""
        found = list(self.canaries.found_in(text))
        self.repeated += [f"{where}: {one}" for one in found]
        return len(found)

    def _who(self, told: Described) -> str:
        return min(OPERATIONS[told.name].doors & (self.door.members.keys() | {"anna"}))

    def _quoted(self) -> bytes:
        return msgspec.json.encode(self.canaries.next())

    def _ascii(self) -> str:
        return self.canaries.next().encode("ascii", "xmlcharrefreplace").decode()

    async def _say(
        self, told: Described, ids: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        row, who = OPERATIONS[told.name], self._who(told)
        path, body, headers = self.door.request(told, row, self.door.world.side(who), ids, **more)
        answer = await self.door.http.ask(told.method, path, self.door.tokens[who], body, headers)
        self.statuses[str(answer.status)] += 1
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not self.away:
            self.broken.append(f"{told.name}: {answer.status} with every table in its place")
        self.look(f"{told.name} headers", str(answer.headers))
        if not answer.ok:
            self.look(f"{told.name} {answer.status}", answer.body.decode(errors="replace"))


async def walk(here: Site, door: Knocker) -> Part:
    """Send canaries wherever something can be said, with yes, no and breakdown for an answer."""
    talk, admin = Talk(door), door.world.region.admin
    operations = [door.description.operations[name] for name in sorted(uncovered(door))]
    for told in operations:
        await talk.everywhere(told)
    await talk.arrive()
    talk.away = True
    for table in AWAY:
        await admin.execute(f'ALTER TABLE "{table}" RENAME TO away')
        for told in operations:
            await talk.once(told)
        await admin.execute(f'ALTER TABLE away RENAME TO "{table}"')
    refusals = len(talk.repeated)
    folder = Path(await admin.fetchval("SHOW data_directory"))
    logs = "".join(path.read_text(errors="replace") for path in here.folder.glob("serve-*.log"))
    leaks = {
        "refusals": refusals,
        "server_log": talk.look("server log", logs),
        "postgres_log": talk.look("PostgreSQL log", (folder / "server.log").read_text()),
        "metrics": talk.look("metrics", (await door.http.get("/metrics")).body.decode()),
    }
    silent = int('"unforeseen"' not in logs or '"request"' not in logs)
    wrong = talk.repeated + talk.broken
    if wrong and not MUTANT:
        print(*wrong, sep="\n", file=sys.stderr)
    return Part(
        n=talk.statuses.total(),
        violations=len(wrong) + silent,
        more={
            "canaries": len(talk.canaries.used), "found": leaks, "statuses": dict(talk.statuses),
            "log_bytes": len(logs),
        },
    )  # fmt: skip
