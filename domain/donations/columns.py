"""Samples as columns. A sample is known by its start within its stream: the first wins, a second is a duplicate."""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SPAN = 32 * 24 * 60 * 60 * 1000
"""No segment spans more ms than this, so that an overlap is searched for in a bounded part of a stream."""

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Columns(NamedTuple):
    """Samples, one per position: instants in ms, values, minutes that wall clocks were off UTC.

    `values` has a column per component of the measure, in its order; codes stand as their positions
    in the component's list. `ids` are fingerprints of the ids that samples have where they come
    from, 0 for one without, None where none has one.
    """

    start: Ints
    end: Ints | None
    values: tuple[NDArray[np.float64], ...]
    offset: NDArray[np.int16]
    ids: Ints | None = None

    def where(self, chosen: Mask | NDArray[np.intp] | slice) -> "Columns":
        """The chosen samples, by mask, by positions or as a slice."""
        return Columns(
            self.start[chosen],
            None if self.end is None else self.end[chosen],
            tuple([value[chosen] for value in self.values]),
            self.offset[chosen],
            None if self.ids is None else self.ids[chosen],
        )


NONE = Columns(np.empty(0, np.int64), None, (), np.empty(0, np.int16))


def fingerprint(sample_id: str) -> int:
    """What is kept of a sample's id: 64 bits of BLAKE2b (RFC 7693), signed, never 0."""
    digest = blake2b(sample_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True) or 1


def fingerprints(sample_ids: Sequence[str]) -> Ints:
    """The fingerprints of many ids, in their order."""
    return np.fromiter(map(fingerprint, sample_ids), np.int64, len(sample_ids))


def distinct(columns: Columns) -> tuple[Columns, int]:
    """The samples ascending by start, the first of each start, and how many were left out."""
    if bool(np.all(columns.start[1:] > columns.start[:-1])):
        return columns, 0
    _, first = np.unique(columns.start, return_index=True)  # its sort is stable: the first stays
    return columns.where(first), len(columns.start) - len(first)


def fresh(columns: Columns, known: Ints) -> Columns:
    """The samples whose start is not among the known ones (ascending)."""
    if not len(known):
        return columns
    place = np.minimum(np.searchsorted(known, columns.start), len(known) - 1)
    new = known[place] != columns.start
    return columns if bool(new.all()) else columns.where(new)


def without(columns: Columns, ids: Ints) -> Columns:
    """The samples that have none of these ids (fingerprints)."""
    if columns.ids is None or not len(ids):
        return columns
    gone = np.isin(columns.ids, ids)
    return columns.where(~gone) if bool(gone.any()) else columns


def joined(parts: Sequence[Columns]) -> Columns:
    """The samples of several parts of one stream, ascending by start."""
    if len(parts) == 1:
        return parts[0]
    ends = [part.end for part in parts if part.end is not None]
    whole = Columns(
        np.concatenate([part.start for part in parts]),
        np.concatenate(ends) if ends else None,
        tuple([np.concatenate(column) for column in zip(*[p.values for p in parts], strict=True)]),
        np.concatenate([part.offset for part in parts]),
        _joined_ids(parts),
    )
    return ascending(whole)


def ascending(columns: Columns) -> Columns:
    """The samples by start, those of one start as they stood."""
    ascends = np.logical_and.reduce(columns.start[1:] >= columns.start[:-1])
    return columns if ascends else columns.where(np.argsort(columns.start, kind="stable"))


def _joined_ids(parts: Sequence[Columns]) -> Ints | None:
    if all(part.ids is None for part in parts):
        return None
    return np.concatenate(
        [np.zeros(len(p.start), np.int64) if p.ids is None else p.ids for p in parts]
    )


def between(columns: Columns, since_ms: int, until_ms: int) -> Columns:
    """The samples (ascending) that start in `[since, until)`."""
    low, high = np.searchsorted(columns.start, (since_ms, until_ms))
    return columns.where(slice(low, high))


def outside(columns: Columns, since_ms: int, until_ms: int) -> Columns:
    """The samples that do not start in `[since, until)`."""
    return columns.where((columns.start < since_ms) | (columns.start >= until_ms))


def cut(columns: Columns) -> list[Columns]:
    """The samples (ascending) in parts of at most `SPAN`, to become one segment each."""
    if len(columns.start) and columns.start[0] // SPAN == columns.start[-1] // SPAN:
        return [columns]
    return _parted(columns, columns.start // SPAN)


def runs(columns: Columns) -> list[Columns]:
    """The samples in parts of one offset from UTC each."""
    return _parted(columns, columns.offset)


def _parted(columns: Columns, by: NDArray[np.integer[Any]]) -> list[Columns]:
    if not len(by):
        return []
    edges = [0, *(np.flatnonzero(np.diff(by)) + 1).tolist(), len(by)]
    return [columns.where(slice(a, b)) for a, b in pairwise(edges)]
