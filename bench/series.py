"""What phones send: a real month of heart rate where it is at hand, in slices and in wire forms."""

from typing import Any

from demo.series import Series, heart_rate

THOUSAND = 1_000
SOURCE = {"app": "bench", "device": "watch"}
STARTS = 100
"""Residents begin at so many places of the series, one after the other."""


class Supply:
    """What each resident's phone sends next: always newer than all it sent before."""

    def __init__(self, history: int) -> None:
        """Every resident has sent `history` times a thousand samples before."""
        self.what, self._series = heart_rate()
        self._history = history * THOUSAND
        self._next: dict[int, int] = {}

    def past(self, n: int) -> Series:
        """The nth thousand of the history that all share."""
        return self._slice(n * THOUSAND, THOUSAND)

    def take(self, resident: int, samples: int) -> Series:
        """The next samples of a resident, by their number."""
        at = self._next.get(resident, self._history + resident % STARTS * THOUSAND)
        self._next[resident] = at + samples
        return self._slice(at, samples)

    def _slice(self, at: int, samples: int) -> Series:
        part = slice(at, at + samples)
        cut = Series(self._series.start[part], self._series.value[part])
        if len(cut.start) < samples:
            raise ValueError("the series is used up: more residents, or fewer uploads")
        return cut


def upload(samples: Series) -> dict[str, Any]:
    """The body of an upload, as columns."""
    heart = {
        "measure": "heart-rate",
        "unit": "/min",
        "utc_offset_minutes": 120,
        "start": samples.start,
        "value": samples.value,
    }
    return {"source": SOURCE, "batches": [heart]}
