"""PostgreSQL is killed and comes back, under requests of every operation."""

import asyncio
from pathlib import Path
from time import monotonic

from migrations import embedded
from tests.drills.description import PROBLEMS
from tests.drills.harness import Part, Site, p99_ms, scaled
from tests.drills.http import Answer
from tests.drills.knocking import Knocker
from tests.drills.matrix import uncovered
from tests.drills.operations import OPERATIONS

WITHOUT_DATABASE = frozenset(
    {
        "fhir_metadata",
        "health_live",
        "measures_catalogue",
        "measures_measure",
        "problem_types_catalogue",
        "problem_types_problem_type",
        "receipts_published_keys",
    }
)
"""The operations that ask PostgreSQL nothing."""

WITHIN_SECONDS = 2.5
"""That a refusal may take: the pool waits two seconds."""
BACK_SECONDS = 5.0
ROUNDS = 3


async def walk(here: Site, door: Knocker) -> Part:
    """Kill it some times: each operation is refused with 503, then served again within 5 s."""
    folder = Path(await door.world.region.admin.fetchval("SHOW data_directory")).parent
    waited: list[float] = []
    back: list[float] = []
    n = 0
    for _ in range(scaled(ROUNDS)):
        await asyncio.to_thread(embedded.kill, folder)
        for name in sorted(uncovered(door)):
            begun = monotonic()
            answer = await _ask(door, name)
            waited.append(monotonic() - begun)
            n += 1
            if complaint := _not_as_it_should(name, answer):
                door.wrong(f"{name}: {complaint}")
            if waited[-1] > WITHIN_SECONDS:
                door.wrong(f"{name}: answered after {waited[-1]:.1f} s")
        if (here.database.cluster.port) != (
            await asyncio.to_thread(embedded.ensure_running, folder)
        ).port:
            raise RuntimeError("PostgreSQL came back elsewhere")
        back.append(await _until_served(door))
        n += 1
        if back[-1] > BACK_SECONDS:
            door.wrong(f"served again after {back[-1]:.1f} s")
    for name in ("residents_profile", "health_ready"):
        if not (await _ask(door, name)).ok:
            door.wrong(f"{name}: not served again")
    return Part(
        n=n, violations=len(door.violations), p99_ms=p99_ms(waited),
        more={"kills": len(back), "back_s": round(max(back), 2), "examples": door.violations[:8]},
    )  # fmt: skip


async def _ask(door: Knocker, name: str) -> Answer:
    told, row = door.description.operations[name], OPERATIONS[name]
    who = min(row.doors & (door.members.keys() | {"anna"}))
    path, body, headers = door.request(told, row, door.world.side(who))
    return await door.http.ask(told.method, path, door.tokens[who], body, headers)


def _not_as_it_should(name: str, answer: Answer) -> str | None:
    if name in WITHOUT_DATABASE:
        return None if answer.ok else f"{answer.status}, though it needs no database"
    if answer.status != 503:
        return f"{answer.status} without a database"
    if not answer.headers.get("retry-after", "").isdigit():
        return "503 without Retry-After"
    if not answer.headers.get("content-type", "").startswith(PROBLEMS):
        return "503 without a problem document"
    return None


async def _until_served(door: Knocker) -> float:
    begun = monotonic()
    while not (await _ask(door, "residents_profile")).ok:
        if monotonic() - begun > 2 * BACK_SECONDS:
            break
        await asyncio.sleep(0.05)
    return monotonic() - begun
