"""Which app and device an Observation comes from, as far as it tells."""

from collections.abc import Iterator
from typing import TypeAlias

import msgspec
from msgspec import UNSET, Raw

from domain.donations.fhir.outcomes import Unfit
from domain.donations.fhir.resources import Extension, Observation
from domain.donations.model import Source

SENDER = "fhir"
"""The app's name where an Observation does not tell its own."""
OWN = "urn:medverka:source"
"""Our extension: `app` and the circumstances (`context.…`) as they were given."""
DEVICE = "https://bdh.stanford.edu/fhir/defs/sourceDevice"
REVISION = "https://bdh.stanford.edu/fhir/defs/sourceRevision"
"""Of HealthKitOnFHIR: the HKDevice and the HKSourceRevision of a sample."""
CONTEXT = f"{OWN}/context."
LONGEST = 200


Pairs: TypeAlias = tuple[tuple[str, str], ...]

_extension = msgspec.json.Decoder(Extension).decode


class Sources:
    """Reads the sources of one request, of which most are alike: each way of telling it once."""

    def __init__(self) -> None:
        """Begin with none read."""
        self._read: dict[bytes, Pairs] = {}
        self._made: dict[tuple[object, ...], Source] = {}

    def told(self, observation: Observation) -> Source | None:
        """The source that an Observation tells; None where it tells nothing of it. Raises Unfit."""
        said: dict[str, str] = {}
        for raw in observation.extension:
            said |= self._said(raw)
        app = said.get(f"{OWN}/app") or said.get(f"{REVISION}/source/bundleIdentifier")
        if app is None and observation.meta:
            app = observation.meta.source or None
        device = said.get(f"{DEVICE}/name") or said.get(f"{DEVICE}/model")
        device = _device(observation) or device or said.get(f"{REVISION}/productType")
        if app is None and device is None:
            return None
        context = [
            (url[len(CONTEXT) :], text) for url, text in said.items() if url.startswith(CONTEXT)
        ]
        key = (app, device, *context)
        if key not in self._made:
            self._made[key] = _source(app or SENDER, device, dict(context))
        return self._made[key]

    def _said(self, raw: Raw) -> Pairs:
        key = bytes(raw)
        found = self._read.get(key)
        if found is None:
            try:
                found = tuple(_inside(_extension(raw)))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise Unfit("invalid-resource", "resource.extension", "structure") from None
            self._read[key] = found
        return found


def _device(observation: Observation) -> str | None:
    if observation.device is UNSET:
        return None
    return observation.device.display or observation.device.reference or None


def _source(app: str, device: str | None, context: dict[str, str]) -> Source:
    made: dict[str, object] = {"app": app[:LONGEST], "device": device and device[:LONGEST]}
    if context:
        made["context"] = context
    try:
        return msgspec.convert(made, Source)
    except msgspec.ValidationError:
        raise Unfit("invalid-resource", "resource.extension", "value") from None


def _inside(one: Extension) -> Iterator[tuple[str, str]]:
    """What an extension about the source says, at all its depths."""
    if one.url.startswith((OWN, DEVICE, REVISION)):
        if one.value_string:
            yield one.url, one.value_string
        for inner in one.extension:
            yield from _inside(inner)


def extension_of(source: Source) -> dict[str, object]:
    """Our extension, so that what is given out comes from the same source when it is taken in."""
    said = {"app": source.app}
    said |= {f"context.{name}": text for name, text in dict(source.context or {}).items()}
    inner = [{"url": f"{OWN}/{name}", "valueString": text} for name, text in said.items()]
    return {"url": OWN, "extension": inner}
