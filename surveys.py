"""Commands of `medverka` for the region's questionnaires, which every study may ask."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args
from uuid import UUID

import asyncpg
import click
import msgspec
from msgspec import Struct

from api.settings import Settings
from domain.db import Connection, begin, open_pool
from domain.errors import NotFound, Refusal
from domain.surveys import importing, questionnaires
from domain.surveys.importing import Found, Lacking, Report
from domain.surveys.model import Faulty, QuestionnaireInUse, QuestionnaireThere, Topic

OPERATOR = UUID(int=0)
"""Who drafts the region's questionnaires: no member of a team, but whoever may run this."""

Verdict = Literal["publishable", "keepable", "kept", "published", "there", "refused"]
Configured = Callable[[], Settings]
Done = TypeVar("Done")

SAID = {
    "publishable": "It can be published.",
    "keepable": "It can be kept as a draft. It is not published: what is decisive is not kept to.",
    "kept": "Kept as a draft of the region.",
    "published": "Published for every study.",
    "there": "It was there already, to the letter.",
    "refused": "Refused.",
}


class Judged(Struct, frozen=True, kw_only=True):
    """A file, what became of it, and of each of its questionnaires."""

    file: str
    verdict: Verdict
    problems: list[dict[str, str]] = []
    questionnaires: list[tuple[Verdict, Report]] = []


@click.group()
def survey() -> None:
    """The region's questionnaires."""


@survey.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--keep", "wish", flag_value="keep", help="Store them as the region's drafts.")
@click.option("--publish", "wish", flag_value="publish", help="Store and publish them.")
@click.option(
    "--category", type=click.Choice(get_args(Topic)), default="survey-other", show_default=True,
    help="The topic of the answers, which residents consent to. A draft in our form says its own.",
)  # fmt: skip
@click.option("--url-base", metavar="URL", help="Before the id of what has no url.")
@click.option("--version-if-missing", metavar="V", help="The version of what has none.")
@click.option("--status-if-missing", type=click.Choice(["draft", "active", "unknown"]))
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON document.")
@click.pass_obj
def take(
    configured: Configured,
    /,
    files: tuple[Path, ...],
    wish: str | None,
    *,
    as_json: bool,
    **lacking: str | None,
) -> None:
    """Look FILES over: Questionnaires of FHIR R4, Bundles of them, or drafts with what they declare.

    Without --keep or --publish nothing is stored. Each file is taken whole or not at all, and may be
    given again. Exits 1 where one is refused.
    """
    supplied = Lacking(
        category=lacking["category"],  # type: ignore[arg-type] # the option offers no others
        url_base=lacking["url_base"],
        version=lacking["version_if_missing"],
        status=lacking["status_if_missing"],
    )
    judged = _judged(files, supplied, wish, configured)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(judged)))
    for one in () if as_json else judged:
        _tell(one)
    if any(one.verdict == "refused" for one in judged):
        raise click.exceptions.Exit(1)


@survey.command()
@click.argument("canonical", metavar="URL|VERSION")
@click.pass_obj
def retire(configured: Configured, /, canonical: str) -> None:
    """Let no study ask URL|VERSION any more. What was asked may still be answered."""
    url, _, version = canonical.rpartition("|")

    async def work(conn: Connection) -> str:
        async with begin(conn):
            found = await questionnaires.id_of_region(conn, url, version)
            return (await questionnaires.retire(conn, None, found)).status

    try:
        click.echo(_run(configured(), work))
    except NotFound:
        raise click.ClickException("The region has no such questionnaire.") from None
    except QuestionnaireInUse:
        raise click.ClickException("A schedule asks it: end it before.") from None


def _judged(
    files: Sequence[Path], lacking: Lacking, wish: str | None, configured: Configured
) -> list[Judged]:
    bodies = [path.read_bytes() for path in files]

    async def each(conn: "Connection | None") -> list[Judged]:
        return [
            await _one(conn, path, body, lacking, publish=wish == "publish")
            for path, body in zip(files, bodies, strict=True)
        ]

    if wish is None:
        return asyncio.run(each(None))
    return _run(configured(), each)


async def _one(
    conn: "Connection | None", path: Path, body: bytes, lacking: Lacking, *, publish: bool
) -> Judged:
    try:
        found = importing.read(body, path.stem, lacking)
    except Faulty as no:
        return Judged(file=str(path), verdict="refused", problems=no.extension["faults"])
    reports = [importing.report(one) for one in found]
    verdicts: list[Verdict] = [_verdict(one) for one in reports]
    problems: list[dict[str, str]] = []
    if conn and "refused" not in verdicts:
        try:
            async with begin(conn):
                verdicts = [await _stored(conn, one, publish=publish) for one in found]
        except (Refusal, asyncpg.DataError) as no:
            verdicts, problems = ["refused"] * len(found), _why(no)
    whole: Verdict = "refused" if "refused" in verdicts else verdicts[0]
    told = list(zip(verdicts, reports, strict=True))
    return Judged(file=str(path), verdict=whole, problems=problems, questionnaires=told)


def _verdict(report: Report) -> Verdict:
    if report.problems:
        return "refused"
    return "keepable" if report.decisive else "publishable"


async def _stored(conn: Connection, found: Found, *, publish: bool) -> Verdict:
    """Keep it, once. Raises Refusal."""
    there = None
    try:
        one = await questionnaires.draft(conn, None, found.draft, OPERATOR)
    except QuestionnaireThere:
        there = await questionnaires.same_of_region(conn, found.draft)
        if there is None:
            raise
        one = there
    if not publish:
        return "there" if there else "kept"
    await questionnaires.publish(conn, None, one.questionnaire_id)
    return "there" if one.status == "active" else "published"


def _why(no: Exception) -> list[dict[str, str]]:
    if isinstance(no, Faulty):
        faults: list[dict[str, str]] = no.extension["faults"]
        return faults
    text = f"{type(no).__doc__} {no}" if isinstance(no, Refusal) else "PostgreSQL cannot hold it."
    return [{"path": "Questionnaire", "code": "refused", "text": text.strip()}]


def _tell(judged: Judged) -> None:
    click.echo(_shown(judged.file))
    for problem in judged.problems:
        click.echo(_shown(f"  FAULT {problem['path']}: {problem['text']}"))
    for verdict, report in judged.questionnaires:
        for line in _lines(report):
            click.echo(_shown(f"  {line}"))
        click.echo(f"  = {SAID[verdict]}")
    if judged.verdict == "refused":
        click.echo("  Nothing of this file is stored.")


def _lines(report: Report) -> list[str]:
    """What stands in a report, a line each."""
    names = ", ".join(url.rpartition("/")[2] for url in report.kept_to)
    items = ", ".join(f"{count} {kind}" for kind, count in report.items.items())
    declared = (
        f"scores: {report.scores}, safety rules: {report.safety_rules}, facts: {report.facts}"
    )
    return [
        f"{report.url or '(no url)'}|{report.version or '(no version)'} {report.title or ''}".rstrip(),
        f"{sum(report.items.values())} items: {items}; languages: {', '.join(report.languages) or 'not said'}",
        f"{declared}; extensions kept to: {names or 'none'}",
        *(f"FAULT {one['path']}: {one['text']}" for one in report.problems),
        *(
            f"{'DECISIVE, ' if one.decisive else ''}not kept to: {one.path} {one.url} {one.text}"
            for one in report.unsupported
        ),
    ]


def _shown(text: str) -> str:
    """A stranger's words steer no terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _run(settings: Settings, work: Callable[[Connection], Awaitable[Done]]) -> Done:
    """As the API's role, which alone may store questionnaires."""

    async def inside() -> Done:
        options: dict[str, Any] = {"command_timeout": None}
        async with (
            await open_pool(settings.dsn("api"), 1, **options) as pool,
            pool.acquire() as conn,
        ):
            return await work(conn)

    try:
        return asyncio.run(inside())
    except OSError as error:
        raise click.ClickException(f"{type(error).__name__}: {error.strerror}") from None
