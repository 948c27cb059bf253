"""A study reads: batch by batch through the gate, each written down and committed before it goes out.

Participants come in the order of their codes, which is random: that of residents would tell who
joined the platform before whom, and would be the same in every study.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.audit import store as audit
from domain.audit.model import Use
from domain.consents import gate
from domain.consents.gate import Permit
from domain.db import Connection, Pool, find_one
from domain.disclosures.model import (
    Given,
    LastLine,
    MembershipEnded,
    Reader,
    StudyNotInForce,
    Wanted,
    narrowed,
    use,
)
from domain.disclosures.streams import batches
from domain.donations.keys import KeyProvider
from domain.donations.study_reads import Mark, Most, Run, read_for_study
from domain.studies import enrolments

MOST_SEGMENTS = 500
MOST_SAMPLES = 200_000
"""Of one statement, about."""
LONGEST_SECONDS = 0.1
"""After either a transaction is closed, so that a withdrawal waits for little."""
LEAST_WIDTH = 8


class Place(NamedTuple):
    """A participant still to be read, and from where, if not from the beginning."""

    code: UUID
    resident_id: UUID
    mark: Mark | None = None
    begun: bool = False


class Step(NamedTuple):
    """What one batch came to: participants done with, those missed, and the one read in part."""

    done: int = 0
    missed: tuple[Place, ...] = ()
    partial: tuple[Place, ...] = ()
    first_read: int = 0

    def then(self, place: Place, mark: Mark | None, *, begun: bool, locked: bool) -> "Step":
        """With one more participant: locked or not, read to the end or up to a mark."""
        left = () if mark is None else (place._replace(mark=mark, begun=begun or place.begun),)
        return Step(
            done=self.done + 1,
            missed=self.missed if locked else (*self.missed, place),
            partial=left,
            first_read=self.first_read + (begun and not place.begun),
        )


class Walk(NamedTuple):
    """How far a reading has come: every code up to `cursor` has been read, or is in `missed`.

    `width`: how many to lock at once; about twice as many as the last batch could read.
    `last`: the queue holds the last of the participants.
    """

    cursor: UUID | None = None
    queue: tuple[Place, ...] = ()
    missed: tuple[Place, ...] = ()
    width: int = gate.MOST_RESIDENTS
    again: bool = False
    last: bool = False
    over: bool = False
    participants: int = 0
    samples: int = 0

    def window(self) -> Sequence[Place]:
        """The next to read together: one that was begun stands first, since a reading has one mark."""
        for at, place in enumerate(self.queue[: self.width]):
            if at and place.mark is not None:
                return self.queue[:at]
        return self.queue[: self.width]

    def after(self, step: Step, samples: int) -> "Walk":
        """Where a reading stands after a batch: over when nobody is left, or nobody was reached."""
        whole = step.done - len(step.partial)
        move = whole > 0 and not self.again
        queue = step.partial + self.queue[step.done :]
        missed = self.missed + step.missed
        nobody_left = not queue and (self.again or (self.last and not missed))
        return self._replace(
            cursor=self.queue[whole - 1].code if move else self.cursor,
            queue=queue,
            missed=missed,
            width=min(gate.MOST_RESIDENTS, max(LEAST_WIDTH, 2 * step.done)),
            over=step.done == 0 or nobody_left,
            participants=self.participants + step.first_read,
            samples=self.samples + samples,
        )


class Open(NamedTuple):
    """Who of a batch is locked, and what is permitted under which code."""

    locked: frozenset[UUID]
    permits: Mapping[UUID, Sequence[Permit]]

    def of(self, window: Sequence[Place]) -> list[Permit]:
        """The permits of these participants, in their order."""
        return [one for place in window for one in self.permits.get(place.code, ())]


class Budget:
    """What one transaction may still read. The first reading is always within it."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + LONGEST_SECONDS
        self._samples = 0

    def spend(self, parts: Sequence[Run]) -> None:
        """Count what was read."""
        self._samples += sum(len(part.columns.start) for part in parts)

    @property
    def spent(self) -> bool:
        return self._samples >= MOST_SAMPLES or time.monotonic() >= self._ends


async def check_standing(conn: Connection, reader: Reader) -> str:
    """That member and study may read now. Returns the purpose: the kind of the study.

    Raises:
        MembershipEnded: the member has no role in it.
        StudyNotInForce: by its status, a suspension, its retention or its approvals.

    """
    sql = """
        SELECT s.kind,
               EXISTS (SELECT FROM membership m
                        WHERE m.study_id = s.study_id AND m.member_id = $2 AND m.ended_at IS NULL) AS member,
               EXISTS (SELECT FROM study_in_force f WHERE f.study_id = s.study_id) AS in_force
          FROM study s
         WHERE s.study_id = $1
    """
    found = await find_one(conn, _Standing, sql, reader.study_id, reader.member_id)
    if found is None or not found.member:
        raise MembershipEnded
    if not found.in_force:
        raise StudyNotInForce
    return found.kind


class _Standing(Struct, frozen=True, kw_only=True):
    kind: str
    member: bool
    in_force: bool


async def samples(
    pool: Pool, keys: KeyProvider, reader: Reader, wanted: Wanted, after: UUID | None = None
) -> AsyncIterator[Given | LastLine]:
    """What the study may have, and at last how it ended. No connection is held while the caller writes."""

    async def read(conn: Connection, walk: Walk) -> tuple[Walk, list[Given]]:
        return await _batch(conn, keys, reader, wanted, walk)

    walk, reason = Walk(cursor=after), None
    async for batch in batches(pool, reader, walk, read):
        walk, reason = batch.walk, batch.reason
        for one in batch.lines:
            yield one
    yield LastLine(
        end=reason is None,
        reason=reason,
        participants=walk.participants,
        samples=walk.samples,
        skipped=len(walk.missed) + (len(walk.queue) if walk.again else 0),
        cursor=None if reason is None else walk.cursor,
    )


async def _batch(
    conn: Connection, keys: KeyProvider, reader: Reader, wanted: Wanted, walk: Walk
) -> tuple[Walk, list[Given]]:
    """One transaction: locks, then permits, then data, then the record of the use."""
    purpose = await check_standing(conn, reader)
    walk = await _filled(conn, reader, walk)
    window = walk.window()
    opened = await _open(conn, reader, wanted, window)
    parts, mark = await _read(conn, keys, opened.of(window), wanted, window)
    given, uses, step = list[Given](), list[Use](), Step()
    for place in window:
        current = place.code in opened.permits  # and not an earlier episode's
        of_them = parts.get(place.resident_id, ()) if current else ()
        if of_them:
            given += [Given(place.code, part) for part in of_them]
            uses.append(use(reader, purpose, of_them, opened.permits[place.code]))
        here = mark if current and mark and mark.resident_id == place.resident_id else None
        locked = place.resident_id in opened.locked
        step = step.then(place, here, begun=bool(of_them), locked=locked)
        if here is not None:
            break
    await audit.record(conn, uses)
    return walk.after(step, sum(one.samples for one in uses)), given


async def _filled(conn: Connection, reader: Reader, walk: Walk) -> Walk:
    """With participants in the queue: the next ones, and in the end once more those that were missed."""
    if walk.queue:
        return walk
    if not walk.again:
        found = await enrolments.participants(
            conn, reader.study_id, walk.cursor, gate.MOST_RESIDENTS
        )
        if found:
            queue = tuple(Place(*one) for one in found)
            return walk._replace(queue=queue, last=len(found) < gate.MOST_RESIDENTS)
        return walk._replace(queue=walk.missed, missed=(), again=True)
    return walk


async def _open(conn: Connection, reader: Reader, wanted: Wanted, window: Sequence[Place]) -> Open:
    locked = await gate.lock_many(conn, sorted({place.resident_id for place in window}))
    permits = narrowed(
        await gate.study_permits(conn, reader.study_id, locked, wanted.categories), wanted
    )
    codes = await enrolments.codes(conn, reader.study_id, locked)
    by_code = {codes[resident_id]: of_them for resident_id, of_them in permits.items()
               if resident_id in codes}  # fmt: skip
    return Open(frozenset(locked), by_code)


async def _read(
    conn: Connection,
    keys: KeyProvider,
    permits: Sequence[Permit],
    wanted: Wanted,
    window: Sequence[Place],
) -> tuple[dict[UUID, list[Run]], Mark | None]:
    """The participants' samples, by resident, and where to go on if the budget ended first."""
    budget, parts = Budget(), dict[UUID, list[Run]]()
    measures, most = wanted.measures or (), Most(MOST_SEGMENTS, MOST_SAMPLES)
    mark = window[0].mark if window else None
    while permits:
        page = await read_for_study(conn, keys, permits, mark, measures, most)
        for run in page.runs:
            parts.setdefault(run.resident_id, []).append(run)
        mark = page.mark
        budget.spend(page.runs)
        if mark is None or budget.spent:
            return parts, mark
    return parts, None
