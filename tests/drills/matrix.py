"""T26: every operation x everyone x own, foreign, random and malformed ids in every spelling."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec
from litestar.handlers import HTTPRouteHandler

from api.app import create_app
from api.settings import Settings
from tests.drills.description import Described
from tests.drills.harness import Part
from tests.drills.http import Answer
from tests.drills.knocking import Knocker, plain
from tests.drills.operation import ALL, REGISTRARS, RESIDENTS, TEAMS, Operation, foreign
from tests.drills.operations import OPERATIONS
from tests.drills.sides import ANONYMOUS, DOORS

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")
UNDESCRIBED = frozenset({
    "/metrics", "/docs", "/docs/openapi.json", "/docs/start.js", "/docs/swagger-ui.css",
    "/docs/swagger-ui-bundle.js", "/docs/favicon-32x32.png", "/docs/openapi.yaml",
    "/docs/openapi.yml",
    "/docs/{path:str}",
})  # fmt: skip
"""What is served beside the operations; none of it is about anyone."""

RANDOM = {"seq": "999999", "name": "sex"}
MALFORMED = (
    "x",
    "0",
    "-1",
    "1.0",
    "1e3",
    "null",
    "%00",
    "%C0%80",
    "..%2F..",
    "a" * 4000,
    "%F0%9F%92%A9",
)
NUMBERS = (
    "1_0",
    "%EF%BC%91",
    "9223372036854775808",
    "-9223372036854775809",
    "0x1",
    "%201",
    "+1",
    "9" * 400,
)


async def walk(door: Knocker) -> Part:
    """Walk the whole matrix."""
    covered = uncovered(door)
    for told in door.description.operations.values():
        if told.name in OPERATIONS and told.name in covered:
            for who in DOORS:
                await _by(door, told, OPERATIONS[told.name], who)
    await _other_methods(door)
    _undescribed(door)
    total = len(door.description.operations)
    return door.figures(operations=total, covered=round(100 * len(covered) / total))


def uncovered(door: Knocker) -> frozenset[str]:
    """The operations that the table covers; each of the others is a violation."""
    covered = set()
    for name, told in door.description.operations.items():
        row = OPERATIONS.get(name)
        if row is None:
            door.wrong(f"{name}: there is no row for it in operations.py")
        elif set(told.path_names) != row.path.keys() or (told.body is None) != (row.body is None):
            door.wrong(f"{name}: its row in operations.py lacks an id or a body")
        else:
            covered.add(name)
    for name in OPERATIONS.keys() - door.description.operations.keys():
        door.wrong(f"{name}: it has a row in operations.py and does not exist")
    return frozenset(covered)


async def _by(door: Knocker, told: Described, row: Operation, who: str) -> None:
    own = await door.knock(who, told, note="own")
    if own.ok is not (who in row.doors):
        door.wrong(f"{told.name} by {who}: {own.status} for their own")
    elif not own.ok and own.status not in _refusals(row, who):
        door.wrong(f"{told.name} by {who}: refused with {own.status}")
    for name in set(told.path_names) - set(row.named):
        await _ids(door, told, row, who, name, own)
    if who in row.doors:
        await _probes(door, told, row, who)
        await _pages(door, told, who)


def _refusals(row: Operation, who: str) -> frozenset[int]:
    if who == ANONYMOUS:
        return frozenset({401})
    return frozenset({409}) if row.doors <= RESIDENTS else frozenset({403, 404})


async def _ids(
    door: Knocker, told: Described, row: Operation, who: str, name: str, own: Answer
) -> None:
    """One parameter in all ways: what one may not have is answered as what there is not."""
    side = door.world.side(who)
    mine = str(getattr(side, row.path[name]))
    another = RANDOM.get(name, str(uuid4()))
    random = await door.knock(who, told, {name: another}, note=f"random {name}")
    absent, strict = plain(random), who in row.doors and not row.chosen
    expected = random.ok if row.chosen and who in row.doors else _not_there(random, strict)
    if not expected:
        door.wrong(f"{told.name} by {who}: {random.status} for a random {name}")
    if who not in row.doors and who not in REGISTRARS and plain(own) != absent:
        door.wrong(f"{told.name} by {who}: what they may not have is told from what there is not")
    for note, value in _others(door, row, who, name):
        for spelling, spelt in [("plain", value), *_spellings(value)]:
            answer = await door.knock(who, told, {name: spelt}, note=f"{note} {name}, {spelling}")
            if not _as_absent(name, answer, absent, strict):
                door.wrong(f"{told.name} by {who}: {answer.status} for a {note} {name}, {spelling}")
    for spelling, spelt in _spellings(mine):
        answer = await door.knock(who, told, {name: spelt}, note=f"own {name}, {spelling}")
        alike = plain(answer) == plain(own) or _as_absent(name, answer, absent, strict)
        if not alike:
            door.wrong(f"{told.name} by {who}: {answer.status} for their own {name}, {spelling}")
    for spelt in (*MALFORMED, *(NUMBERS if name == "seq" else ())):
        answer = await door.knock(who, told, {name: spelt}, note=f"malformed {name}, {spelt[:20]}")
        if not _as_absent(name, answer, absent, strict):
            door.wrong(f"{told.name} by {who}: {answer.status} for the {name} {spelt[:20]}")


def _not_there(answer: Answer, strict: bool) -> bool:
    return not answer.ok and (not strict or answer.status == 404)


def _as_absent(name: str, answer: Answer, absent: str, strict: bool) -> bool:
    """What is malformed is not there. Who is not admitted may be told so before the door is asked."""
    if name == "name" and answer.status == 400:
        return True
    return plain(answer) == absent or (not strict and answer.status == 404)


def _others(door: Knocker, row: Operation, who: str, name: str) -> Iterator[tuple[str, str]]:
    """Ids that exist, and that this one must not be able to tell from a random one."""
    side = door.world.side(who)
    if name in row.theirs and (found := foreign(door.world, side, row.path[name])):
        yield "foreign", found
    if name in row.hidden and (who not in REGISTRARS or row.doors == ALL):
        yield "hidden", foreign(door.world, side, row.hidden[name]) or ""
    if name == "study_id" and row.doors != ALL and who in TEAMS & row.doors:
        yield "foreign", door.world.other(side).study_id


def _spellings(value: str) -> list[tuple[str, str]]:
    """The ways to write an id, percent-encoded for a path."""
    encoded = ("percent-encoded", "".join(f"%{byte:02X}" for byte in value.encode()))
    try:
        number = UUID(value)
    except ValueError:
        return [encoded]
    return [
        encoded,
        ("in upper case", value.upper()),
        ("in braces", quote(f"{{{value}}}", safe="")),
        ("as a URN", f"urn:uuid:{value}"),
        ("without hyphens", number.hex),
        ("with a blank before", f"%20{value}"),
        ("with a blank after", f"{value}%20"),
        ("as a number", str(number.int)),
    ]


async def _probes(door: Knocker, told: Described, row: Operation, who: str) -> None:
    """Bodies that name what there is and what there is not are answered alike."""
    side, common = door.world.side(who), door.world.common
    for name, body in row.probes.items():
        found = foreign(door.world, side, name) or ""
        there = await door.knock(who, told, body=body(side, common, found), note=f"a {name}")
        absent = body(side, common, str(uuid4()))
        not_there = await door.knock(who, told, body=absent, note=f"a random {name}")
        if plain(there) != plain(not_there):
            door.wrong(
                f"{told.name} by {who}: {there.status} for a {name}, {not_there.status} else"
            )


async def _pages(door: Knocker, told: Described, who: str) -> None:
    """A cursor of another's page begins a page of one's own."""
    if not any(one["name"] == "cursor" for one in told.parameters):
        return
    other = door.world.other(door.world.side(who))
    for key in (other.code, [other.stream_id], [other.block_id], [other.events], [2**62]):
        text = key if isinstance(key, str) else _cursor(key)
        await door.knock(who, told, query=f"cursor={text}", note="a foreign cursor")


def _cursor(key: list[Any]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


async def _other_methods(door: Knocker) -> None:
    """An address takes no method that is not described."""
    described = {(one.method, one.path) for one in door.description.operations.values()}
    for one in door.description.operations.values():
        for method in METHODS:
            if (method, one.path) not in described:
                answer = await door.knock("anna", one._replace(method=method), note=f"as {method}")
                if answer.status not in {404, 405}:
                    door.wrong(f"{method} {one.path}: {answer.status}, and it is not described")


def _undescribed(door: Knocker) -> None:
    """No route hides from the description, and with it from this matrix."""
    settings: Settings = door.world.region.settings
    for route in create_app(settings).routes:
        for handler in getattr(route, "route_handlers", ()):
            hidden = (
                isinstance(handler, HTTPRouteHandler) and not handler.resolve_include_in_schema()
            )
            if hidden and route.path not in UNDESCRIBED and handler.http_methods != {"OPTIONS"}:
                door.wrong(f"{route.path} is not described")
