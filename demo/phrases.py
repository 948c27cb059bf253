"""What the apps send, and what of an answer is worth a cell of the table."""

from collections.abc import Sequence

from demo.series import SECOND, Series
from demo.telling import Json

WATCH = {"app": "se.example.medverka", "device": "a watch"}
HEART = {"measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 120}
STEPS = {"measure": "step-count", "unit": "{steps}", "utc_offset_minutes": 120}
MOST_SAMPLES = 10_000
FEW = 12
"""Samples of a minute."""


def permit(item: str, seen: int, categories: Sequence[str] | None = None) -> Json:
    narrowed = {} if categories is None else {"categories": categories}
    terms = {"notice_version": 1, "language": "en", "seen_seq": seen}
    return {"item_id": item, "decision": "permit", **terms, **narrowed}


def upload(measure: Json, series: Series, lasts: int | None = None) -> Json:
    """One source's samples, cut to the most that a batch may hold. `lasts`: ms of each sample."""
    cuts = [slice(n, n + MOST_SAMPLES) for n in range(0, len(series.start), MOST_SAMPLES)]
    batches = [{**measure, "start": series.start[p], "value": series.value[p]} for p in cuts]
    if lasts is not None:
        for batch in batches:
            batch["end"] = [start + lasts for start in batch["start"]]
    return {"source": WATCH, "batches": batches}


def ticks(first: int) -> Series:
    return Series([first + 4 * SECOND * n for n in range(FEW)], [60.0 + n for n in range(FEW)])


def counts(answer: Json) -> str:
    numbers = {"accepted": answer["accepted"], "duplicate": answer["duplicates"], **reasons(answer)}
    return ", ".join(f"{count:,} {word}" for word, count in numbers.items() if count)


def reasons(answer: Json) -> dict[str, int]:
    return {one["code"]: one["count"] for b in answer["batches"] for one in b["rejected"]}


def by_measure(page: Json) -> dict[str, int]:
    return {stream["measure"]: stream["samples"] for stream in page["items"]}


def stored(page: Json) -> str:
    return ", ".join(f"{measure} {count:,}" for measure, count in by_measure(page).items())


def decisions(answer: Json) -> str:
    events = [one["event"] for one in answer["recorded"]]
    return ", ".join(f"{e['decision']} {' and '.join(e['categories'])}" for e in events)


def uses(page: Json) -> str:
    return f"{sum(use['samples'] for use in page['items']):,} samples used"


def effects(preview: Json) -> str:
    return f"ends {len(preview['ends'])}, destroys {len(preview['destroys'])}, leaves the study"


def parts(document: Json) -> str:
    names = ("consent_events", "accesses", "streams", "messages")
    return ", ".join(f"{len(document[name])} {name.replace('_', ' ')}" for name in names)


def heart_of(document: Json) -> list[tuple[int, float]]:
    batches = [batch for batch in document["samples"] if batch["measure"] == HEART["measure"]]
    pairs = [pair for b in batches for pair in zip(b["start"], b["value"], strict=True)]
    return sorted(pairs)
