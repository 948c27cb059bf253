"""The `medverka` command, run as an operator runs it."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

from msgspec import Struct

from tests.drills.harness import ROOT, Site


class Said(Struct, frozen=True):
    """How a command ended, and what it printed."""

    code: int
    text: str


async def begin(here: Site, *words: str, **environ: str) -> Process:
    """A command that runs. `environ` goes over what it starts with."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "cli.py", *words),
        cwd=ROOT, env=here.environ(environ), stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def command(here: Site, *words: str, **environ: str) -> Said:
    """A command, to its end."""
    process = await begin(here, *words, **environ)
    out, err = await process.communicate()
    return Said(process.returncode or 0, (out + err).decode())


async def obeyed(here: Site, *words: str, **environ: str) -> str:
    """A command that must end well.

    Raises:
        RuntimeError: it did not.

    """
    said = await command(here, *words, **environ)
    if said.code:
        raise RuntimeError(f"{' '.join(words)}: {said.text[-1000:]}")
    return said.text
