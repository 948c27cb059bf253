"""Which samples of an upload may be stored: rules over whole columns, with time and periods as arguments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from domain.consents.gate import Collectable, Milliseconds
from domain.donations.columns import NONE, Columns, Mask, distinct, fresh, joined, without
from domain.donations.forms import columns_of
from domain.donations.measures import DAY, MEASURES, Measure
from domain.donations.model import ACTIONS, SAFE, Action, Batch, Reason, Rejection

EARLIEST = 946_684_800_000  # 2000-01-01: no wearable that we take is older
CLOCK_TOLERANCE = DAY


class Judged(NamedTuple):
    """What of a batch may be stored, ascending by start and each start once, and what not."""

    columns: Columns
    duplicates: int
    rejected: list[Rejection]


def admitted(columns: Columns, periods: Milliseconds) -> Mask:
    """Which samples were measured, from start to end, within one period (ascending, disjoint)."""
    if not periods:
        return np.zeros(len(columns.start), dtype=np.bool_)
    since = np.array([-SAFE if one is None else one for one, _ in periods], dtype=np.int64)
    until = np.array([SAFE if one is None else one for _, one in periods], dtype=np.int64)
    place = np.searchsorted(since, columns.start, side="right") - 1
    within: Mask = (place >= 0) & (columns.start < until[place])
    return within if columns.end is None else within & (columns.end <= until[place])


def judge_all(
    batches: Sequence[Batch], collectable: Mapping[str, Collectable], now_ms: int
) -> list[Judged]:
    """Judge an upload: what an earlier batch of it has given already is a duplicate in a later one.

    `collectable` holds, per data category, when collecting is consented to; absent is never.
    """
    given: dict[str, list[int]] = {}
    verdicts: list[Judged] = []
    for batch in batches:
        measure = MEASURES.get(batch.measure)
        verdict = _judge(
            batch, measure, collectable.get(measure.category) if measure else None, now_ms
        )
        earlier = given.setdefault(batch.measure, [])
        if len(verdict.columns.start):
            if batch.replaces:
                for at in earlier:
                    verdicts[at] = _replaced(verdicts[at], verdict.columns)
            if earlier:
                verdict = _new(verdict, joined([verdicts[at].columns for at in earlier]))
            earlier.append(len(verdicts))
        verdicts.append(verdict)
    return verdicts


def _new(verdict: Judged, earlier: Columns) -> Judged:
    return _left(verdict, fresh(verdict.columns, earlier.start))


def _replaced(verdict: Judged, by: Columns) -> Judged:
    """What is left of a batch after a later one of the same upload."""
    return verdict if by.ids is None else _left(verdict, without(verdict.columns, by.ids))


def _left(verdict: Judged, columns: Columns) -> Judged:
    gone = len(verdict.columns.start) - len(columns.start)
    return Judged(columns, verdict.duplicates + gone, verdict.rejected)


def _judge(
    batch: Batch, measure: Measure | None, consent: Collectable | None, now_ms: int
) -> Judged:
    if measure is None:
        return _refused(batch, "unknown-measure")
    misfit = _misfit(batch, measure)
    if misfit is not None:
        return _refused(batch, misfit)
    if consent is None or not consent.periods:
        return _refused(batch, "no-grant")
    columns = columns_of(batch, measure)
    if columns is None:
        return _refused(batch, "wrong-columns")
    if _flawless(columns, measure, consent.periods, now_ms):
        return Judged(columns, 0, [])
    faults: list[tuple[Reason, Mask]] = [
        ("time-out-of-bounds", _untimely(columns, measure, now_ms)),
        *_senseless(columns, measure).items(),
        ("outside-consent", ~admitted(columns, consent.periods)),
    ]
    good, rejected = _sift(faults, ongoing=consent.live)
    kept, duplicates = distinct(columns if good is None else columns.where(good))
    return Judged(kept, duplicates, rejected)


def _misfit(batch: Batch, measure: Measure) -> Reason | None:
    if batch.unit not in (measure.units or (None,)):
        return "wrong-unit"
    return "wrong-time-frame" if (batch.end is None) is not (measure.longest_ms is None) else None


def _refused(batch: Batch, code: Reason) -> Judged:
    whole = Rejection(code=code, action=ACTIONS[code], count=len(batch.start))
    return Judged(NONE, 0, [whole])


def _flawless(columns: Columns, measure: Measure, periods: Milliseconds, now_ms: int) -> bool:
    """Whether the samples ascend and none has a fault, by the ends of each column: nearly always so."""
    start = columns.start
    if not len(start) or not np.logical_and.reduce(start[1:] > start[:-1]):
        return False
    first = int(start[0])
    last = over = int(start[-1])
    if columns.end is not None and measure.longest_ms is not None:
        span, over = columns.end - start, int(columns.end.max())
        if span.min() < measure.shortest_ms or span.max() > measure.longest_ms:
            return False
    likely = all(
        component.low <= np.minimum.reduce(value) and np.maximum.reduce(value) <= component.highest
        for component, value in zip(measure.components, columns.values, strict=True)
    )
    within = any(
        (since is None or since <= first) and (until is None or (last < until and over <= until))
        for since, until in periods
    )
    return likely and within and first >= EARLIEST and over <= now_ms + CLOCK_TOLERANCE


def _untimely(columns: Columns, measure: Measure, now_ms: int) -> Mask:
    last = columns.start if columns.end is None else columns.end
    wrong: Mask = (columns.start < EARLIEST) | (last > now_ms + CLOCK_TOLERANCE)
    if columns.end is not None and measure.longest_ms is not None:
        span = columns.end - columns.start
        wrong |= (span < measure.shortest_ms) | (span > measure.longest_ms)
    return wrong


def _senseless(columns: Columns, measure: Measure) -> dict[Reason, Mask]:
    """Which samples have a code that is not known, or a number that cannot be."""
    found: dict[Reason, Mask] = {}
    for component, value in zip(measure.components, columns.values, strict=True):
        code: Reason = "unknown-code" if component.codes else "implausible-value"
        likely: Mask = (value >= component.low) & (value <= component.highest)
        found[code] = ~likely | found[code] if code in found else ~likely
    return found


def _sift(
    faults: Iterable[tuple[Reason, Mask]], *, ongoing: bool
) -> tuple[Mask | None, list[Rejection]]:
    """Reject each sample for the first fault it has. No mask where every sample is good."""
    bad: Mask | None = None
    rejected = []
    for code, mask in faults:
        if not mask.any():
            continue
        indices = np.flatnonzero(mask if bad is None else mask & ~bad).tolist()
        bad = mask if bad is None else bad | mask
        if indices:
            action = _action(code, ongoing=ongoing)
            rejected.append(
                Rejection(code=code, action=action, count=len(indices), indices=indices)
            )
    return None if bad is None else ~bad, rejected


def _action(code: Reason, *, ongoing: bool) -> Action:
    """Outside a consent that goes on, others will be taken; once it has ended, none will."""
    return "stop" if code == "outside-consent" and not ongoing else ACTIONS[code]
