"""Why servers answered 503, by their own logs: a drill says which reasons it gave them."""

from collections import Counter
from http import HTTPStatus
from typing import Any

import msgspec

from tests.drills.harness import Site

BUSY = "TimeoutError"
"""No connection was free, or made, within two seconds: a machine with too much to do may say so."""
UNSAID = "unsaid"


def reasons(here: Site) -> Counter[str]:
    """The answers of 503 of all servers so far, by the class of the error behind each."""
    errors: dict[str, str] = {}
    refused: list[str] = []
    for log in here.folder.glob("serve-*.log"):
        for line in log.read_bytes().splitlines():
            said = _said(line)
            if said.get("event") == "unavailable":
                errors[said["request_id"]] = said["error"]
            elif said.get("status") == HTTPStatus.SERVICE_UNAVAILABLE:
                refused.append(said["request_id"])
    return Counter(errors.get(one, UNSAID) for one in refused)


def unexplained(found: Counter[str], *right: str) -> int:
    """How many were for other reasons than these, or than that the machine had too much to do."""
    return sum(count for reason, count in found.items() if reason not in {BUSY, *right})


def _said(line: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return {}  # granian's own lines
    return found if isinstance(found, dict) else {}
