"""A region to measure: an own cluster and server, residents who accepted the notice, one study."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from msgspec import Struct
from msgspec.structs import replace

from api import auth, development
from api.settings import Settings
from domain.db import Connection, new_id
from migrations.embedded import Cluster
from tests import people
from tests.drills.harness import Server, Site, site

MEMBER = "member"
"""The login of one who works in the study."""


class Region(Struct):
    """Where to send load, and as whom."""

    site: Site
    server: Server
    residents: list[UUID]
    study: UUID
    item: UUID

    def token(self, subject: object) -> str:
        """A new token of a login, never seen before. A resident's login is their id."""
        return self.site.token(str(subject), jti=secrets.token_hex(8))


@asynccontextmanager
async def region(
    cluster: Cluster, residents: int, workers: int = 2, name: str = "bench"
) -> AsyncIterator[Region]:
    """All of it, for as long as the block lasts."""
    async with site(cluster, name, pool_size=16) as here:
        database = here.database.name
        nearby = replace(here.settings, database_url=cluster.nearby("api", database))
        here = replace(here, settings=nearby)  # noqa: PLW2901
        async with here.connect() as conn:
            made = await _people(conn, here.settings, residents)
            study, item = await _study(conn, here.settings, made[0])
            await conn.execute("VACUUM ANALYZE")
        async with here.serve(WORKERS=str(workers)) as server:
            yield Region(here, server, made, study, item)


async def _people(conn: Connection, settings: Settings, count: int) -> list[UUID]:
    secret = development.subject_secret(settings)
    made = [new_id() for _ in range(count)]
    rows: dict[tuple[str, ...], list[tuple[object, ...]]] = {
        ("resident", "resident_id", "notice_version", "notice_language", "language"): [
            (r, 1, "en", "en") for r in made
        ],
        ("resident_lock", "resident_id"): [(r,) for r in made],
        ("consent_head", "resident_id"): [(r,) for r in made],
        ("identity", "issuer", "subject_hmac", "resident_id"): [
            (settings.issuer, auth.subject_hmac(secret, settings.issuer, str(r)), r) for r in made
        ],
    }
    for (table, *columns), records in rows.items():
        await conn.copy_records_to_table(table, columns=columns, records=records)
    return made


async def _study(conn: Connection, settings: Settings, participant: UUID) -> tuple[UUID, UUID]:
    """A study with one item, one member and one participant."""
    item, study = await people.make_item(conn, ["heart", "activity"])
    digest = auth.subject_hmac(development.subject_secret(settings), settings.issuer, MEMBER)
    sql = """
        WITH made AS (INSERT INTO member (issuer, subject_hmac, label) VALUES ($1, $2, 'm')
                      RETURNING member_id)
        INSERT INTO membership (member_id, role, study_id) SELECT member_id, 'analyst', $3 FROM made
    """
    await conn.execute(sql, settings.issuer, digest, study)
    code = uuid4()
    sql = "INSERT INTO enrolment (resident_id, study_id, code) VALUES ($1, $2, $3)"
    await conn.execute(sql, participant, study, code)
    await conn.execute("INSERT INTO participant_code VALUES ($1, $2, $3)", code, study, participant)
    return study, item
