"""Telling: each call is a row of a table, with what was checked of its answer."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import httpx
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST_SECONDS = 60.0

Json: TypeAlias = dict[str, Any]
Holds = Callable[[Json], bool]
Says = Callable[[Json], str]


class Broken(Exception):
    """Something that the story promises did not happen. The text tells what was answered."""


class Telling:
    """The tables, chapter by chapter. The first check that does not hold ends the story."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._table = Table()
        self.checks = 0

    @contextmanager
    def chapter(self, title: str) -> Iterator[None]:
        """What happens in the block is shown as one table, also where it breaks off."""
        self._table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, expand=True)
        for name, share in (("who", 2), ("what", 10), ("request", 9), ("answer", 10)):
            self._table.add_column(name, ratio=share, overflow="fold")
        self._table.add_column("ms", justify="right")
        self._table.add_column("", width=1)
        try:
            yield
        finally:
            self._console.print(self._table)

    def step(self, who: str, what: str, request: str, answer: str, ms: float, held: bool) -> None:  # noqa: FBT001 - a row
        """Show a step. Raises Broken where its check did not hold."""
        mark = "[green]✓[/]" if held else "[bold red]✗[/]"
        cells = (who, what, ID.sub("…", request), answer)
        self._table.add_row(*map(escape, cells), f"{ms:,.0f}", mark)
        if not held:
            raise Broken(f"{what}: {answer}")
        self.checks += 1


class Person:
    """Someone who calls the API with a token of their own, or without one."""

    def __init__(self, name: str, http: httpx.Client, token: str | None, telling: Telling) -> None:
        self.name = name
        self._http = http
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._telling = telling

    def call(self, request: str, key: str | None = None, **options: Any) -> httpx.Response:
        """Call without telling: `request` is method and path. Each POST has a key of its own."""
        method, path = request.split(" ")
        headers = {**self._headers, **options.pop("headers", {})}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid4())
        return self._http.request(method, path, headers=headers, **options)

    def does(
        self,
        what: str,
        request: str,
        says: Says,
        *,
        status: int = 200,
        holds: Holds = bool,
        **options: Any,
    ) -> Json:
        """Call, tell, and hand on the answer's JSON."""
        began = time.perf_counter()
        answer = self.call(request, **options)
        body: Json = answer.json()
        held = answer.status_code == status and holds(body)
        text = says(body) if answer.status_code == status else answer.text
        self.tells(what, request, f"{answer.status_code} {text}", began, held=held)
        return body

    def is_refused(
        self,
        what: str,
        request: str,
        status: int,
        kind: str,
        **options: Any,
    ) -> Json:
        """Call, and be answered with a problem document of that kind."""
        return self.does(
            what, request, _kind, status=status, holds=lambda problem: _kind(problem) == kind,
            **options,
        )  # fmt: skip

    def tells(self, what: str, request: str, answer: str, began: float, *, held: bool) -> None:
        """Tell of one or more calls that began at a reading of `time.perf_counter`."""
        ms = (time.perf_counter() - began) * 1000
        self._telling.step(self.name, what, request, answer, ms, held)


def _kind(problem: Json) -> str:
    return str(problem["type"]).rpartition("/")[2]


class Cast(NamedTuple):
    """Who takes part: stewards, the officer, the team's lead and analyst, residents, and a passer-by.

    `anna_again` is Anna after a new login.
    """

    stina: Person
    sven: Person
    dora: Person
    lea: Person
    maja: Person
    anna: Person
    anna_again: Callable[[], Person]
    bertil: Person
    visitor: Person
