"""What a study was sent, and what a resident holds in hand: read and checked as an outsider would."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from domain.consents.chain import unbroken
from domain.consents.model import ConsentEvent


class Reading(NamedTuple):
    """All that came in one stream. `whole`: its last line says that nothing is missing."""

    participants: set[str]
    measures: set[str]
    samples: list[tuple[int, float]]
    whole: bool


def reading(ndjson: bytes) -> Reading:
    """The lines of a study's stream."""
    *lines, last = [msgspec.json.decode(line) for line in ndjson.splitlines()]
    return Reading(
        {line["participant"] for line in lines},
        {line["measure"] for line in lines},
        [pair for line in lines for pair in zip(line["start"], line["value"], strict=True)],
        last["end"] and last["skipped"] == 0,
    )


def checker(jwks: Mapping[str, Any]) -> Callable[[str], Mapping[str, Any] | None]:
    """What a receipt says, by the keys published; None where it is not genuine."""
    keys = {key["kid"]: OKPKey.import_key(key) for key in jwks["keys"]}

    def said(receipt: str) -> Mapping[str, Any] | None:
        try:
            kid = jws.extract_compact(receipt.encode()).headers()["kid"]
            genuine = jws.deserialize_compact(receipt, keys[kid], algorithms=["Ed25519"])
        except (JoseError, ValueError, KeyError):
            return None
        found: Mapping[str, Any] = msgspec.json.decode(genuine.payload)
        return found

    return said


def tampered(receipt: str) -> str:
    """The receipt with one letter of what it says changed."""
    header, payload, signature = receipt.split(".")
    middle = len(payload) // 2
    other = "A" if payload[middle] != "A" else "B"
    return f"{header}.{payload[:middle]}{other}{payload[middle + 1 :]}.{signature}"


def is_chain(events: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a resident's events, newest first, are gapless and each hash follows from the last."""
    return unbroken(reversed(msgspec.convert(events, list[ConsentEvent], strict=False)))
