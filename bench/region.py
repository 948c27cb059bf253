"""A region to measure: an own cluster and server, residents who accepted the notice, one study."""

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import psutil
from msgspec import Struct

from api import auth, development
from api.settings import Settings
from cli import bring_up, environment, on_cluster
from domain.db import new_id
from migrations.embedded import running
from tests import people

ROOT = Path(__file__).parent.parent


class Region(Struct):
    """Where to send load, and as whom."""

    settings: Settings
    port: int
    server: psutil.Process
    residents: list[UUID]
    study: UUID
    item: UUID

    def token(self, resident: UUID) -> str:
        """A new token of a resident, never seen before."""
        return self.token_of(str(resident))

    def token_of(self, subject: str) -> str:
        """A new token of any login."""
        return development.token(self.settings, subject, jti=secrets.token_hex(8))


@contextmanager
def region(residents: int, workers: int = 2) -> Iterator[Region]:
    """All of it, for as long as the block lasts. PostgreSQL is as durable as in production."""
    with tempfile.TemporaryDirectory(prefix="medverka-bench-") as folder:
        Path(folder).chmod(0o711)  # the server runs as a user of its own
        with running(Path(folder) / "postgres") as cluster:
            plain = Settings(
                mode="development", secret_dir=Path(folder) / "secrets", pool_size=8,
                port=_free_port(),
            )  # fmt: skip
            settings = on_cluster(plain, cluster)
            study, item, made = asyncio.run(_populate(settings, residents))
            with _serving(settings, workers) as server:
                yield Region(settings, settings.port, server, made, study, item)


async def _populate(settings: Settings, count: int) -> tuple[UUID, UUID, list[UUID]]:
    await bring_up(settings)
    conn = await asyncpg.connect(settings.database_url)
    secret = development.subject_secret(settings)
    made = [new_id() for _ in range(count)]
    await conn.copy_records_to_table(
        "resident", columns=["resident_id", "notice_version", "notice_language", "language"],
        records=[(r, 1, "en", "en") for r in made],
    )  # fmt: skip
    await conn.copy_records_to_table("resident_lock", records=[(r,) for r in made])
    await conn.copy_records_to_table(
        "consent_head", columns=["resident_id"], records=[(r,) for r in made]
    )
    await conn.copy_records_to_table(
        "identity", columns=["issuer", "subject_hmac", "resident_id"],
        records=[(settings.issuer, auth.subject_hmac(secret, settings.issuer, str(r)), r) for r in made],
    )  # fmt: skip
    item, study = await people.make_item(conn, ["heart", "activity"])
    member = auth.subject_hmac(secret, settings.issuer, "member")
    member_id = await conn.fetchval(
        "INSERT INTO member (issuer, subject_hmac, label) VALUES ($1, $2, 'm') RETURNING member_id",
        settings.issuer, member,
    )  # fmt: skip
    await conn.execute(
        "INSERT INTO membership (member_id, role, study_id) VALUES ($1, 'analyst', $2)",
        member_id,
        study,
    )
    code = uuid4()
    await conn.execute(
        "INSERT INTO enrolment (resident_id, study_id, code) VALUES ($1, $2, $3)",
        made[0],
        study,
        code,
    )
    await conn.execute("INSERT INTO participant_code VALUES ($1, $2, $3)", code, study, made[0])
    await conn.execute("VACUUM ANALYZE")
    await conn.close()
    return study, item, made


@contextmanager
def _serving(settings: Settings, workers: int) -> Iterator[psutil.Process]:
    env = {
        **os.environ, **environment(settings), "MEDVERKA_MODE": "development",
        "MEDVERKA_SECRET_DIR": str(settings.secret_dir), "POOL_SIZE": str(settings.pool_size),
    }  # fmt: skip
    command = [
        sys.executable,
        "cli.py",
        "serve",
        "--port",
        str(settings.port),
        "--workers",
        str(workers),
    ]
    child = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        _await_ready(settings.port)
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(20)


def _await_ready(port: int) -> None:
    for _ in range(150):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError


def _free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
