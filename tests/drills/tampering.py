"""T45: whoever can write to the database moves, swaps and changes what is sealed. Nothing opens."""

import re
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from domain.db import new_id
from domain.donations import segments
from domain.donations.segments import NONCE, Place
from migrations.databases import Connection
from tests.drills import mutant
from tests.drills.commands import obeyed
from tests.drills.harness import MUTANT, Part, Site, p99_ms, scaled
from tests.drills.http import Answer, Http
from tests.drills.residents import NOON, Study, begin, donation, done, make_study
from tests.drills.tamperings import NUMBERS, UNBOUND, Target, tamperings

ROUNDS = 6
SEALS = 1_000_000
HOURS = 3
HOUR_MS = 3_600_000
KEEP = "00000000-0000-7000-8000-000000000011"
"""The platform's item to keep what is donated."""
DAMAGED = re.compile(rb"^medverka_damaged_total (\S+)$", re.MULTILINE)


class Person(NamedTuple):
    """A resident who has given two streams of heart rates and one of steps."""

    token: str
    resident_id: UUID
    number: str
    streams: list[UUID]


async def t45(here: Site) -> Part:
    """Each kind of tampering, read by the resident and by the study; and the nonces of many seals."""
    with tempfile.TemporaryDirectory(prefix="medverka-drill-") as folder:
        environ = mutant.environment(Path(folder), UNBOUND) if MUTANT else {}
        async with here.serve(**environ) as server, server.http() as http:
            part = await _tampered(here, http, await make_study(here), environ)
    if not MUTANT:
        repeated = _repeated_nonces(scaled(SEALS))
        part.more["nonces"] = {"n": scaled(SEALS), "repeated": repeated}
        part.violations += repeated
    return part


async def _tampered(here: Site, http: Http, study: Study, environ: Mapping[str, str]) -> Part:
    people = [
        await _give(here, http, study, "anna", "198112189876"),
        await _give(here, http, study, "bertil", "189001019802"),
    ]
    await obeyed(here, "keys", "renew", "--older-than", "0", **environ)
    for one in people:
        await _donate(http, one.token, "watch", HOURS)
    whole = await _readings(http, people[0], study, here)
    if not all(answer.ok and _ended_well(answer) for answer in whole):
        raise RuntimeError("what nobody has touched cannot be read")
    seconds: list[float] = []
    wrong: list[str] = []
    n = 0
    async with here.connect() as admin:
        await _keep(admin)
        for _ in range(scaled(ROUNDS)):
            for target in _targets(people):
                for name, sql in tamperings(target).items():
                    await admin.execute(sql)
                    begun = time.perf_counter()
                    found = await _let_pass(here, http, study, _of(people, target), name)
                    seconds.append((time.perf_counter() - begun) / 3)
                    n, wrong = n + 3, wrong + found
                    await _put_back(admin)
    figures = {"let_pass": sorted(set(wrong))}
    return Part(n=n, violations=len(wrong), p99_ms=p99_ms(seconds), more=figures)


async def _give(here: Site, http: Http, study: Study, name: str, number: str) -> Person:
    token = here.token(name, nin=number)
    resident_id = await begin(http, token)
    keeping = {"item_id": KEEP, "notice_version": 1, "language": "en", "decision": "permit"}
    answers = study.answer()["answers"] + [{**keeping, "seen_seq": 0}]
    done(await http.post("/v1/me/consent-events", token, {"answers": answers}, str(uuid4())))
    done(await http.post("/v1/me/enrolments", token, {"study_id": study.study_id}, str(uuid4())))
    for source in ("watch", "ring"):
        for hour in range(HOURS):
            await _donate(http, token, source, hour)
    await _donate(http, token, "watch", 0, "step-count")
    listed = done(await http.get("/v1/me/streams", token)).json()["items"]
    hearts = [UUID(one["stream_id"]) for one in listed if one["measure"] == "heart-rate"]
    return Person(token, resident_id, number, hearts)


async def _donate(http: Http, token: str, app: str, hour: int, measure: str = "") -> None:
    body = donation(60, NOON + hour * HOUR_MS)
    body["source"]["app"] = app
    if measure:
        [batch] = body["batches"]
        batch |= {"measure": measure, "unit": "{steps}", "end": [at + 1 for at in batch["start"]]}
    answer = done(await http.post("/v1/me/donations", token, body, str(uuid4()))).json()
    if answer["batches"][0]["accepted"] != 60:
        raise RuntimeError(answer)


def _targets(people: list[Person]) -> list[Target]:
    one, other = people
    return [_target(one, other), _target(other, one)]


def _target(person: Person, other: Person) -> Target:
    stream, second = person.streams
    return Target(person.resident_id, stream, second, other.resident_id)


def _of(people: list[Person], target: Target) -> Person:
    return next(one for one in people if one.resident_id == target.resident)


async def _let_pass(here: Site, http: Http, study: Study, person: Person, name: str) -> list[str]:
    """Which of the readings gave anything out, or raised no alarm."""
    before = await _alarms(http)
    of_own, of_study, export = await _readings(http, person, study, here)
    alarmed = await _alarms(http) > before
    wrong = {
        "silent": not alarmed,
        "resident": name != NUMBERS and (of_own.status < 500 or b"start" in of_own.body),
        "study": name != NUMBERS and _ended_well(of_study),
        "export": _ended_well(export),
    }
    return [f"{name}: {who}" for who, passed in wrong.items() if passed]


async def _readings(
    http: Http, person: Person, study: Study, here: Site
) -> tuple[Answer, Answer, Answer]:
    """By the resident, by the study, and all that the resident has."""
    own = await http.get(f"/v1/me/streams/{person.streams[0]}/samples", person.token)
    of_study = await http.get(study.samples, here.token(study.analyst))
    return own, of_study, await http.get("/v1/me/export", person.token)


def _ended_well(answer: Answer) -> bool:
    """Whether a stream says of itself that it is whole; an answer that is none is."""
    last = answer.body.rstrip().rsplit(b"\n", 1)[-1]
    return not (b'"complete":false' in last or b'"end":false' in last)


async def _alarms(http: Http) -> float:
    found = DAMAGED.search(done(await http.get("/metrics")).body)
    return float(found[1]) if found else 0.0


async def _keep(admin: Connection) -> None:
    await admin.execute("""
        CREATE TABLE kept_segment AS TABLE segment;
        CREATE TABLE kept_data_key AS TABLE data_key;
        CREATE TABLE kept_resident AS TABLE resident
    """)


async def _put_back(admin: Connection) -> None:
    await admin.execute("""
        BEGIN;
        TRUNCATE segment, data_key, resident;
        INSERT INTO segment TABLE kept_segment;
        INSERT INTO data_key TABLE kept_data_key;
        INSERT INTO resident TABLE kept_resident;
        COMMIT
    """)


def _repeated_nonces(seals: int) -> int:
    """How many of so many seals began with a nonce that another had. What is sealed does not matter."""
    place, key = Place(new_id(), new_id(), new_id(), 1), bytes(32)
    return seals - len({segments.encrypt(key, place, b"")[:NONCE] for _ in range(seals)})
