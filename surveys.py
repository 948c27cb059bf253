"""The command of `medverka` that takes questionnaires in from files."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import get_args
from uuid import UUID

import click
import msgspec

from api.settings import Settings
from domain.db import Pool, begin, open_pool
from domain.surveys import questionnaires
from domain.surveys.importing import Found, read
from domain.surveys.model import QuestionnaireThere, Topic

OPERATOR = UUID(int=0)
"""Who drafted it: the command, which no member runs."""
MOST_SHOWN = 20


@click.group("survey")
def survey() -> None:
    """Questionnaires of the region, which every study may ask."""


@survey.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))  # fmt: skip
@click.option("--category", type=click.Choice(get_args(Topic)), default="survey-other")
@click.option("--url-base", help="For those without a url: this, and their id.")
@click.option("--version", help="For those without a version.")
@click.option("--keep", is_flag=True, help="Keep what has no problems as the region's drafts.")
@click.option("--publish", is_flag=True, help="Keep them, and let studies ask them.")
@click.pass_obj
def take(
    configured: Callable[[], Settings],
    files: tuple[Path, ...],
    category: Topic,
    url_base: str | None,
    version: str | None,
    keep: bool,  # noqa: FBT001 - click's
    publish: bool,  # noqa: FBT001
) -> None:
    """Report on FHIR R4 Questionnaires in FILES; with --keep or --publish, take them in.

    Run again it changes nothing. Exits 1 where any had a problem.
    """
    found: list[Found] = []
    for path in files:
        try:
            found += read(path.read_bytes(), category, url_base, version)
        except msgspec.DecodeError:
            raise click.ClickException(f"{path} is not JSON.") from None
    kept = asyncio.run(_keep(configured(), found, publish=publish)) if keep or publish else {}
    for one in found:
        _tell(one, kept)
    if any(one.problems for one in found):
        raise click.ClickException("Not all of them can be asked here.")


def _tell(one: Found, kept: dict[str, str]) -> None:
    done = f", {kept[one.name]}" if one.name in kept else ""
    state = f"{len(one.problems)} problems" if one.problems else "can be asked"
    if one.decisive:
        state = "not to be published"
    said = f", {', '.join(one.languages)}" if one.languages else ""
    click.echo(f"{one.name}: {state}, {one.items} items{said}{done}")
    for problem in one.problems[:MOST_SHOWN]:
        click.echo(f"  {problem['path'] or 'the file'}: {problem['text']}")
    for text, urls in (("decides, and is not kept to", one.decisive), ("ignored", one.ignored)):
        for url in urls:
            click.echo(f"  {text}: {url}")


async def _keep(settings: Settings, found: list[Found], *, publish: bool) -> dict[str, str]:
    """What became of each, by its name: every one in a transaction of its own."""
    async with await open_pool(settings.dsn("api"), 1) as pool:
        return {
            one.name: await _keep_one(pool, one, publish=publish and not one.decisive)
            for one in found
            if one.draft is not None
        }


async def _keep_one(pool: Pool, one: Found, *, publish: bool) -> str:
    if one.draft is None:
        return "refused"
    try:
        async with pool.acquire() as conn, begin(conn):
            made = await questionnaires.draft(conn, None, one.draft, OPERATOR)
            if publish:
                await questionnaires.publish(conn, None, made.questionnaire_id)
    except QuestionnaireThere:
        return "was there"
    return "published" if publish else "kept as a draft"
