"""A base backup, its restore to a moment, and a server that starts on what came out of it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil

from cli import on_cluster
from migrations.embedded import running
from migrations.programs import admit_server, give_to_server, run_as_server
from tests.database import Database
from tests.drills.harness import ROOT, Server, Site, free_port
from tests.drills.http import Http

LIVE_SECONDS = 60.0
READY_SECONDS = 20.0


async def moment(here: Site) -> str:
    """A moment between what was committed and what is still to come."""
    async with here.connect() as admin:
        await asyncio.sleep(0.2)
        now: str = await admin.fetchval("SELECT clock_timestamp()::text")
        await asyncio.sleep(0.2)
    return now


async def back_up(here: Site) -> Path:
    """A base backup, as an operator makes one."""
    folder = here.folder / "restored"
    folder.mkdir(mode=0o711)
    address = urlsplit(here.database.dsn("admin"))
    passfile = folder / "passfile"
    passfile.write_text(f"*:*:*:*:{address.password}")
    passfile.chmod(0o600)
    data = folder / "data"
    data.mkdir(mode=0o700)
    give_to_server(data, passfile)
    admit_server(data)
    where = f"host={address.hostname} port={address.port} user=postgres passfile={passfile}"
    await asyncio.to_thread(
        run_as_server, folder, "pg_basebackup", "--dbname", where, "--pgdata", data,
        "--wal-method=stream", "--checkpoint=fast",
    )  # fmt: skip
    return folder


async def log_of(here: Site) -> str:
    """Where the server keeps its write-ahead log, all of it closed: the drill's archive."""
    async with here.connect() as admin:
        await admin.execute("SELECT pg_switch_wal()")
        return str(await admin.fetchval("SELECT current_setting('data_directory') || '/pg_wal'"))


@contextmanager
def restored(here: Site, folder: Path, log: str, moment: str) -> Iterator[Site]:
    """The region as it was at a moment after the backup, on a server of its own."""
    data = folder / "data"
    with (data / "postgresql.auto.conf").open("a") as conf:
        conf.write(f"restore_command = 'cp {log}/%f %p'\n")
        conf.write(f"recovery_target_time = '{moment}'\nrecovery_target_action = 'promote'\n")
    (data / "recovery.signal").touch()
    give_to_server(data / "recovery.signal")
    (folder / "secrets.json").write_bytes(msgspec.json.encode(here.database.cluster))
    with running(folder) as cluster:
        database = Database(cluster, here.database.name)
        settings = msgspec.structs.replace(
            on_cluster(here.settings, cluster), database_url=database.dsn("api")
        )
        yield Site(here.folder, database, settings)


@asynccontextmanager
async def serving(there: Site, environ: Mapping[str, str]) -> AsyncIterator[Http]:
    """A connection to a server that lives, whether or not it lets anyone in."""
    port = free_port()
    with (there.folder / f"serve-{port}.log").open("wb") as output:
        child = subprocess.Popen(  # noqa: S603, ASYNC220 - our own program; it returns at once
            [sys.executable, "cli.py", "serve", "--port", str(port)],
            cwd=ROOT, env=there.environ(environ), stdout=output, stderr=output,
        )  # fmt: skip
    server = Server(port, psutil.Process(child.pid))
    try:
        async with server.http() as http:
            await answers(http, "/health/live", LIVE_SECONDS)
            yield http
    finally:
        server.kill()


async def answers(http: Http, path: str, seconds: float) -> bool:
    """Whether it says yes within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if (await http.get(path)).ok:
                        return True
                except ConnectionError:
                    pass
                await asyncio.sleep(0.2)
    except TimeoutError:
        return False
