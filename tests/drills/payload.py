"""`make drill-payload`: a push says nothing, and neither does a letter (`letters.py`).

T23: a message of every kind to a phone of every language and platform, about a study and a resident
with canaries in every field. None of them is in what a real worker sends to FCM, headers included;
and but for what names phone and message, all that one phone could be sent is the same.
"""

import asyncio
import re
import secrets
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec
from asyncpg import Connection

from domain.db import begin
from notifications import outbox
from notifications.devices import hash_of
from notifications.kinds import RULES, Kind
from notifications.refs import ref
from tests.drills import letters, mutant
from tests.drills.canaries import LANGUAGES, found_in, study_of_canaries
from tests.drills.commands import begin as begin_command
from tests.drills.harness import MUTANT, Part, Site, free_port, run
from tests.drills.knocked import settled
from tests.drills.mutant import Mutation
from tests.fcm.plan import Plan, Received
from tests.fcm.standin import standing_in
from tests.notifications.street import make_neighbour

PLATFORMS = ("android", "ios", "web")
KINDS = [kind for kind, rule in RULES.items() if rule.channel == "push"]
LARGEST, LONGEST_LIFE = 1024, 3600
SETTLED_SECONDS = 120.0
OWN = re.compile(r'"[0-9a-f]{32}"|(?<="apns-expiration":)"\d+"|(?<="fid":)"[^"]*"')
"""Of a message what may differ from one to the next."""

SAYING = (
    Mutation("notifications/payload.py", 'b"ref": ref(knock.message_id).encode()',
             'b"ref": str(knock.message_id).encode()'),
)  # fmt: skip
"""The mutant: the message's own id goes with it."""


class Phone(NamedTuple):
    """Whom a message of a kind goes to. `value`: what FCM knows the phone by."""

    resident_id: UUID
    kind: Kind
    language: str
    platform: str
    value: str


async def t23(here: Site) -> Part:
    """All of them, through a `medverka worker`."""
    async with here.connect() as admin:
        study, canaries = await study_of_canaries(admin)
        phones = [
            await _phone(admin, study, kind, language, platform)
            for kind in KINDS
            for language in LANGUAGES
            for platform in PLATFORMS
        ]
        canaries |= await _of_residents(admin, phones)
    received = await _received(here, phones, study)
    async with here.connect() as admin:
        messages = await admin.fetch("SELECT message_id, about FROM message")
    canaries |= {str(value) for row in messages for value in row.values() if value}
    by_target = {one.target: one for one in received}
    wrong = {
        "not_sent": sum(one.value not in by_target for one in phones),
        "canaries": sum(len(_found(one, canaries)) for one in received),
        "unlike_others": _unlike(phones, by_target),
        "unknown_refs": len(
            {_ref(one) for one in received} - {ref(r["message_id"]) for r in messages}
        ),
        "too_large": sum(len(one.body.encode()) - len(one.target) > LARGEST for one in received),
        "too_long_kept": sum(not 0 < _life(one) <= LONGEST_LIFE for one in received),
    }
    more = {
        **wrong,
        "canaries_sought": len(canaries),
        "bytes": max(len(o.body.encode()) for o in received),
    }
    return Part(n=len(received), violations=sum(wrong.values()), more=more)


async def _phone(admin: Connection, study: UUID, kind: Kind, language: str, platform: str) -> Phone:
    """A resident who has permitted the study's item, with one phone."""
    who, value = await make_neighbour(admin, phones=0), secrets.token_urlsafe(100)
    sql = """
        WITH address AS (INSERT INTO device_value (value_hash, resident_id, device_id) VALUES ($4, $1, $2)),
        said AS (INSERT INTO resident_attribute (resident_id, name, value, source, as_of)
                 VALUES ($1, 'municipality', $7, 'register', now())),
        granted AS (
            INSERT INTO consent_grant (resident_id, item_id, study_id, use, category, notice_version,
                                       recipients, ehds, status, event_seq, data_period)
            SELECT $1, item_id, $8, 'study', 'heart', 1, '{KI}', false, 'ConsentGiven', 1, '{[2020-01-01,)}'
              FROM consent_item WHERE study_id = $8)
        INSERT INTO device (resident_id, device_id, value_kind, value, value_hash, platform, language, app_version)
        VALUES ($1, $2, 'fid', $3, $4, $5, $6, $7)
    """
    digest, mark = hash_of("fid", value), f"Kiruna-{secrets.token_hex(6)}"
    await admin.execute(sql, who, uuid4(), value, digest, platform, language, mark, study)
    return Phone(who, kind, language, platform, value)


async def _of_residents(admin: Connection, phones: Sequence[Phone]) -> set[str]:
    """What nobody is to know of them: ids, attributes, versions, and what kinds of messages they get."""
    sql = """
        SELECT resident_id::text, device_id::text, a.value, app_version
          FROM device JOIN resident_attribute a USING (resident_id)
    """
    known = {value for row in await admin.fetch(sql) for value in row.values()}
    return known | {one.kind.value for one in phones} | {one.kind.name for one in phones}


async def _received(here: Site, phones: Sequence[Phone], study: UUID) -> list[Received]:
    """What FCM gets of a message to each."""
    with (
        standing_in(free_port()) as there,
        tempfile.TemporaryDirectory(prefix="medverka-mutant-") as folder,
    ):
        there.plan(Plan(headers=True))
        more = mutant.environment(Path(folder), SAYING) if MUTANT else {}
        async with here.pool(2) as pool, pool.acquire() as conn:
            for one in phones:
                async with begin(conn, resident=one.resident_id):
                    await outbox.promise(conn, one.resident_id, one.kind, uuid4(), study)
        process = await begin_command(here, "worker", **there.environ(), **more)
        drained = asyncio.create_task(process.communicate())
        await settled(here, SETTLED_SECONDS)
        process.terminate()
        await drained
        return there.received()


def _found(one: Received, canaries: Iterable[str]) -> list[str]:
    """The canaries in a request, in whatever form."""
    said = one.body + "".join(f"{name}: {text}\n" for name, text in one.headers.items())
    return found_in(said, canaries)


def _unlike(phones: Sequence[Phone], by_target: Mapping[str, Received]) -> int:
    """How many of the groups of phones that are alike are told unlike things."""
    groups = defaultdict[tuple[str, str], set[str]](set)
    for one in phones:
        if one.value in by_target:
            said = OWN.sub('""', by_target[one.value].body)
            groups[one.language, one.platform].add(said)
    return sum(len(said) != 1 for said in groups.values())


def _ref(one: Received) -> str:
    said: str = msgspec.json.decode(one.body)["message"]["data"]["ref"]
    return said


def _life(one: Received) -> float:
    """How many seconds it may be kept."""
    message = msgspec.json.decode(one.body)["message"]
    if "android" in message:
        return float(message["android"]["ttl"].rstrip("s"))
    if "webpush" in message:
        return float(message["webpush"]["headers"]["TTL"])
    late = time.time() - time.monotonic()
    return float(message["apns"]["headers"]["apns-expiration"]) - one.at - late


if __name__ == "__main__":
    parts = {"T23": t23, "T23-mail": letters.t23}
    run("payload", parts, mutants=list(parts))
