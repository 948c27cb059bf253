"""A form in which donations are written bit by bit. Pure."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from domain.donations.own_reads import Run

Format = Literal["csv", "json", "fhir", "open-mhealth"]

FORMAT = "medverka-donations-1"


class End(NamedTuple):
    """What is said at last. `left_out`: the measures that the form has no words for."""

    complete: bool
    samples: int
    left_out: list[str]


class Form(NamedTuple):
    """`of` writes samples as pieces, None where it has no words for them; `between` goes between pieces.

    `page` is how many samples are held in memory at once.
    """

    media_type: str
    suffix: str
    page: int
    begin: bytes
    between: bytes
    of: Callable[[Run], Iterable[bytes] | None]
    end: Callable[[End], bytes]
