"""Residents who donate: with a consent in force and a history of samples sealed under their own keys.

The first of a region lives it over HTTP: gives consent, and uploads. The others get copies of the
rows that came of it, each with keys, streams and segments of their own: what differs between two
residents' rows differs here, and a hundred thousand of them take seconds.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Connection, Record
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api import data_keys
from bench.load import post, run
from bench.region import Region
from bench.series import Supply, upload
from domain.db import new_id
from domain.donations.keys import FileKeyProvider, WrappedKey, context, new_key
from domain.donations.segments import NONCE, Place

TABLES = ("consent_grant", "data_key", "stream", "segment")
AT_ONCE = 5_000
HISTORY = 4
"""Uploads of a thousand samples that every resident has made before."""

Row = dict[str, Any]
Rows = dict[str, list[Row]]


class Lived(NamedTuple):
    """The first resident's rows, and what is in their segments."""

    rows: Mapping[str, Sequence[Record]]
    packed: Mapping[UUID, bytes]


async def settle(here: Region, supply: Supply) -> None:
    """Give each of the region's residents consent and history, and let PostgreSQL look them over."""
    first, *others = here.residents
    await _live(here, first, supply)
    keys = data_keys.provider(here.site.settings)
    async with here.site.connect() as conn:
        lived = await _lived(conn, keys, first)
        for some in _in_parts(others):
            rows: Rows = {table: [] for table in TABLES}
            for resident in some:
                await _copy(lived, keys, resident, rows)
            for table, copies in rows.items():
                await _store(conn, table, copies)
        await conn.execute("VACUUM ANALYZE")
        await conn.execute("CHECKPOINT")


async def consent(here: Region, resident: UUID) -> None:
    """Let the resident permit the study's item, for data of the past too."""
    answer = {
        "item_id": here.item, "notice_version": 1, "language": "en",
        "decision": "permit", "seen_seq": 0, "past": True,
    }  # fmt: skip
    said = {"answers": [answer]}
    given = post("/v1/me/consent-events", here.token(resident), said, "consent")
    (await run(here.server.port, 1, [given])).expect(201)


async def _live(here: Region, resident: UUID, supply: Supply) -> None:
    await consent(here, resident)
    past = [
        post("/v1/me/donations", here.token(resident), upload(supply.past(n)), f"past-{n}")
        for n in range(HISTORY)
    ]
    (await run(here.server.port, 1, past)).expect(200)


async def _lived(conn: "Connection[Record]", provider: FileKeyProvider, resident: UUID) -> Lived:
    found = {
        table: await conn.fetch(f"SELECT * FROM {table} WHERE resident_id = $1", resident)  # noqa: S608
        for table in TABLES
    }
    keys = {
        (row["scope"], row["version"]): await provider.unwrap(
            WrappedKey(row["kek"], row["wrapped"]), context(resident, row["scope"], row["version"])
        )
        for row in found["data_key"]
    }
    packed = {
        row["segment_id"]: AESGCM(keys[row["category"], row["key_version"]]).decrypt(
            row["body"][:NONCE], row["body"][NONCE:], _place(dict(row)).bound()
        )
        for row in found["segment"]
    }
    return Lived(found, packed)


async def _copy(lived: Lived, provider: FileKeyProvider, resident: UUID, into: Rows) -> None:
    """The same rows for another resident, with ids, keys and seals of their own."""
    keys: dict[tuple[str, int], bytes] = {}
    for row in lived.rows["data_key"]:
        key = keys[row["scope"], row["version"]] = new_key()
        wrapped = await provider.wrap(key, context(resident, row["scope"], row["version"]))
        own = {"resident_id": resident, "kek": wrapped.kek_id, "wrapped": wrapped.sealed}
        into["data_key"].append({**row, **own})
    into["consent_grant"] += [
        {**row, "resident_id": resident} for row in lived.rows["consent_grant"]
    ]
    streams = {row["stream_id"]: new_id() for row in lived.rows["stream"]}
    for row in lived.rows["stream"]:
        own = {"resident_id": resident, "stream_id": streams[row["stream_id"]]}
        into["stream"].append({**row, **own})
    for row in lived.rows["segment"]:
        own = {
            "resident_id": resident,
            "stream_id": streams[row["stream_id"]],
            "segment_id": new_id(),
        }
        copy = {**row, **own}
        nonce, key = os.urandom(NONCE), keys[row["category"], row["key_version"]]
        packed = lived.packed[row["segment_id"]]
        copy["body"] = nonce + AESGCM(key).encrypt(nonce, packed, _place(copy).bound())
        into["segment"].append(copy)


def _place(row: Mapping[str, Any]) -> Place:
    return Place(row["resident_id"], row["stream_id"], row["segment_id"], row["key_version"])


async def _store(conn: "Connection[Record]", table: str, rows: Sequence[Row]) -> None:
    if rows:
        records = [tuple(row.values()) for row in rows]
        await conn.copy_records_to_table(table, columns=list(rows[0]), records=records)


def _in_parts(residents: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [residents[at : at + AT_ONCE] for at in range(0, len(residents), AT_ONCE)]
