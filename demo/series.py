"""What Anna's watch has measured: a real month where the data set is at hand, else one made here."""

import csv
import gzip
from datetime import UTC, datetime
from itertools import groupby
from math import pi, sin
from pathlib import Path
from typing import NamedTuple

REAL = (
    Path(__file__).parents[2] / "shared/data/wearables/heart_rate_one_person_5s.csv.gz"
)  # beside the checkout

SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
FIRST_MADE = int(datetime(2026, 4, 12, tzinfo=UTC).timestamp()) * SECOND
MADE_DAYS = 30
MADE_EVERY = 15 * SECOND


class Series(NamedTuple):
    """Samples in order of time: starts in ms since 1970, one value each."""

    start: list[int]
    value: list[float]

    def daily(self) -> list["Series"]:
        """One series for each day (UTC) with samples: what a phone would upload."""
        pairs = zip(self.start, self.value, strict=True)
        days = (list(day) for _, day in groupby(pairs, key=lambda pair: pair[0] // DAY))
        return [Series([start for start, _ in day], [value for _, value in day]) for day in days]

    def pairs(self) -> list[tuple[int, float]]:
        """Each start with its value."""
        return list(zip(self.start, self.value, strict=True))


def heart_rate(path: Path = REAL) -> tuple[str, Series]:
    """A month of heart rate, in beats a minute, and what it is."""
    if path.exists():
        return "the real heart rate of one person in April and May 2016", _read(path)
    return "a made-up heart rate of April and May 2026", made(MADE_DAYS)


def made(days: int) -> Series:
    """Days of one sample in 15 s: slow by night, a walk at noon, the same in every run."""
    starts = list(range(FIRST_MADE, FIRST_MADE + days * DAY, MADE_EVERY))
    return Series(starts, [_beats(start) for start in starts])


def _beats(start: int) -> float:
    hour = start % DAY / HOUR
    walk = 35 * sin(pi * (hour - 12)) if 12 <= hour < 13 else 0  # noqa: PLR2004 - at noon
    rhythm = 3 * sin(start / 97_000) + 2 * sin(start / 13_000)
    return float(round(66 - 10 * sin(pi * (hour + 6) / 12) + walk + rhythm))


def steps(heart: Series) -> Series:
    """Made-up steps for every hour of the days that the heart rate covers."""
    first, last = heart.start[0] // DAY * DAY, heart.start[-1]
    starts = list(range(first, last, HOUR))
    return Series(starts, [_walked(start) for start in starts])


def _walked(start: int) -> float:
    hour = start % DAY // HOUR
    return float(137 * (hour * 7 % 11)) if 7 <= hour < 22 else 0.0  # noqa: PLR2004 - by day


def _read(path: Path) -> Series:
    with gzip.open(path, "rt", newline="") as file:
        rows = [(int(epoch), float(bpm)) for epoch, bpm in list(csv.reader(file))[1:]]
    return Series([epoch * SECOND for epoch, _ in rows], [bpm for _, bpm in rows])
