"""The key-encryption key is changed under a server that serves, and the change is killed on its way."""

import asyncio
import random
from uuid import UUID, uuid4

from domain.donations.keys import FileKeyProvider, WrappedKey, context, new_key
from tests.drills.commands import begin as started
from tests.drills.commands import obeyed
from tests.drills.harness import Part, Site, scaled
from tests.drills.http import Http
from tests.drills.residents import done, make_study, take_part

KEYS = 20_000
READERS = 20
KILLS = 5


async def turning(here: Site) -> Part:
    """Kills while it wraps; at the end nothing names the old key, and everyone's data opens."""
    async with here.serve() as server, server.http() as http:
        study = await make_study(here)
        tokens = [here.token(f"reader {n}") for n in range(READERS)]
        for token in tokens:
            await take_part(http, token, study)
        keys = scaled(KEYS)
        await _make_keys(here, keys)
        made = await obeyed(here, "keys", "new")
        kek_id, failures, cut = made.split()[0], 0, 0
        for n in range(KILLS):
            cut += await _cut_off(here, kek_id)
            failures += await _unread(http, tokens)
            await take_part(http, here.token(f"newcomer {n}"), study)
        said = await obeyed(here, "keys", "rotate")
        named, number = await _named(here, kek_id)
        failures += await _unread(http, tokens) + await _lost(here)
    figures = {"kills": KILLS, "cut_off": cut, "last": said.split("\n")[0]}
    return Part(n=keys, violations=number - named + failures, more=figures)


async def _cut_off(here: Site, kek_id: str) -> bool:
    """Kill the change when it has stored something more. False where it was done first."""
    before, number = await _named(here, kek_id)
    process = await started(here, "keys", "rotate", kek_id)
    while process.returncode is None:
        if (await _named(here, kek_id))[0] > before:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1 * random.random())  # noqa: S311 - no secret
    if process.returncode is None:
        process.kill()
    await process.communicate()
    return (await _named(here, kek_id))[0] < number


async def _make_keys(here: Site, number: int) -> None:
    """Data keys of residents who are nothing else."""
    provider = FileKeyProvider.from_folder(here.settings.secret_dir)
    rows = []
    for _ in range(number):
        resident_id = uuid4()
        kek, wrapped = await provider.wrap(new_key(), context(resident_id, "heart", 1))
        rows.append((resident_id, "heart", 1, kek, wrapped))
    columns = ["resident_id", "scope", "version", "kek", "wrapped"]
    async with here.connect() as admin:
        await admin.copy_records_to_table("data_key", records=rows, columns=columns)


async def _unread(http: Http, tokens: list[str]) -> int:
    """How many residents do not get their samples."""
    missed = 0
    for token in tokens:
        [stream] = done(await http.get("/v1/me/streams", token)).json()["items"]
        answer = await http.get(f"/v1/me/streams/{stream['stream_id']}/samples", token)
        missed += not answer.ok or len(answer.json()["items"][0]["start"]) == 0
    return missed


async def _named(here: Site, kek_id: str) -> tuple[int, int]:
    """How many data keys the new key wraps, and how many there are."""
    async with here.connect() as admin:
        sql = "SELECT count(*) FILTER (WHERE kek = $1) AS named, count(*) AS keys FROM data_key"
        row = await admin.fetchrow(sql, kek_id)
    return (row["named"], row["keys"]) if row else (0, 0)


async def _lost(here: Site) -> int:
    """How many data keys do not open any more."""
    provider = FileKeyProvider.from_folder(here.settings.secret_dir)
    lost = 0
    async with here.connect() as admin:
        for row in await admin.fetch(
            "SELECT resident_id, scope, version, kek, wrapped FROM data_key"
        ):
            bound = context(UUID(int=row["resident_id"].int), row["scope"], row["version"])
            try:
                await provider.unwrap(WrappedKey(row["kek"], row["wrapped"]), bound)
            except Exception:  # noqa: BLE001 - whatever it is, it is lost
                lost += 1
    return lost
