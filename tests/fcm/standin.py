"""Start the stand-in, plan what it does, and read what it received."""

import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fcm.authority import Files, certified, pem
from tests.fcm.plan import Plan, Received

HOST = "127.0.0.1"
PROJECT = "stand-in"
READY_SECONDS = 20.0
ROOT = Path(__file__).parent.parent.parent


class StandIn:
    """A running stand-in, with an account that may send through it."""

    def __init__(self, port: int, files: Files, account: Path) -> None:
        self.port = port
        self.address = f"https://{HOST}:{port}"
        self.files = files
        self.authority = files.authority
        """Whom a client has to trust, in PEM."""
        self.account = account
        """A service account's file, as GOOGLE_APPLICATION_CREDENTIALS names it."""
        self._http = httpx.Client(verify=self.trust())

    def trust(self) -> ssl.SSLContext:
        """A client's context that trusts it."""
        return ssl.create_default_context(cafile=self.authority)

    def environ(self) -> dict[str, str]:
        """What a process of ours needs to push to it."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.account),
            "MEDVERKA_FCM_URL": self.address,
            "MEDVERKA_FCM_AUTHORITY": str(self.authority),
        }

    def plan(self, plan: Plan) -> None:
        """How it answers from now on. What waits, waits by the plan before."""
        sent = self._http.put(f"{self.address}/plan", content=msgspec.json.encode(plan))
        sent.raise_for_status()

    def received(self, start: int = 0) -> list[Received]:
        """What came, in order, from the `start`-th on."""
        got = self._http.get(f"{self.address}/received?{start}")
        return msgspec.json.decode(got.raise_for_status().content, type=list[Received])

    def count(self) -> int:
        """How many requests came."""
        return int(self._http.get(f"{self.address}/count").raise_for_status().json())

    def ready(self) -> bool:
        """Whether it answers."""
        with suppress(httpx.TransportError):
            return self.count() >= 0
        return False

    def close(self) -> None:
        self._http.close()


@contextmanager
def standing_in(port: int) -> Iterator[StandIn]:
    """A stand-in on this port for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="medverka-fcm-") as name:
        folder = Path(name)
        files = certified(folder, HOST)
        child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.fcm.serve", str(port), files.certificate, files.key],
            cwd=ROOT,
        )
        here = StandIn(port, files, service_account(folder, f"https://{HOST}:{port}/token"))
        try:
            _wait(here, child)
            yield here
        finally:
            here.close()
            child.terminate()
            child.wait()


def _wait(here: StandIn, child: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + READY_SECONDS
    while not here.ready():
        if child.poll() is not None or time.monotonic() > until:
            raise TimeoutError("the stand-in does not answer")
        time.sleep(0.05)


def service_account(folder: Path, token_uri: str) -> Path:
    """An account's file with a new key, whose tokens come from here."""
    path = folder / "service-account.json"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    said = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "1",
        "private_key": pem(key).decode(),
        "client_email": "worker@stand-in.example",
        "client_id": "1",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(said))
    path.chmod(0o600)
    return path
