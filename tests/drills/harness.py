"""What every drill stands on: a PostgreSQL and a database of its own, real server processes, a verdict.

`N=` multiplies the sizes, `MUTANT=1` takes the protection away. All of it is in temporary folders
and gone at the end, however the drill ends.
"""

import asyncio
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NoReturn

import asyncpg
import msgspec
import psutil
from msgspec import Struct

from api import development
from api.settings import Settings
from cli import environment, on_cluster
from domain.db import open_pool
from migrations.databases import bootstrap_roles, connected, create_database, drop_database
from migrations.embedded import Cluster, running
from migrations.runner import migrate
from tests.database import Database
from tests.drills.http import HOST, Http

ROOT = Path(__file__).parent.parent.parent
READY_SECONDS = 60.0
KILLED_SECONDS = 10.0
LONGEST_SECONDS = 250
"""That a part may take up to N=1: one that hangs fails."""

MUTANT = os.environ.get("MUTANT", "") not in {"", "0"}


def scaled(size: int) -> int:
    """A default size times `N`."""
    return max(1, round(size * float(os.environ.get("N") or 1)))


class Part(Struct, kw_only=True):
    """One row of the drills' table: how many cases, how many went wrong, and more figures of its own.

    `p99_ms` where it measures something that has a bar.
    """

    n: int
    violations: int
    p99_ms: float | None = None
    more: dict[str, Any] = {}

    def line(self) -> dict[str, Any]:
        found: dict[str, Any] = {"n": self.n, "violations": self.violations, **self.more}
        return found if self.p99_ms is None else {**found, "p99_ms": self.p99_ms}


class Server(Struct, frozen=True):
    """One `medverka serve`: granian's parent and its workers."""

    port: int
    process: psutil.Process

    def http(self) -> Http:
        """A new connection to it; `async with` closes it."""
        return Http(self.port)

    def kill(self) -> None:
        """`kill -9`, all of its processes at once."""
        try:
            everyone = [self.process, *self.process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for one in everyone:
            try:
                one.kill()
            except psutil.NoSuchProcess:
                continue
        self.process.wait(KILLED_SECONDS)
        until = monotonic() + KILLED_SECONDS
        while not all(map(_is_over, everyone)) and monotonic() < until:
            sleep(0.005)


class Site(Struct, frozen=True):
    """A region for one drill: its folder, its database, and the settings its servers start with."""

    folder: Path
    database: Database
    settings: Settings

    def token(self, subject: str, **claims: object) -> str:
        """An access token of the development issuer. The same subject is the same person."""
        return development.token(self.settings, subject, **claims)

    def connect(
        self, role: str = "admin"
    ) -> AbstractAsyncContextManager["asyncpg.Connection[asyncpg.Record]"]:
        """A connection as `admin`, `api`, `worker` or `auditor`."""
        return connected(self.database.dsn(role))

    @asynccontextmanager
    async def pool(
        self, size: int, role: str = "api"
    ) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
        """A pool as the application makes it."""
        pool = await open_pool(self.database.dsn(role), size)
        try:
            yield pool
        finally:
            pool.terminate()

    @asynccontextmanager
    async def serve(self, **environ: str) -> AsyncIterator[Server]:
        """A `medverka serve` on a free port that answers. `environ` goes over what it starts with."""
        server = await self.start(**environ)
        try:
            yield server
        finally:
            server.kill()

    async def start(self, **environ: str) -> Server:
        """As `serve`; who starts it ends it, or the end of the drill does."""
        port = free_port()
        log = self.folder / f"serve-{port}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(  # noqa: S603, ASYNC220 - our own program; it returns at once
                [sys.executable, "cli.py", "serve", "--port", str(port)],
                cwd=ROOT, env=self.environ(environ), stdout=output, stderr=output,
            )  # fmt: skip
        server = Server(port, psutil.Process(child.pid))
        try:
            await _ready(server)
        except BaseException:
            server.kill()
            print(log.read_text()[-2000:], file=sys.stderr)
            raise
        return server

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """What a process of ours needs to work on this region, and `more` over it."""
        given = {
            "MEDVERKA_MODE": "development",
            "MEDVERKA_SECRET_DIR": str(self.settings.secret_dir),
            "POOL_SIZE": str(self.settings.pool_size),
            "MEDVERKA_SMTP_SENDER": "medverka@region.example",
        }
        return {**_plain(os.environ), **environment(self.settings), **given, **more}


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what would configure a server of the developer's own."""
    ours = ("MEDVERKA_", "OIDC_", "GOOGLE_")
    return {name: text for name, text in environ.items() if not name.startswith(ours)}


async def _ready(server: Server) -> None:
    until = monotonic() + READY_SECONDS
    async with server.http() as http:
        while True:
            try:
                if (await http.get("/health/ready")).ok:
                    return
            except ConnectionError:
                pass
            if monotonic() > until or _is_over(server.process):
                raise TimeoutError
            await asyncio.sleep(0.1)


def _is_over(process: psutil.Process) -> bool:
    """Whether it runs no more. Where its parent is gone too, it may be long until someone asks for it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def site(cluster: Cluster, name: str, pool_size: int = 10) -> AsyncIterator[Site]:
    """A region of its own on the cluster, migrated and empty."""
    database = f"medverka_{name.lower()}"
    await create_database(cluster.dsn("admin"), database)
    await migrate(cluster.dsn("migrator", database))
    with tempfile.TemporaryDirectory(prefix="medverka-drill-") as folder:
        settings = Settings(
            mode="development", secret_dir=Path(folder) / "secrets", pool_size=pool_size
        )
        settings = msgspec.structs.replace(
            on_cluster(settings, cluster), database_url=cluster.dsn("api", database)
        )
        try:
            yield Site(Path(folder), Database(cluster, database), settings)
        finally:
            _end_servers()
    await drop_database(cluster.dsn("admin"), database)


@contextmanager
def own_cluster(settings: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """A PostgreSQL with its roles, in a folder that goes with it. As durable as in production."""
    with (
        tempfile.TemporaryDirectory(prefix="medverka-drill-") as folder,
        running(Path(folder) / "postgres", settings) as cluster,
    ):
        asyncio.run(bootstrap_roles(cluster.dsn("admin"), cluster.role_passwords))
        yield cluster


def _end_servers() -> None:
    """Those that `start` left: children of this process that serve."""
    for child in psutil.Process().children():
        if "cli.py" in child.cmdline():
            Server(0, child).kill()


DrillPart = Callable[[Site], Awaitable[Part]]


def run(
    drill: str, parts: Mapping[str, DrillPart], mutants: Sequence[str], *, pool_size: int = 10
) -> NoReturn:
    """Run the parts one after the other, each in a region of its own; print the verdict and exit.

    With MUTANT=1 only the parts named in `mutants` run; each must find what it lets happen
    (a part asks `MUTANT`, and takes its protection away itself).
    """
    signal.signal(signal.SIGTERM, _leave)
    chosen = {name: part for name, part in parts.items() if not MUTANT or name in mutants}
    done: dict[str, Part] = {}
    with own_cluster() as cluster:
        for name, part in chosen.items():
            done[name] = asyncio.run(_run(part, cluster, name, pool_size))
            print(name, msgspec.json.encode(done[name].line()).decode(), flush=True)
    _say(drill, done)
    passed = all((part.violations > 0) == MUTANT and part.n > 0 for part in done.values())
    sys.exit(0 if done and passed else 1)


async def _run(part: DrillPart, cluster: Cluster, name: str, pool_size: int) -> Part:
    begun = monotonic()
    try:
        async with (
            asyncio.timeout(max(LONGEST_SECONDS, scaled(LONGEST_SECONDS))),
            site(cluster, name, pool_size) as here,
        ):
            done = await part(here)
    except Exception as error:  # noqa: BLE001 - the verdict is to be told all the same
        traceback.print_exc()
        done = Part(n=0, violations=1, more={"failed": repr(error)})
    return msgspec.structs.replace(done, more={**done.more, "took_s": round(monotonic() - begun)})


def _say(drill: str, done: Mapping[str, Part]) -> None:
    latencies = [part.p99_ms for part in done.values() if part.p99_ms is not None]
    verdict = {
        "drill": drill,
        "n": sum(part.n for part in done.values()),
        "violations": sum(part.violations for part in done.values()),
        "p99_ms": max(latencies, default=None),
        "mutant": MUTANT,
        "parts": {name: part.line() for name, part in done.items()},
    }
    print(msgspec.json.encode(verdict).decode(), flush=True)


def _leave(*_: object) -> NoReturn:
    """End by an exception, so that all that was started is ended too."""
    sys.exit(1)


def p99_ms(seconds: Sequence[float]) -> float:
    """By the nearest rank, in milliseconds."""
    ordered = sorted(seconds)
    return round(ordered[max(0, math.ceil(len(ordered) * 0.99) - 1)] * 1000, 1)
