"""T40: the catalogue's rules, as the tests have them, on a database as it is deployed."""

import inspect
from collections.abc import Awaitable, Callable, Iterator

from migrations.databases import Connection
from tests import test_catalogue
from tests.drills.harness import MUTANT, Part, Site

Rule = Callable[[Connection], Awaitable[None]]


def rules() -> Iterator[Rule]:
    """Every test there that needs the catalogue and nothing else."""
    for name, test in inspect.getmembers(test_catalogue, inspect.iscoroutinefunction):
        if name.startswith("test_") and list(inspect.signature(test).parameters) == ["admin"]:
            yield test


async def t40(here: Site) -> Part:
    """Walls are up for every table, nobody is above them, and nothing goes around them."""
    async with here.connect() as admin:
        if MUTANT:
            await open_a_wall(admin)
        broken = [rule.__name__ for rule in rules() if not await _holds(rule, admin)]
    return Part(n=len(list(rules())), violations=len(broken), more={"broken": broken})


async def open_a_wall(admin: Connection) -> None:
    """The mutant: one table has no row-level security any more."""
    await admin.execute("ALTER TABLE consent_event DISABLE ROW LEVEL SECURITY")


async def _holds(rule: Rule, admin: Connection) -> bool:
    try:
        await rule(admin)
    except AssertionError:
        return False
    return True
