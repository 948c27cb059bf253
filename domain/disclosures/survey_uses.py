"""A study reads its participants' answers: batch by batch through the gate, each written down before it goes out.

Participants come in the order of their codes, as in `uses`. Who is being withdrawn from is tried
once more at the end.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Raw, Struct

from domain.audit import store as audit
from domain.consents import gate
from domain.consents.gate import Permit
from domain.db import Connection, Pool
from domain.disclosures.model import Reader, written_down
from domain.disclosures.streams import batches
from domain.disclosures.uses import check_standing
from domain.donations.keys import KeyProvider
from domain.studies import enrolments
from domain.surveys.scoring import Score
from domain.surveys.study_responses import Given, Mark, read_for_study

WINDOW = 100
"""Participants of one transaction."""
MOST = 200
"""Responses of one transaction: some kilobytes each."""


class ResponseLine(Struct, frozen=True, kw_only=True):
    """A submitted response of one participant, in its newest version."""

    participant: UUID
    response_id: UUID
    revision: int
    state: str
    questionnaire: str
    category: str
    authored_at: datetime
    received_at: datetime
    scores: list[Score]
    response: Annotated[Raw, Meta(description="A QuestionnaireResponse of FHIR R4")]


class LastResponseLine(Struct, frozen=True, kw_only=True):
    """How a stream ended. `end` false: before its time, for the reason; read on from `cursor`.

    `skipped` participants could not be read at this moment, each time they were tried.
    """

    end: bool
    reason: str | None
    participants: int
    responses: int
    skipped: int
    cursor: UUID | None


class Walk(NamedTuple):
    """How far a reading has come: every code up to `cursor` has been read, or is in `missed`."""

    cursor: UUID | None = None
    mark: Mark | None = None
    missed: tuple[tuple[UUID, UUID], ...] = ()
    again: bool = False
    over: bool = False
    participants: int = 0
    responses: int = 0
    skipped: int = 0

    def after(self, window: Sequence[tuple[UUID, UUID]], locked: set[UUID], came: "Came") -> "Walk":
        """Where a reading stands after a batch: at the participant whom the mark is in, or past the window."""
        done = [code for code, _ in window].index(came.at) if came.at else len(window)
        away = [one for one in window[:done] if one[1] not in locked]
        begun = self.mark.resident_id if self.mark else None
        retried = () if self.again else tuple(one for one in away if one[1] != begun)
        return self._replace(
            cursor=window[done - 1][0] if done and not self.again else self.cursor,
            mark=came.mark,
            missed=self.missed[done:] if self.again else (*self.missed, *retried),
            participants=self.participants + len(came.residents - {begun}),
            responses=self.responses + came.responses,
            skipped=self.skipped + len(away) - len(retried),
        )


class Came(NamedTuple):
    """What was read in a batch. `at`: the code of whom the mark is in."""

    residents: set[UUID]
    responses: int
    mark: Mark | None
    at: UUID | None


class Opened(NamedTuple):
    """What is open of the participants of a window who are locked, and the code of each."""

    permits: Sequence[Permit]
    codes: Mapping[UUID, UUID]


async def responses(
    pool: Pool,
    keys: KeyProvider,
    reader: Reader,
    categories: Sequence[str] | None,
    after: UUID | None = None,
) -> AsyncIterator[ResponseLine | LastResponseLine]:
    """What the study may have, and at last how it ended. No connection is held while the caller writes."""

    async def read(conn: Connection, walk: Walk) -> tuple[Walk, list[ResponseLine]]:
        return await _batch(conn, keys, reader, categories, walk)

    walk, reason = Walk(cursor=after), None
    async for batch in batches(pool, reader, walk, read):
        walk, reason = batch.walk, batch.reason
        for line in batch.lines:
            yield line
    yield LastResponseLine(
        end=reason is None,
        reason=reason,
        participants=walk.participants,
        responses=walk.responses,
        skipped=walk.skipped + len(walk.missed),
        cursor=None if reason is None else walk.cursor,
    )


async def _batch(
    conn: Connection,
    keys: KeyProvider,
    reader: Reader,
    categories: Sequence[str] | None,
    walk: Walk,
) -> tuple[Walk, list[ResponseLine]]:
    """One transaction: locks, then permits, then data, then the record of the use."""
    purpose = await check_standing(conn, reader)
    window: Sequence[tuple[UUID, UUID]] = walk.missed[:WINDOW]
    if not walk.again:
        window = await enrolments.participants(conn, reader.study_id, walk.cursor, WINDOW)
    if not window:
        return walk._replace(again=True, over=walk.again or not walk.missed), []
    locked = set(await gate.lock_many(conn, sorted({one for _, one in window})))
    permits, codes = await opened(conn, reader.study_id, window, locked, categories)
    part = await read_for_study(conn, keys, reader.study_id, permits, walk.mark, MOST)
    by_resident: dict[UUID, list[Given]] = {}
    for given in part.given:
        by_resident.setdefault(given.resident_id, []).append(given)
    await audit.record(
        conn,
        [
            written_down(
                reader,
                purpose,
                resident_id,
                permits,
                [(one.category, one.authored_at) for one in given],
            )
            for resident_id, given in by_resident.items()
        ],
    )
    at = codes[part.mark.resident_id] if part.mark else None
    came = Came(set(by_resident), len(part.given), part.mark, at)
    lines = [_line(codes[given.resident_id], given) for given in part.given]
    return walk.after(window, locked, came), lines


async def opened(
    conn: Connection,
    study_id: UUID,
    window: Sequence[tuple[UUID, UUID]],
    locked: set[UUID],
    categories: Sequence[str] | None,
) -> Opened:
    """Look behind the locks. The code of an earlier episode opens nothing."""
    newest = await enrolments.codes(conn, study_id, sorted(locked))
    codes = {one: code for code, one in window if newest.get(one) == code}
    permits = await gate.study_permits(conn, study_id, list(codes), categories)
    place = {resident_id: at for at, resident_id in enumerate(codes)}
    return Opened(sorted(permits, key=lambda permit: place[permit.resident_id]), codes)


def _line(code: UUID, given: Given) -> ResponseLine:
    fields = given._asdict()
    del fields["resident_id"]
    return ResponseLine(participant=code, **fields)
