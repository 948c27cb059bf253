"""Hostile input (T35), words that must not leak (T51), and PostgreSQL away: `make drill-input`."""

from tests.drills import harness, hostile, leaks, outage
from tests.drills.bola import knocking
from tests.drills.harness import Part, Site
from tests.drills.mutant import Mutation

ECHO = (
    Mutation("api/complaints.py", "for start, words in WORDS.items():", "for start, words in ():"),
    Mutation("api/complaints.py", 'return "is not valid"', "return message"),
    Mutation("api/problems.py", "        UnicodeError: _malformed,\n", ""),
    Mutation("domain/db.py", 'await conn.execute("ROLLBACK")\n        raise', 'await conn.execute("COMMIT")\n        raise'),
)  # fmt: skip
"""Refusals in msgspec's own words, an error of a kind that is not foreseen, and halves that stay."""


async def hostility(here: Site) -> Part:
    """T35: 5xx 0, partial writes 0, user bytes in refusals 0."""
    async with knocking(here, ECHO) as door:
        return await hostile.walk(door)


LOUD = (
    Mutation("api/problems.py", 'log.error("unforeseen", error=type(error).__name__', 'log.error("unforeseen", error=str(error)'),
    Mutation("api/observability.py", '"request", method=method, route=route,', '"request", method=method, route=str(scope["raw_path"]),'),
)  # fmt: skip
"""Logs that tell the address asked for, and what went wrong in PostgreSQL's words."""

TALKATIVE = """
    ALTER ROLE medverka_api SET log_statement = 'all';
    ALTER ROLE medverka_api SET log_parameter_max_length = -1;
    ALTER ROLE medverka_api SET log_error_verbosity = 'verbose'
"""

BLUNT = (Mutation("api/problems.py", "dict.fromkeys(AWAY, _away)", "dict.fromkeys((), _away)"),)
"""PostgreSQL's absence is an error like any other."""


async def discretion(here: Site) -> Part:
    """T51: 0 canaries in logs, metrics and refusals, at the level DEBUG."""
    async with knocking(here, LOUD, TALKATIVE) as door:
        return await leaks.walk(here, door)


async def absence(here: Site) -> Part:
    """PostgreSQL is killed: 503 at once and politely, and service again soon after it is back."""
    async with knocking(here, BLUNT) as door:
        return await outage.walk(here, door)


if __name__ == "__main__":
    harness.run(
        "input",
        {"T35": hostility, "T51": discretion, "down": absence},
        mutants=["T35", "T51", "down"],
        pool_size=4,
    )
