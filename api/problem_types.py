"""Problem types: what the `type` of a problem document means, at that address (RFC 9457, 3.1.1)."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from api.problems import kebab, refusals, title
from domain.errors import NotFound, Refusal


class ProblemType(Struct, frozen=True, kw_only=True):
    """One kind of problem. An app goes by its name; `title` is for whoever builds the app."""

    name: str
    status: int
    title: str


class ProblemTypes(Struct, frozen=True, kw_only=True):
    """All of them, by name."""

    items: list[ProblemType]


@get("/problems", sync_to_thread=False)
def catalogue() -> ProblemTypes:
    """Every type of problem that this API answers with."""
    return ProblemTypes(items=[one for _, one in sorted(_known().items())])


@get("/problems/{name:str}", sync_to_thread=False, responses=refusals(NotFound))
def problem_type(name: FromPath[str]) -> ProblemType:
    """What a problem of this type means."""
    found = _known().get(name)
    if found is None:
        raise NotFound
    return found


@cache
def _known() -> Mapping[str, ProblemType]:
    names = {kebab(kind.__name__): kind for kind in _below(Refusal)}
    return {n: ProblemType(name=n, status=k.status, title=title(k)) for n, k in names.items()}


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from _below(narrower)


routes: list[Any] = [catalogue, problem_type]
