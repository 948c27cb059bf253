"""Object-level authorisation (T26) and mass assignment (T28): `make drill-bola`.

The matrix is made from the running server's description: every operation, by everyone, with own,
foreign, random and malformed ids. After each request the whole database is compared with what it
was: a refusal changes nothing, a yes changes what is the caller's own.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.api.region import Region
from tests.drills import harness, matrix, properties
from tests.drills.harness import MUTANT, Part, Site
from tests.drills.knocking import Knocker
from tests.drills.mutant import Mutation, environment
from tests.drills.world import build

NO_OWNER = (
    Mutation(
        "domain/consents/blocks.py",
        "WHERE resident_id = $1 AND block_id = $2 AND source",
        "WHERE $1::uuid IS NOT NULL AND block_id = $2 AND source",
    ),
    Mutation("notifications/inbox.py", "WHERE m.resident_id = $1", "WHERE $1::uuid IS NOT NULL"),
)
"""Without these words, and the policies behind them, one reads another's inbox and lifts their blocks."""

NO_POLICY = """
    ALTER POLICY own ON block USING (true);
    ALTER POLICY own ON message USING (true);
"""

LENIENT = (
    Mutation("domain/fields.py", "forbid_unknown_fields=True", "forbid_unknown_fields=False"),
)


@asynccontextmanager
async def knocking(
    here: Site, mutations: tuple[Mutation, ...], sql: str = ""
) -> AsyncIterator[Knocker]:
    """A region with everything in it, kept as it is, and a server that is knocked at.

    With MUTANT=1 the mutations are in force, and the SQL has been run.
    """
    with TemporaryDirectory() as folder:
        more = environment(Path(folder), mutations) if MUTANT else {}
        if MUTANT and sql:
            async with here.connect() as admin:
                await admin.execute(sql)
        async with (
            here.serve(**more) as server,
            here.connect() as admin,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client,
            server.http() as http,
        ):
            world = await build(Region(admin, here.settings, client))
            yield await Knocker.ready(world, http, admin)


async def authorisation(here: Site) -> Part:
    """T26: 0 cross reads, 0 cross writes, every operation covered."""
    async with knocking(here, NO_OWNER, NO_POLICY) as door:
        return await matrix.walk(door)


async def assignment(here: Site) -> Part:
    """T28: 0 mass assignments, 0 fields that are not in the schema."""
    async with knocking(here, LENIENT) as door:
        return await properties.walk(door)


if __name__ == "__main__":
    harness.run(
        "bola", {"T26": authorisation, "T28": assignment}, mutants=["T26", "T28"], pool_size=4
    )
