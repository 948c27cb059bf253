"""The stage: a database made anew, secrets of its own, and a server process on a free port."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec

import cli
from api.settings import ROLES, BadSettings, Settings, variable
from domain.db import begin
from migrations import databases, embedded

DATABASE = "medverka_demo"
FOLDER = cli.ROOT / ".medverka" / "demo"
START_SECONDS = 30.0
STOP_SECONDS = 20.0


class NotServing(Exception):
    """The server did not come up. The text says where its log is."""


def settings_of(
    environ: Mapping[str, str], folder: Path = FOLDER, database: str = DATABASE
) -> Settings:
    """Of the environment only where PostgreSQL is and its passwords count. Raises BadSettings."""
    names = [variable(name) for name in ("database_url", *(f"{role}_password" for role in ROLES))]
    given = {name: environ[name] for name in names if environ.get(name)}
    port = _free_port()
    plain = Settings.from_environ(
        given
        | {"MEDVERKA_MODE": "development", "MEDVERKA_SECRET_DIR": str(folder)}
        | {"PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    )
    if not plain.database_url:
        return cli.on_cluster(plain, embedded.ensure_running(cli.OWN_SERVER), database)
    address = urlsplit(plain.database_url)
    if not address.password or len(given) < len(names):
        raise BadSettings(
            "The demo makes a database: DATABASE_URL must name an administrator with a password, "
            f"and these must be set: {', '.join(names[1:])}."
        )
    url = address._replace(path=f"/{database}").geturl()
    return msgspec.structs.replace(plain, database_url=url)


@contextmanager
def made(settings: Settings) -> Iterator[None]:
    """A new database and new secrets; of two who come at once one waits."""
    folder = settings.secret_dir
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        cli.run(_fresh_database(settings))
        yield


async def _fresh_database(settings: Settings) -> None:
    name = urlsplit(settings.database_url).path.lstrip("/")
    await databases.drop_database(settings.database_url, name)
    await cli.bring_up(settings)


@contextmanager
def serving(settings: Settings) -> Iterator[httpx.Client]:
    """A client of a real `medverka serve`, for as long as the block lasts. Raises NotServing."""
    log = settings.secret_dir / "serve.log"
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, cli.ROOT / "cli.py", "serve"],
            env=environment(os.environ, settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        # No proxy of the environment stands between this machine and itself.
        with httpx.Client(base_url=settings.public_url, timeout=60, trust_env=False) as http:
            _await_ready(http, server, log)
            yield http
    finally:
        _end(server)


def worked(settings: Settings, more: Mapping[str, str]) -> None:
    """One round of a `medverka worker`, with `more` over its environment."""
    log = settings.secret_dir / "worker.log"
    with log.open("wb") as output:
        subprocess.run(  # noqa: S603 - our own command
            [sys.executable, cli.ROOT / "cli.py", "worker", "--once"],
            env={**environment(os.environ, settings), **more},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
        )  # fmt: skip


def a_day_passed(settings: Settings) -> None:
    """As if everyone had joined a day earlier: a survey opens to none on the day of joining, at midnight."""
    cli.run(_joined_earlier(settings))


async def _joined_earlier(settings: Settings) -> None:
    conn = await asyncpg.connect(settings.dsn("worker"))
    try:
        async with begin(conn, job="demo"):
            await conn.execute("UPDATE enrolment SET enrolled_at = enrolled_at - interval '1 day'")
    finally:
        await conn.close()


def environment(environ: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The environment with these settings in the place of its own."""
    ours = {variable(name) for name in Settings.__struct_fields__}
    return (
        {name: value for name, value in environ.items() if name not in ours}
        | cli.environment(settings)
        | {"MEDVERKA_MODE": "development", "MEDVERKA_SECRET_DIR": str(settings.secret_dir)}
        | {"PORT": str(settings.port), "PUBLIC_URL": settings.public_url}
    )


def _await_ready(http: httpx.Client, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if http.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise NotServing(f"The server did not come up; it left its words in {log}.")


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
