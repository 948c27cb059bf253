"""Measures of Open mHealth and IEEE 1752.1 that phones' stores do not have as such.

An episode says several things at once, each in the unit that its name ends with; what it does not
say is -1.
"""

from domain.donations.measures.model import DAY, SAME, Component, Measure


def _told(name: str, high: float) -> Component:
    return Component(name=name, low=-1, high=high)


ROWS = (
    Measure(
        code="physical-activity",
        category="activity",
        unit="1",
        units={"1": SAME},
        components=(
            _told("distance-metres", 1_000_000),
            _told("mets", 30),
            _told("energy-kcal", 30_000),
            _told("movements", 1_000_000),
            _told("cadence", 1_000),
            _told("elevation-gain-metres", 20_000),
            _told("minutes", 10_080),
            _told("light-minutes", 10_080),
            _told("moderate-minutes", 10_080),
            _told("vigorous-minutes", 10_080),
            _told("metres-per-second", 100),
        ),
        longest_ms=7 * DAY,
        summary="count",
        names={"en": "Physical activity", "sv": "Fysisk aktivitet"},
        open_mhealth=(
            "omh:physical-activity:1.2",
            "omh:physical-activity:1.1",
            "omh:physical-activity:1.0",
        ),
        ieee=("ieee:physical-activity:1.0",),
    ),
    Measure(
        code="sleep-episode",
        category="sleep",
        unit="1",
        units={"1": SAME},
        components=(
            _told("total-minutes", 2880),
            _told("onset-latency-minutes", 1440),
            _told("arising-latency-minutes", 1440),
            _told("awakenings", 1_000),
            _told("maintenance-efficiency-percent", 100),
            _told("wake-after-onset-minutes", 1440),
            _told("light-minutes", 2880),
            _told("deep-minutes", 2880),
            _told("rem-minutes", 2880),
            _told("efficiency-percent", 100),
        ),
        longest_ms=2 * DAY,
        summary="count",
        names={"en": "Sleep episode", "sv": "Sömnepisod"},
        open_mhealth=("omh:sleep-episode:1.1", "omh:sleep-episode:1.0"),
        ieee=("ieee:sleep-episode:1.0",),
    ),
)
