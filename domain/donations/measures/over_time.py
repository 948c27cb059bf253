"""What is said of a measure over a time: a statistic, or a value whose moment is not told. No sample.

Each is a measure of its own, an interval of up to ten years, so that nobody sums or averages it
together with samples. Which statistic it is belongs to the stream's source, as its context.
"""

from msgspec.structs import replace

from domain.donations.measures.model import DAY, Measure

SUFFIX = "-over-time"
LONGEST = 3_660 * DAY


def over_time(row: Measure) -> Measure:
    """The measure of what is said of another over a time.

    A variance may reach the square of what a sample may; a sum of what is counted a day, that of
    ten years.
    """
    times = 1 if row.longest_ms is None else LONGEST // DAY
    wide = tuple(
        replace(part, low=min(part.low, 0), high=max(part.high * times, part.high**2))
        for part in row.components
    )
    names = {"en": f"{row.names['en']}, over time", "sv": f"{row.names['sv']}, över tid"}
    return Measure(
        code=row.code + SUFFIX,
        category=row.category,
        unit=row.unit,
        units=row.units,
        components=wide,
        longest_ms=LONGEST,
        summary="count",
        names=names,
    )
