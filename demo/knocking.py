"""A push arrives: at a stand-in for Google's service, from a real `medverka worker`."""

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

import cli
from demo.telling import Cast, Json

PHONE, TABLET = "a-phones-address", "a-tablets-address"
Work = Callable[[Mapping[str, str]], None]
"""One round of a worker, with this over its environment."""


class Bell(NamedTuple):
    """The stand-in: how a worker is told of it, and what it got."""

    address: Mapping[str, str]

    def received(self) -> list[Json]:
        """The messages, as FCM would get them."""
        url, authority = (self.address[f"MEDVERKA_FCM_{x}"] for x in ("URL", "AUTHORITY"))
        trust = ssl.create_default_context(cafile=authority)
        got = httpx.get(f"{url}/received?0", verify=trust, trust_env=False)
        return [json.loads(one[-1])["message"] for one in got.raise_for_status().json()]


@contextmanager
def standing_in() -> Iterator[Bell]:
    """A stand-in for Firebase Cloud Messaging, over HTTP/2 and TLS, for as long as the block lasts."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fcm"],
        cwd=cli.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        try:
            line = child.stdout.readline() if child.stdout else b""
            yield Bell(json.loads(line or b"{}"))
        finally:
            if child.stdin:
                child.stdin.close()  # it ends with its input


def a_push_arrives(cast: Cast, bell: Bell, work: Work) -> None:
    """Anna's phone is knocked on when another device is added; the knock says nothing else."""
    anna = cast.anna
    for what, value in (("registers her phone", PHONE), ("and a tablet", TABLET)):
        anna.does(
            what, f"PUT /v1/me/devices/{uuid4()}", lambda d: d["platform"],
            json={"value_kind": "fid", "value": value, "platform": "android", "language": "en"},
        )  # fmt: skip
    began = time.perf_counter()
    work(bell.address)
    pushed = {one["fid"]: one for one in bell.received()}
    said = pushed.get(PHONE, {}).get("notification", {})
    anna.tells(
        "the phone is knocked on, the tablet is not", "medverka worker", _lock_screen(said), began,
        held=pushed.keys() == {PHONE},
    )  # fmt: skip
    inbox = anna.does(
        "what it is about stands in her inbox", "GET /v1/me/messages",
        lambda page: str(page["items"][0]["title"]),
        holds=lambda page: page["items"][0]["kind"] == "device-added",
    )  # fmt: skip
    sent = json.dumps(pushed[PHONE])
    anna.tells(
        "her app finds it by the knock's reference", "offline", f"{len(sent)} bytes through Google",
        time.perf_counter(),
        held=inbox["items"][0]["ref"] == pushed[PHONE]["data"]["ref"]
        and not any(word in sent for word in _private(inbox["items"][0])),
    )  # fmt: skip


def _lock_screen(said: Mapping[str, str]) -> str:
    return f"{said.get('title')}: {said.get('body')}"


def _private(message: Mapping[str, Any]) -> list[str]:
    return [message[name] for name in ("message_id", "kind", "title", "body")]
