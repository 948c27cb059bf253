"""What a study asks for, what it gets, and what is written down about it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, NamedTuple
from uuid import UUID

import numpy as np
from msgspec import Meta, Struct
from msgspec.structs import replace

from domain.audit.model import Use
from domain.consents.gate import Permit
from domain.donations.columns import runs
from domain.donations.forms import components_of, value_of
from domain.donations.measures import MEASURES
from domain.donations.study_reads import Run
from domain.errors import Refusal

LINE_SAMPLES = 10_000
"""The most samples of one line."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UseStopped(Refusal):
    """The study may not read."""

    status = 409
    reason: ClassVar[str]


class StudyNotInForce(UseStopped):
    """The study is not in force: nothing may be used for it now."""

    reason = "study-not-in-force"


class MembershipEnded(UseStopped):
    """The membership in the study has ended."""

    status = 403
    reason = "membership-ended"


class Wanted(NamedTuple):
    """What of its participants' data a study asks for: None is all, times are `[since, until)` in ms."""

    categories: list[str] | None = None
    measures: list[str] | None = None
    since_ms: int | None = None
    until_ms: int | None = None


class Reader(NamedTuple):
    """Which member reads for which study."""

    study_id: UUID
    member_id: UUID


class Given(NamedTuple):
    """Samples of one participant that go out."""

    code: UUID
    run: Run


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Samples of one measure of one participant, in columns as they are donated."""

    participant: UUID
    measure: str
    category: str
    unit: Annotated[str | None, Meta(description="UCUM code")] = None
    context: Annotated[
        dict[str, str],
        Meta(description="circumstances that all of them share, as Open mHealth has them"),
    ] = {}
    start: Annotated[list[int], Meta(description="ms since 1970, ascending")]
    end: list[int] | None = None
    value: list[float] | None = None
    components: dict[str, list[float | str]] | None = None
    utc_offset_minutes: int


class LastLine(Struct, frozen=True, kw_only=True):
    """How a stream ended. `end` false: before its time, for the reason; read on from `cursor`.

    `skipped` participants could not be read at this moment, each time they were tried.
    """

    end: bool
    reason: str | None = None
    participants: int
    samples: int
    skipped: int
    cursor: UUID | None = None


def narrowed(permits: Iterable[Permit], wanted: Wanted) -> Mapping[UUID, Sequence[Permit]]:
    """By resident, what permits open of the time that is asked for."""
    found: dict[UUID, list[Permit]] = {}
    for permit in permits:
        periods = [
            (since, until)
            for since, until in ((_later(a, wanted), _sooner(b, wanted)) for a, b in permit.periods)
            if since is None or until is None or since < until
        ]
        if periods:
            found.setdefault(permit.resident_id, []).append(replace(permit, periods=periods))
    return found


def _later(since: int | None, wanted: Wanted) -> int | None:
    known = [ms for ms in (since, wanted.since_ms) if ms is not None]
    return max(known, default=None)


def _sooner(until: int | None, wanted: Wanted) -> int | None:
    known = [ms for ms in (until, wanted.until_ms) if ms is not None]
    return min(known, default=None)


def use(reader: Reader, purpose: str, parts: Sequence[Run], permits: Sequence[Permit]) -> Use:
    """What to write down about runs of one resident, which these permits have opened."""
    categories = {part.category for part in parts}
    last = [p.columns.start if p.columns.end is None else p.columns.end for p in parts]
    return Use(
        resident_id=parts[0].resident_id,
        study_id=reader.study_id,
        member_id=reader.member_id,
        purpose=purpose,
        categories=sorted(categories),
        data_from=_moment(min(int(part.columns.start[0]) for part in parts)),
        data_until=_moment(max(int(np.max(column)) for column in last)),
        samples=sum(len(part.columns.start) for part in parts),
        grant_seqs=sorted({p.event_seq for p in permits if p.category in categories}),
    )


def written_down(
    reader: Reader,
    purpose: str,
    resident_id: UUID,
    permits: Iterable[Permit],
    looked_at: Sequence[tuple[str, datetime]],
) -> Use:
    """What to write down about things of one resident, each of a category and a time."""
    categories = {category for category, _ in looked_at}
    return Use(
        resident_id=resident_id,
        study_id=reader.study_id,
        member_id=reader.member_id,
        purpose=purpose,
        categories=sorted(categories),
        data_from=min(at for _, at in looked_at),
        data_until=max(at for _, at in looked_at),
        samples=len(looked_at),
        grant_seqs=sorted({
            permit.event_seq
            for permit in permits
            if permit.resident_id == resident_id and permit.category in categories
        }),
    )  # fmt: skip


def _moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def lines(given: Given) -> Iterable[Line]:
    """A run as lines, each of one offset from UTC and a bounded length."""
    for part in runs(given.run.columns):
        for begin in range(0, len(part.start), LINE_SAMPLES):
            columns = part.where(slice(begin, begin + LINE_SAMPLES))
            yield Line(
                participant=given.code,
                measure=given.run.measure,
                category=given.run.category,
                unit=MEASURES[given.run.measure].unit,
                context=dict(given.run.context),
                start=columns.start.tolist(),
                end=None if columns.end is None else columns.end.tolist(),
                value=value_of(given.run.measure, columns),
                components=components_of(given.run.measure, columns),
                utc_offset_minutes=int(columns.offset[0]),
            )
