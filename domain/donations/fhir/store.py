"""Storing what Observations say, in the one transaction of the request."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import msgspec
import numpy as np

from domain.consents.gate import Collectable
from domain.db import Connection, say
from domain.donations import store as donations
from domain.donations.admission import admitted
from domain.donations.columns import Columns
from domain.donations.fhir.answers import Tally
from domain.donations.fhir.groups import Part, left
from domain.donations.fhir.outcomes import Fault
from domain.donations.fhir.reading import Reader, Removal
from domain.donations.keys import KeyProvider
from domain.donations.measures import MEASURES
from domain.donations.model import MAX_BATCHES, MAX_UPLOAD, Action, Deletion, Source, Upload
from domain.donations.opening import open_for, source_name

Removed: TypeAlias = dict[str, dict[str, list[str]]]
"""By source and measure, the names of samples that are to be deleted."""
T = TypeVar("T")


class Held(NamedTuple):
    """A stream of the resident: its measure, its source as it is stored, and what that says."""

    measure: str
    name: str
    source: Source


async def store(
    conn: Connection, keys: KeyProvider, resident_id: UUID, reader: Reader, now: datetime
) -> Tally:
    """Store what was read, as far as it is consented to, plausible and new. What became of each entry.

    Raises:
        Unauthenticated: the account has been erased meanwhile.
        TooManyUploads: one of the sources has sent more of late than is taken.

    """
    tally = Tally(reader)
    sources: dict[str, Source] = {}
    parts: dict[str, list[Part]] = defaultdict(list)
    for given in reader.given():
        name = source_name(given.source)
        sources[name] = given.source
        parts[name] += given.parts
    removed = await _removed(conn, resident_id, reader.removals, tally)
    for name in sorted({*parts, *removed}):  # one order for all, so that none locks crosswise
        source = sources.get(name) or _source(name)
        for gone in _portions(_deletions(removed.get(name, {})), lambda one: len(one.id)):
            upload = Upload(source=source, deletions=gone)
            await donations.donate(conn, keys, resident_id, upload, now)
        for some in _portions(parts[name], lambda part: len(part.entries)):
            await _give(conn, keys, resident_id, source, some, now, tally)
    return tally


async def _give(
    conn: Connection,
    keys: KeyProvider,
    resident_id: UUID,
    source: Source,
    parts: Sequence[Part],
    now: datetime,
    tally: Tally,
) -> None:
    for part in parts:
        tally.give(part)
    upload = Upload(source=source, batches=[part.batch for part in parts])
    opening = await open_for(conn, keys, resident_id, upload)
    kept = [whole for part in parts if (whole := _open(part, opening.collectable, tally))]
    if not kept:
        return
    upload = Upload(source=source, batches=[part.batch for part in kept])
    taken = await donations.take(conn, keys, opening, upload, now)
    await say(conn, taken.words)
    for part, answer in zip(kept, taken.answer.batches, strict=True):
        tally.take(part, answer)


def _open(part: Part, collectable: dict[str, Collectable], tally: Tally) -> Part | None:
    """Without what is told as a period of which not all lies within one consent.

    Of such a sample the moment alone is stored, and judged when it is; so its end is judged here.
    """
    category = MEASURES[part.batch.measure].category
    consent = collectable.get(category)
    if consent is None or not consent.periods or not any(part.untils):
        return part
    start = np.array(part.batch.start, dtype=np.int64)
    pairs = zip(part.batch.start, part.untils, strict=True)
    until = np.array([first if last is None else last for first, last in pairs], dtype=np.int64)
    spans = Columns(start, until, (), np.zeros(len(start), np.int16))
    # One that begins outside is left for the rules that all samples are judged by.
    begun = admitted(spans._replace(end=None), consent.periods)
    within = admitted(spans, consent.periods) | ~begun
    if bool(within.all()):
        return part
    action: Action = "skip" if consent.live else "stop"
    out = [part.entries[at] for at in np.flatnonzero(~within).tolist()]
    tally.refuse(out, "outside-consent", action, "resource.effective")
    return left(part, np.flatnonzero(within).tolist()) if within.any() else None


async def _removed(
    conn: Connection, resident_id: UUID, removals: Sequence[Removal], tally: Tally
) -> Removed:
    """The streams in which the samples to be deleted may be."""
    found: Removed = {}
    if not removals:
        return found
    streams = await _streams(conn, resident_id)
    for removal in removals:
        fitting = [held for held in streams if _fits(removal, held)]
        for held in fitting:
            found.setdefault(held.name, {}).setdefault(held.measure, []).append(removal.name)
        if not fitting:
            tally.note(removal.entry, Fault("not-there", "resource"))
    return found


async def _streams(conn: Connection, resident_id: UUID) -> list[Held]:
    sql = "SELECT measure, source FROM stream WHERE resident_id = $1 ORDER BY source, measure"
    rows = await conn.fetch(sql, resident_id)
    return [Held(row["measure"], row["source"], _source(row["source"])) for row in rows]


_source = msgspec.json.Decoder(Source).decode


def _fits(removal: Removal, held: Held) -> bool:
    told = removal.source
    is_source = told is None or (told.app, told.device) == (held.source.app, held.source.device)
    return is_source and (removal.measures is None or held.measure in removal.measures)


def _deletions(by_measure: dict[str, list[str]]) -> Iterator[Deletion]:
    for measure, names in sorted(by_measure.items()):
        yield Deletion(measure=measure, id=names)


def _portions(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """As many at a time as one upload may hold."""
    portion: list[T] = []
    room = MAX_UPLOAD
    for item in items:
        if portion and (len(portion) == MAX_BATCHES or size(item) > room):
            yield portion
            portion, room = [], MAX_UPLOAD
        portion.append(item)
        room -= size(item)
    if portion:
        yield portion
