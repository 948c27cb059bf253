"""T35: each operation x field x mutation. Refused whole and politely, or valid by the description."""

import codecs
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NoReturn
from urllib.parse import quote, unquote_plus

import msgspec

from tests.drills.apart import FORMS, SILENT, Place, refuses
from tests.drills.description import Described
from tests.drills.harness import Part, scaled
from tests.drills.http import Answer
from tests.drills.knocking import Knocker, Shot
from tests.drills.matrix import uncovered
from tests.drills.mutations import (
    BYTES,
    CANARY,
    DIGITS,
    HEADERS,
    KEYS,
    TEXTS,
    VALUES,
    Mutation,
    placed,
    renamed,
)
from tests.drills.operations import OPERATIONS
from tests.drills.properties import variant

BY_SCHEMA = "the description allows the value"
BY_ENTRY = "the rest is taken, that entry refused"
LENIENT: dict[str, str] = {
    "Accept-Language": "what cannot be read of it is passed over (RFC 9110, 12.5.4)",
    "X-Request-Id": "one that is none is replaced",
    "User-Agent": "it is not looked at",
    "Cookie": "it is not looked at",
    "Accept": "there is one representation",
    "an unknown parameter": "it is not looked at",
    "every member twice": "the last one counts, and there is one reader",
}
"""Why a yes to these is right whatever they hold."""

PLACES = ("Idempotency-Key", "If-Match", "Accept-Language", "App-Version", "X-Request-Id", "User-Agent",
          "Cookie", "Accept")  # fmt: skip
TYPES = tuple(
    ("Content-Type", text)
    for text in (
        "", "text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/json-patch+json", "application/jsonp",
        "application/json; charset=utf-16", "application/json; charset=latin-1", "json", "*/*", CANARY,
    )
) + tuple(
    ("Content-Encoding", text)
    for text in ("gzip", "br", "zstd", "deflate", "gzip, gzip", "identity, gzip", CANARY)
)  # fmt: skip
_encoded = partial(quote, safe="")
NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}")


class Attack:
    """One operation under attack, by someone who may do it."""

    def __init__(
        self, door: Knocker, told: Described, valid: Counter[str], form: Mapping[str, Any]
    ) -> None:
        self.door = door
        self.told = told
        self.row = OPERATIONS[told.name]
        self.who = min(self.row.doors & (door.members.keys() | {"anna"}))
        self.valid = valid
        self.shots: list[Shot] = []
        make = self.row.body
        self.body = make(door.world.side(self.who), door.world.common) | form if make else None

    async def control(self) -> None:
        """Without a mutation it is answered with a yes, or the rest would prove nothing."""
        answer = await self.door.knock(self.who, self.told, body=self.body, note="control")
        if not answer.ok:
            self.door.wrong(f"{self.told.name}: {answer.status} without a mutation")

    async def fields(self) -> None:
        """Every field of the body, also those that are mostly left out."""
        if self.told.body is None:
            return
        for turn, (path, in_map) in enumerate(places(self.door, self.told.body, self.body)):
            at = "".join(f"/{step}" for step in path)
            for one in _some(turn, openly=in_map):
                raw = placed(self.body, path, one.raw)
                await self._send(raw, f"{at} {one.name}", never=one.never, place=path)
            for raw in KEYS if in_map else ():
                named = renamed(self.body, path, raw)
                await self._send(named, f"{at} named {raw[:20]!r}", never=False, place=path)
            await self._fire()

    async def whole(self) -> None:
        """The body as a whole: its type, coding, form and ends."""
        if self.body is None:
            return
        plain = msgspec.json.encode(self.body)
        for one in VALUES:
            await self._send(one.raw, f"body {one.name}", never=one.never)
        for note, raw in _wholes(plain):
            await self._send(raw, note, never=note not in LENIENT)
        for name, value in TYPES:
            await self._send(plain, f"{name}: {value}", never=True, headers={name: value})
        for member in self.body:
            left = {name: value for name, value in self.body.items() if name != member}
            await self._send(msgspec.json.encode(left), f"without {member}", never=False)
        await self._fire()

    async def parameters(self) -> None:
        """Query, headers and path."""
        for one in self.told.parameters:
            if one["in"] == "query":
                await self._query(one)
        asked = {one["name"] for one in self.told.parameters} | {"App-Version"}
        for text in (CANARY, "\x00", "[]"):
            await self._ask("an unknown parameter", {"query": f"{self.row.query}&x={quote(text)}"})
        for name in PLACES:
            for text in HEADERS if name in asked else (CANARY, CANARY * 40, "\xff\xfe"):
                await self._ask(name, {"headers": {name: text}})
        for name in self.told.path_names:
            for text in (*map(_encoded, TEXTS), *BYTES):
                if text:
                    await self._path(name, text)

    async def _query(self, one: dict[str, Any]) -> None:
        others = [
            part for part in self.row.query.split("&") if not part.startswith(f"{one['name']}=")
        ]
        for text in TEXTS:
            query = "&".join([*others, f"{one['name']}={_encoded(text)}"])
            await self._ask(one["name"], {"query": query}, one["schema"], text)
        for raw in BYTES:
            query = "&".join([*others, f"{one['name']}={raw}"])
            await self._ask(one["name"], {"query": query}, one["schema"], unquote_plus(raw))

    async def _path(self, name: str, text: str) -> None:
        answer = await self.door.knock(
            self.who, self.told, {name: text}, note=f"{name}={text[:40]}"
        )
        named = name in self.row.named and NAME.fullmatch(text)
        self._judge(answer, f"{name}={text[:40]}", BY_SCHEMA if named else None)

    async def _ask(
        self, name: str, more: dict[str, Any], schema: dict[str, Any] | None = None, text: str = ""
    ) -> None:
        note = f"{name}: {str(more)[:60]!r}"
        answer = await self.door.knock(self.who, self.told, note=note, **more)
        reason = LENIENT.get(name)
        if name in {"Idempotency-Key", "App-Version", "If-Match"}:
            reason = _header_is_fine(self.told, name, more["headers"][name])
        elif schema is not None:
            takes = self.door.description.takes
            reason = BY_SCHEMA if any(takes(schema, value) for value in _readings(text)) else None
            if text == "null":
                reason = "null is nothing"
        self._judge(answer, note, reason)

    async def _send(
        self,
        raw: bytes,
        note: str,
        *,
        never: bool,
        headers: Mapping[str, str] | None = None,
        place: Place = (),
    ) -> None:
        reason = LENIENT.get(note)
        if not never and reason is None and self._allows(raw):
            reason = BY_SCHEMA
        if reason is None:
            self.shots.append(Shot(raw, note, headers or {}, place))
        else:
            answer = await self.door.knock(self.who, self.told, body=raw, note=note)
            self._judge(answer, note, reason)

    async def _fire(self) -> None:
        """What must be refused, all of it since the last time."""
        shots, self.shots = self.shots, []
        answers = await self.door.volley(self.who, self.told, shots) if shots else []
        for shot, answer in zip(shots, answers, strict=True):
            apart = refuses(self.told.name, answer, shot.place)
            self._judge(answer, shot.note, BY_ENTRY if apart else None)

    def _allows(self, raw: bytes) -> bool:
        try:
            value = json.loads(raw.decode(), parse_constant=_refuse)
            return self.door.description.takes(self.told.body or {}, value)
        except (ValueError, RecursionError, OverflowError):
            return False

    def _judge(self, answer: Answer, note: str, reason: str | None) -> None:
        if not answer.ok or self.told.name in SILENT:
            text = answer.body.decode(errors="replace")
            if CANARY in text or CANARY[:7] in text or DIGITS in text:
                self.door.wrong(f"{self.told.name} {note}: the answer repeats what was sent")
        if answer.ok and reason is None:
            self.door.wrong(
                f"{self.told.name} {note}: {answer.status}, and nothing says that it is valid"
            )
        elif answer.ok and reason:
            self.valid[reason] += 1


async def walk(door: Knocker) -> Part:
    """Attack every operation."""
    valid: Counter[str] = Counter()
    for name in sorted(uncovered(door)):
        attack = Attack(door, door.description.operations[name], valid, {})
        await attack.control()
        await attack.fields()
        await attack.whole()
        await attack.parameters()
        for form in FORMS.get(name, ()):
            attack = Attack(door, door.description.operations[name], valid, form)
            await attack.control()
            await attack.fields()
    return door.figures(valid=dict(valid))


def _some(turn: int, *, openly: bool) -> list[Mutation]:
    """Half of the mutations (with `N=2` all), a quarter where what may stand there is left open: most is taken."""
    chosen = {0} if openly else {1, 3}
    return [one for n, one in enumerate(VALUES) if scaled(1) > 1 or (n + turn) % 4 in chosen]


def places(
    door: Knocker, schema: dict[str, Any], value: Any, path: Place = (), *, in_map: bool = False
) -> Iterator[tuple[Place, bool]]:
    """Every place below a body's root, and whether it is a map's entry; a list's last stands for all."""
    if path:
        yield path, in_map
    found = variant(door, schema)
    if isinstance(value, dict):
        for name, inner in found.get("properties", {}).items():
            yield from places(door, inner, value.get(name), (*path, name))
        for name in value.keys() - found.get("properties", {}).keys():
            inner = found.get("additionalProperties") or {}
            yield from places(door, inner, value[name], (*path, name), in_map=True)
    elif isinstance(value, list) and value:
        last = len(value) - 1  # what stands before it has been done when it is refused
        yield from places(door, found.get("items", {}), value[last], (*path, last))


def _wholes(plain: bytes) -> Iterator[tuple[str, bytes]]:
    text = plain.decode()
    yield "empty", b""
    yield "every member twice", plain[:-1] + b"," + plain[1:] if plain != b"{}" else b"[]"
    yield "with a byte order mark", codecs.BOM_UTF8 + plain
    for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037"):
        yield coding, text.encode(coding)
    yield "twice", plain + plain
    yield "two lines", plain + b"\n" + plain
    yield "with something after", plain + CANARY.encode()
    yield "with NUL after", plain + b"\0"
    yield "cut", plain[:-1]
    yield "in a list", b"[" + plain + b"]"
    yield "as a text", msgspec.json.encode(text)
    yield "as a form", b"a=1&b=" + CANARY.encode()
    yield "compressed", zlib.compress(plain)


def _readings(text: str) -> Iterator[Any]:
    """What a text in a query can stand for."""
    yield text
    yield [text]
    if re.fullmatch(r"-?[0-9]{1,400}", text):
        yield int(text)
    if text.lower() in {"true", "1", "false", "0"}:
        yield True


def _header_is_fine(told: Described, name: str, text: str) -> str | None:
    """Why a yes may follow a header that is made to be refused."""
    found = [one for one in told.parameters if one["name"] == name]
    if name == "App-Version":
        if "426" not in told.responses:
            return "App-Version never refuses here"
        return "it is a version" if not text or VERSION.fullmatch(text.strip()) else None
    if not found:
        return f"{name} is not asked for"
    if not text and not found[0].get("required"):
        return f"{name} may be left out"  # an empty one is not sent at all
    if name == "Idempotency-Key":
        fine = 0 < len(text.strip()) <= 255 and all("!" <= letter <= "~" for letter in text.strip())
        return "it is a key" if fine else None
    return "it is an ETag" if re.fullmatch(r'"[0-9]{1,18}"', text) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
