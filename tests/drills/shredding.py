"""T44: residents are erased or withdraw, a backup of before is restored, and the restore procedure is run."""

from typing import NamedTuple
from uuid import UUID, uuid4

from domain.damage import Damaged
from domain.donations.keys import FileKeyProvider, WrappedKey, context
from domain.donations.segments import Place, unseal
from migrations.databases import Connection
from tests.drills.commands import obeyed
from tests.drills.harness import MUTANT, Part, Site, scaled
from tests.drills.http import Http
from tests.drills.residents import NOON, Study, begin, donation, done, make_study, take_part
from tests.drills.restoring import (
    READY_SECONDS,
    answers,
    back_up,
    log_of,
    moment,
    restored,
    serving,
)

SHREDDED = 100
OTHERS = 50
HOUR_MS = 3_600_000
GIVEN = 20
"""Samples of each of the others: ten before the backup, and ten after."""


class Person(NamedTuple):
    """A resident who takes part, and the login."""

    token: str
    resident_id: UUID


class Region(NamedTuple):
    """Those who are erased, and those who stay, of whom every second one withdraws."""

    gone: list[Person]
    others: list[Person]

    @property
    def withdrawn(self) -> list[Person]:
        return self.others[::2]


async def t44(here: Site) -> Part:
    """Half of the erased close the account, the others a category. A replay left out is the mutant."""
    journal = here.folder / "journal"
    environ = {"MEDVERKA_ERASURE_JOURNAL": str(journal)}
    await obeyed(here, "journal", "export", str(journal))
    async with here.serve(**environ) as server, server.http() as http:
        region = await _people(here, http)
        backup = await back_up(here)
        for one in region.others:
            await _donate(http, one)
        before = await moment(here)
        await _shred(http, region.gone)
        await _withdraw(http, region.withdrawn)
        await obeyed(here, "worker", "--once", **environ)
    with restored(here, backup, await log_of(here), before) as there:
        if MUTANT:
            return await _verdict(there, region, refused=0)
        async with serving(there, environ) as http:
            refused = await _refused(http, [*region.gone, *region.others])
            await obeyed(there, "journal", "replay", str(journal))
            again = await obeyed(there, "journal", "replay", str(journal))
            part = await _verdict(there, region, refused)
            let_in = await answers(http, "/health/ready", READY_SECONDS)
            part.violations += (not let_in) + (" 0 missing" not in again)
            part.violations += sum([await _shown(http, one) != GIVEN for one in region.others])
            return part


async def _people(here: Site, http: Http) -> Region:
    study = await make_study(here)
    return Region(
        [await _person(here, http, study, f"gone {n}") for n in range(scaled(SHREDDED))],
        [await _person(here, http, study, f"other {n}") for n in range(scaled(OTHERS))],
    )


async def _person(here: Site, http: Http, study: Study, name: str) -> Person:
    token = here.token(name)
    await take_part(http, token, study)
    return Person(token, await begin(http, token))


async def _donate(http: Http, one: Person) -> None:
    body = donation(10, NOON + HOUR_MS)
    done(await http.post("/v1/me/donations", one.token, body, str(uuid4())))


async def _shred(http: Http, gone: list[Person]) -> None:
    for n, one in enumerate(gone):
        if n % 2:
            done(await http.ask("DELETE", "/v1/me?confirm=erase", one.token))
        else:
            wish = {"scope": "category", "category": "heart", "effect": "erase"}
            done(await http.post("/v1/me/withdrawals", one.token, wish, str(uuid4())))


async def _withdraw(http: Http, some: list[Person]) -> None:
    for one in some:
        wish = {"scope": "everything", "effect": "no-further-use"}
        done(await http.post("/v1/me/withdrawals", one.token, wish, str(uuid4())))


async def _refused(http: Http, everyone: list[Person]) -> int:
    """How many are told, as is the proxy in front, that nobody is let in before the replay."""
    ready = await http.get("/health/ready")
    if ready.status != 503 or b"/erasures-missing" not in ready.body:
        return 0
    return sum([(await http.get("/v1/me", one.token)).status == 503 for one in everyone])


async def _verdict(there: Site, region: Region, refused: int) -> Part:
    everyone = len(region.gone) + len(region.others)
    async with there.connect() as admin:
        keys = FileKeyProvider.from_folder(there.settings.secret_dir)
        gone = [await _decrypted(admin, keys, one) for one in region.gone]
        others = [await _decrypted(admin, keys, one) for one in region.others]
        in_force = await _in_force(admin, region.withdrawn)
    decrypted, whole = sum(map(bool, gone)), others.count(GIVEN)
    figures = {
        "shredded": len(gone),
        "decrypted": decrypted,
        "others": len(others),
        "others_whole": whole,
        "withdrawn": len(region.withdrawn),
        "in_force_again": in_force,
        "refused_before_replay": refused,
    }
    wrong = decrypted + in_force + len(others) - whole + (0 if MUTANT else everyone - refused)
    return Part(n=everyone, violations=wrong, more=figures)


async def _decrypted(admin: Connection, keys: FileKeyProvider, one: Person) -> int:
    """How many samples someone with the database and the key-encryption key gets out of it."""
    sql = """
        SELECT s.stream_id, s.segment_id, s.category, s.key_version, s.body, k.kek, k.wrapped
          FROM segment s JOIN data_key k USING (resident_id)
         WHERE resident_id = $1 AND k.scope = s.category AND k.version = s.key_version
    """
    found = 0
    for row in await admin.fetch(sql, one.resident_id):
        bound = context(one.resident_id, row["category"], row["key_version"])
        place = Place(one.resident_id, row["stream_id"], row["segment_id"], row["key_version"])
        try:
            key = await keys.unwrap(WrappedKey(row["kek"], row["wrapped"]), bound)
            found += len(unseal(key, place, row["body"]).start)
        except Damaged:
            continue
    return found


async def _in_force(admin: Connection, withdrawn: list[Person]) -> int:
    """How many of those who withdrew have a consent in force."""
    sql = """
        SELECT count(DISTINCT resident_id) AS residents
          FROM consent_grant
         WHERE resident_id = ANY($1) AND NOT isempty(data_period)
    """
    found: int = await admin.fetchval(sql, [one.resident_id for one in withdrawn])
    return found


async def _shown(http: Http, one: Person) -> int:
    """How many samples the resident is shown."""
    [stream] = done(await http.get("/v1/me/streams", one.token)).json()["items"]
    answer = await http.get(f"/v1/me/streams/{stream['stream_id']}/samples", one.token)
    return sum(len(batch["start"]) for batch in done(answer).json()["items"])
