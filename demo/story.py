"""The story: a resident consents, donates, is read, withdraws, and is gone. Every step is checked."""

import os
import time
from collections.abc import Callable
from functools import partial

import httpx
from rich.console import Console
from rich.markup import escape

import cli
from api import development
from api.settings import BadSettings, Settings
from demo import stage
from demo.chapters import Story
from demo.knocking import standing_in
from demo.series import Series, heart_rate
from demo.telling import Broken, Cast, Person, Telling
from domain.caller import PlatformRole
from migrations.programs import ServerFailed

MEMBERS: dict[str, PlatformRole] = {
    "stina": "steward",
    "sven": "steward",
    "dora": "data-protection-officer",
}
WIDTH = 140
"""Columns, where what we print to is no terminal."""
AFTERWARDS = """\
Try it yourself: [bold]make serve[/], then read http://127.0.0.1:8000/docs
The checkout's own PostgreSQL, where it was used, runs on: [bold].venv/bin/python cli.py stop[/]"""


def play(settings: Settings | None = None, heart: Series | None = None) -> int:
    """Play it and show it; the exit status. By default on the checkout's server, with a month."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    telling, began = Telling(console), time.perf_counter()
    try:
        _play(settings or stage.settings_of(os.environ), heart, telling, console)
    except (Broken, BadSettings, ServerFailed, stage.NotServing, httpx.HTTPError) as error:
        console.print(f"[bold red]The story broke off.[/] {escape(str(error))}")
        return 1
    seconds = time.perf_counter() - began
    console.print(f"[bold green]All {telling.checks} checks held[/], in {seconds:.0f} s.")
    console.print(AFTERWARDS)
    return 0


def _play(settings: Settings, heart: Series | None, telling: Telling, console: Console) -> None:
    origin, month = heart_rate() if heart is None else ("a short series", heart)
    console.print(f"[bold]Anna's watch[/]: {origin}, {len(month.start):,} samples.\n")
    with stage.made(settings):
        for subject, role in MEMBERS.items():
            cli.run(cli.add_member(settings, settings.issuer, subject, subject.title(), role))
        with stage.serving(settings) as http, standing_in() as bell:
            cast, work = _cast(settings, http, telling), partial(stage.worked, settings)
            story = Story(cast, settings.issuer, month, bell, work)
            _tell(story, partial(stage.a_day_passed, settings), telling)


def _tell(story: Story, a_day_passed: Callable[[], None], telling: Telling) -> None:
    chapters: dict[str, Callable[[], None]] = {
        "A study is opened, by two stewards": story.a_study_is_opened,
        "Silence is not consent": story.silence_is_not_consent,
        "A month is donated, and stored once": story.a_month_is_donated,
        "A study reads what was consented to": story.the_study_reads,
        "A receipt is checked by the published key": story.a_receipt_is_checked,
        "A push arrives, and says nothing": story.a_push_arrives,
        "A survey is asked, answered and read": partial(story.a_survey_is_answered, a_day_passed),
        "A pause": story.a_pause,
        "A withdrawal": story.a_withdrawal,
        "Anna takes everything along, and is erased": story.all_is_taken_along_and_erased,
    }
    for number, (title, chapter) in enumerate(chapters.items(), start=1):
        with telling.chapter(f"{number}. {title}"):
            chapter()


def _cast(settings: Settings, http: httpx.Client, telling: Telling) -> Cast:
    def person(subject: str, **claims: object) -> Person:
        token = development.token(settings, subject, **claims)
        return Person(subject.title(), http, token, telling)

    return Cast(
        stina=person("stina"),
        sven=person("sven"),
        dora=person("dora"),
        lea=person("lea"),
        maja=person("maja"),
        anna=person("anna"),
        anna_again=lambda: person("anna", auth_time=int(time.time()) + 1),
        bertil=person("bertil"),
        visitor=Person("Anyone", http, None, telling),
    )
