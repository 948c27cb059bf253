"""A PostgreSQL of one's own, for demo, drills, tests and one-machine use.

It lives in one folder:

    secrets.json   port, passwords and socket, mode 0600
    data/          PostgreSQL's, with server.log and its socket
    lock, users    file locks: they end with their holder, however it ends
"""

import fcntl
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec
import psutil

from migrations.programs import PROGRAMS, ServerFailed, admit_server, give_to_server, run_as_server

HOST = "127.0.0.1"
LOGIN_ROLES = ("api", "worker", "migrator", "auditor")
START_SECONDS = 60
LONGEST_SOCKET = 80
"""Bytes of a folder whose socket's name still fits into the 107 that Unix gives it."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "password_encryption": "scram-sha-256",
    "max_connections": "300",
    "shared_buffers": "512MB",
    "max_locks_per_transaction": "256",  # a batch locks 500 residents
    "track_commit_timestamp": "on",  # who came first, a use or a withdrawal
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors of statements are the application's to tell; their texts carry people's values.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class Cluster(msgspec.Struct, frozen=True):
    """Where a cluster listens, and the passwords of its administrator and of the login roles."""

    port: int
    admin_password: str
    role_passwords: dict[str, str]
    host: str = HOST
    sockets: str = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.host}:{self.port})"  # no passwords in any traceback

    def dsn(self, role: str, database: str = "postgres") -> str:
        """The address for `admin`, `api`, `worker`, `migrator` or `auditor`."""
        return f"postgresql://{self._login(role)}@{self.host}:{self.port}/{database}"

    def nearby(self, role: str, database: str = "postgres") -> str:
        """The same by the Unix socket, where there is one: a round trip costs a third less."""
        if not self.sockets:
            return self.dsn(role, database)
        where = urlencode({"host": self.sockets, "port": self.port})
        return f"postgresql://{self._login(role)}@/{database}?{where}"

    def _login(self, role: str) -> str:
        if role == "admin":
            user, password = "postgres", self.admin_password
        else:
            user, password = f"medverka_{role}", self.role_passwords[role]
        return f"{user}:{quote(password, safe='')}"


def ensure_running(folder: Path, settings: Mapping[str, str] | None = None) -> Cluster:
    """The folder's cluster, made and started where it is not; it runs until `stop`.

    `settings` go over the ones here and count from the next start.
    """
    with _locked(folder):
        return _up(folder, settings or {})


@contextmanager
def running(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """The folder's cluster for as long as the block lasts; the last of its users stops it."""
    with (_made(folder) / "users").open("w") as users:
        with _locked(folder):
            cluster = _up(folder, settings or {})
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield cluster
        finally:
            with _locked(folder):
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass  # someone else still uses it
                else:
                    _halt(folder, "fast")


def stop(folder: Path) -> None:
    """Let it write out what it has, and stop it. Nothing happens where it does not run."""
    with _locked(folder):
        _halt(folder, "fast")


def kill(folder: Path, *, immediate: bool = False) -> None:
    """Crash it for a drill: `kill -9`, or PostgreSQL's own immediate shutdown."""
    with _locked(folder):
        postmaster = _postmaster(folder)
        if postmaster is None:
            return
        if immediate:
            _halt(folder, "immediate")
            return
        backends = postmaster.children()
        postmaster.kill()
        # They notice on their own that it is gone, and hold the shared memory until they have.
        _, slow = psutil.wait_procs([postmaster, *backends], timeout=10)
        for backend in slow:
            backend.kill()


def _made(folder: Path) -> Path:
    folder = folder.resolve()
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    return folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (_made(folder) / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _up(folder: Path, settings: Mapping[str, str]) -> Cluster:
    folder = folder.resolve()
    if not (folder / "data").exists():
        _make(folder)
    cluster = msgspec.json.decode((folder / "secrets.json").read_bytes(), type=Cluster)
    if _postmaster(folder) is None:
        cluster = _start(folder, cluster, {**SETTINGS, **settings})
    _await_ready(folder)
    return cluster


def _make(folder: Path) -> None:
    """`initdb` beside, then one rename: a folder named `data` is always whole."""
    fresh = folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    cluster = Cluster(0, secrets.token_hex(24), {r: secrets.token_hex(24) for r in LOGIN_ROLES})
    password = folder / "password"
    _write_secret(password, cluster.admin_password.encode())
    give_to_server(fresh, password)
    admit_server(fresh, PROGRAMS)
    try:
        run_as_server(
            folder, "initdb", "--pgdata", fresh, "--username=postgres", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            "--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions",
        )  # fmt: skip
    finally:
        password.unlink()
    with (fresh / "postgresql.conf").open("a") as conf:
        conf.write("include 'medverka.conf'\n")
    _write_secret(folder / "secrets.json", msgspec.json.encode(cluster))
    fresh.rename(folder / "data")


def _on_a_free_port(folder: Path, cluster: Cluster) -> Cluster:
    """The port of last time; another where it is taken meanwhile."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, cluster.port))
        except OSError:
            probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    sockets = str(folder / "data")
    if len(sockets.encode()) > LONGEST_SOCKET:
        sockets = ""
    if (port, sockets) != (cluster.port, cluster.sockets):
        cluster = msgspec.structs.replace(cluster, port=port, sockets=sockets)
        _write_secret(folder / "secrets.json", msgspec.json.encode(cluster))
    return cluster


def _start(folder: Path, cluster: Cluster, settings: Mapping[str, str]) -> Cluster:
    # A port that was free may be taken before PostgreSQL takes it, and what a crash left of the
    # server before (which still holds its memory) takes a moment to notice and go.
    for _ in range(5):
        cluster = _on_a_free_port(folder, cluster)
        try:
            listening = {"port": str(cluster.port), "unix_socket_directories": cluster.sockets}
            _launch(folder / "data", {**settings, **listening})
        except ServerFailed:
            time.sleep(1)
        else:
            return cluster
    raise ServerFailed(_last_words(folder))


def _launch(data: Path, settings: Mapping[str, str]) -> None:
    _disown(data / "postmaster.pid")
    conf = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    (data / "medverka.conf").write_text(conf)
    give_to_server(data / "medverka.conf")
    admit_server(data, PROGRAMS)
    run_as_server(
        data.parent, "pg_ctl", "start", "--pgdata", data, "--log", data / "server.log",
        "--wait", f"--timeout={START_SECONDS}", "--silent",
    )  # fmt: skip
    run_in_batches(int((data / "postmaster.pid").read_text().split("\n")[0]))


def run_in_batches(process: int = 0) -> None:
    """Let a process (0: this one) and its children to come work on where another wakes, as throughput wants it.

    By default who wakes goes first: on few processors servers and backends then take turns within each request.
    """
    with suppress(OSError):  # it may be forbidden here, and is for speed alone
        os.sched_setscheduler(process, os.SCHED_BATCH, os.sched_param(0))


def _disown(pid: Path) -> None:
    """Let a start pass by a number that is another program's by now.

    PostgreSQL passes by the number of who starts it. The file stays: by its other lines
    PostgreSQL sees whether anything of the crashed server is left that could still write.
    """
    if pid.exists():
        _, *rest = pid.read_text().split("\n")
        pid.write_text("\n".join([str(os.getpid()), *rest]))


def _halt(folder: Path, mode: str) -> None:
    if _postmaster(folder) is not None:
        data = folder.resolve() / "data"
        run_as_server(
            folder, "pg_ctl", "stop", "--pgdata", data, f"--mode={mode}", "--wait", "--silent"
        )


def _postmaster(folder: Path) -> psutil.Process | None:
    """The server's process. A number left by a crash may be another program's by now."""
    data = folder.resolve() / "data"
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().split("\n")[0]))
        return process if str(data) in process.cmdline() else None
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess, psutil.ZombieProcess):
        return None


def _await_ready(folder: Path) -> None:
    """Whoever started it may have been killed before it was up."""
    until = time.monotonic() + START_SECONDS
    while "ready" not in (folder / "data" / "postmaster.pid").read_text():
        if time.monotonic() > until or _postmaster(folder) is None:
            raise ServerFailed(_last_words(folder))
        time.sleep(0.05)


def _last_words(folder: Path) -> str:
    log = folder / "data" / "server.log"
    return "\n".join(log.read_text().splitlines()[-10:]) if log.exists() else ""


def _write_secret(path: Path, content: bytes) -> None:
    """Whole or not at all, and never readable by others."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    beside.rename(path)
