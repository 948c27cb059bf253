"""Tokens (T29), a real provider's, and the end of a session (T34): `make drill-jwt`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from typing import Any

import msgspec

from migrations import embedded
from tests import oidc
from tests.drills import endings, harness, tokens
from tests.drills.description import PROBLEMS, Described, read
from tests.drills.harness import MUTANT, Part, Server, Site
from tests.drills.http import Answer, Http, request
from tests.drills.issuer import Issuer, issuing
from tests.drills.mutant import Mutation, environment

CREDULOUS = (
    Mutation("api/tokens.py", 'claims.get("iss") != self._issuer', "False"),
    Mutation("api/tokens.py", "or expires <= now - LEEWAY", ""),
    Mutation("api/tokens.py", "(InvalidSignature, ValueError):\n            raise Unauthenticated from None", "(InvalidSignature, ValueError):\n            pass"),
)  # fmt: skip
"""Neither the issuer, nor the expiry, nor the signature is looked at."""

BEYOND_APP = "1 MB"
"""A head larger than the HTTP server takes: it may refuse it itself, or hang up."""

TERMS = {"notice_version": 1, "language": "en"}
SUBJECT = "anna"


@asynccontextmanager
async def credulous(here: Site, issuer: str) -> AsyncIterator[Server]:
    """A server with this issuer; with MUTANT=1 it believes too much."""
    with TemporaryDirectory() as folder:
        more = environment(Path(folder), CREDULOUS) if MUTANT else {}
        async with here.serve(OIDC_ISSUER=issuer, **more) as server:
            yield server


class Door:
    """A server that is shown Authorization headers."""

    def __init__(self, http: Http, guarded: list[Described]) -> None:
        self.http = http
        self.guarded = guarded
        self.n = 0
        self.violations: list[str] = []
        self.answers: set[str] = set()

    async def refused(self, told: Described, name: str, header: bytes) -> None:
        """It must answer 401 with the one text that all the others get."""
        self.n += 1
        answer = await self._show(told, name, header)
        if answer is None:
            return
        if answer.status != 401 or answer.headers.get("www-authenticate") != "Bearer":
            self.violations.append(f"{told.name}, {name}: {answer.status}")
        elif not answer.headers["content-type"].startswith(PROBLEMS):
            self.violations.append(f"{told.name}, {name}: no problem document")
        else:
            self.answers.add(_plain(answer))

    async def taken(self, name: str, token: str, status: int) -> None:
        """It must let the bearer in."""
        self.n += 1
        answer = await self.http.get("/v1/me", token)
        if answer.status != status:
            self.violations.append(f"{name}: {answer.status} instead of {status}")

    async def _show(self, told: Described, name: str, header: bytes) -> Answer | None:
        path = told.path
        for each in told.path_names:
            path = path.replace(
                f"{{{each}}}", "birth-date" if each == "name" else PLACEHOLDERS.get(each, NOBODY)
            )
        plain = request(told.method, path).replace(
            b"\r\n\r\n", b"\r\nAuthorization: " + header + b"\r\n\r\n", 1
        )
        try:
            answer = await self.http.exchange(plain)
        except ConnectionError:
            answer = None
        if name.startswith(BEYOND_APP):
            self.http.break_off()  # it may close after such a head
        if name.startswith(BEYOND_APP) and (answer is None or answer.status in {400, 431}):
            return None
        if answer is None:
            self.violations.append(f"{told.name}, {name}: the connection was closed")
        return answer


NOBODY = "00000000-0000-7000-8000-00000000dead"
PLACEHOLDERS = {"seq": "1"}


def _plain(answer: Answer) -> str:
    return msgspec.json.encode({**answer.json(), "request_id": ""}).decode()


async def corpus(here: Site) -> Part:
    """T29: 100 % refused with one text and without a database; valid controls 100 % accepted."""
    with issuing() as issuer:
        async with credulous(here, issuer.address) as server, server.http() as http:
            described = (await read(http)).operations.values()
            door = Door(http, [one for one in described if not one.public])
            await _settle(http, issuer)
            for told in door.guarded:
                for name, header in tokens.bad(issuer, SUBJECT, int(time())).items():
                    await door.refused(told, name, header)
            await _controls(door, issuer, 200)
            cases = len(tokens.bad(issuer, SUBJECT, int(time())))
            await _without_database(here, door, issuer)
    return _figures(door, cases=cases, operations=len(door.guarded))


async def _settle(http: Http, issuer: Issuer) -> None:
    """Anna is a resident, so that a token that is wrongly taken finds someone."""
    begun = await http.ask("PUT", "/v1/me", issuer.token(SUBJECT, int(time())), TERMS)
    if not begun.ok:
        raise RuntimeError(begun.status)


async def _controls(door: Door, issuer: Issuer, status: int) -> None:
    for name, token in tokens.good(issuer, SUBJECT, int(time())).items():
        await door.taken(name, token, status)


async def _without_database(here: Site, door: Door, issuer: Issuer) -> None:
    """With PostgreSQL gone a refusal is a refusal still, and only a good token learns that it is gone."""
    async with here.connect() as admin:
        folder = Path(await admin.fetchval("SHOW data_directory")).parent
    await asyncio.to_thread(embedded.kill, folder)
    try:
        for name, header in tokens.bad(issuer, SUBJECT, int(time())).items():
            await door.refused(door.guarded[0], f"{name}, no database", header)
        await _controls(door, issuer, 503)
    finally:
        await asyncio.to_thread(embedded.ensure_running, folder)


async def provider(here: Site) -> Part:
    """T29 with a provider that is not ours: its access tokens are taken, and nothing else of it."""
    with oidc.provider() as real:
        async with credulous(here, real.issuer) as server, server.http() as http:
            described = (await read(http)).operations.values()
            door = Door(http, [one for one in described if not one.public])
            given = await asyncio.to_thread(real.login, SUBJECT)
            access, identity = given["access_token"], given["id_token"]
            begun = await http.ask("PUT", "/v1/me", access, TERMS)
            if begun.status != 201:
                door.violations.append(f"a real access token: {begun.status}")
            await door.taken("a real access token", access, 200)
            head, body, signature = access.split(".")
            other = (await asyncio.to_thread(real.login, "bertil"))["access_token"].split(".")
            false = {
                "an ID token": identity,
                "a signature of another's": f"{head}.{body}.{other[2]}",
                "claims of another": f"{head}.{other[1]}.{signature}",
                "without its signature": f"{head}.{body}.",
                "the code flow's refresh token": str(given.get("refresh_token", "none")),
            }
            for told in door.guarded:
                for name, token in false.items():
                    await door.refused(told, name, f"Bearer {token}".encode())
    return _figures(door)


def _figures(door: Door, **more: Any) -> Part:
    if len(door.answers) > len(PROBLEMS):  # one of each form
        door.violations.append(f"{len(door.answers)} different texts of refusal")
    if door.violations:
        print(*door.violations, sep="\n", file=sys.stderr)
        more["examples"] = door.violations[:12]
    return Part(n=door.n, violations=len(door.violations), more=more)


if __name__ == "__main__":
    harness.run(
        "jwt",
        {"T29": corpus, "provider": provider, "T34": endings.drill},
        mutants=["T29", "provider", "T34"],
        pool_size=4,
    )
