"""Which segments of a stream are merged with which: so that a sample is rewritten a few times, not every day."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from domain.donations.columns import SPAN

MOST_SAMPLES = 60_000
"""Of a merged segment: some 40 kB of heart rates, read and written in 10 ms."""
SMALL = 4_096
"""Up to so few samples two neighbours are merged whatever their sizes: it costs next to nothing."""
MOST_SEGMENTS = 500
"""Of one merging, which is one transaction."""


class Piece(NamedTuple):
    """A segment, without its samples."""

    first_ms: int
    segment_id: UUID
    samples: int
    seq: int


class Group(NamedTuple):
    """Neighbours that become one segment."""

    pieces: list[Piece]
    samples: int

    def with_(self, other: "Group") -> "Group":
        return Group(self.pieces + other.pieces, self.samples + other.samples)


def merges(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The runs of pieces (ascending by `first_ms`) to merge, none longer than a segment may span."""
    return [
        group.pieces
        for _, cell in groupby(pieces, key=lambda piece: piece.first_ms // SPAN)
        for group in _tiers(cell)
        if len(group.pieces) > 1
    ]


def _tiers(pieces: Iterable[Piece]) -> list[Group]:
    """As in a merge sort: neighbours are merged when neither is more than twice the other."""
    stack: list[Group] = []
    for piece in pieces:
        stack.append(Group([piece], piece.samples))
        while len(stack) > 1 and _belong(stack[-2], stack[-1]):
            last = stack.pop()
            stack.append(stack.pop().with_(last))
    return stack


def _belong(before: Group, after: Group) -> bool:
    smaller, larger = sorted((before.samples, after.samples))
    return (
        smaller + larger <= MOST_SAMPLES
        and len(before.pieces) + len(after.pieces) <= MOST_SEGMENTS
        and larger <= max(SMALL, 2 * smaller)
    )
