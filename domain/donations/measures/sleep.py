"""Measures of the category `sleep`."""

from domain.donations.measures.model import DAY, Measure, Names, coded, value
from domain.donations.units import scales


def _duration(
    code: str,
    names: Names,
    *,
    healthkit: tuple[str, ...] = (),
    open_mhealth: tuple[str, ...] = (),
    ieee: tuple[str, ...] = (),
    loinc: tuple[str, ...] = (),
) -> Measure:
    """A time within an episode of sleep, whose interval is the sample's."""
    return Measure(
        code=code,
        category="sleep",
        unit="min",
        units=scales("time", "min"),
        components=value(0, 2_880),
        longest_ms=2 * DAY,
        summary="sum",
        names=names,
        healthkit=healthkit,
        open_mhealth=open_mhealth,
        ieee=ieee,
        loinc=loinc,
    )


def _index(code: str, names: Names, *ieee: str) -> Measure:
    """Events an hour of sleep."""
    return Measure(
        code=code,
        category="sleep",
        unit="/h",
        units=scales("frequency", "/h"),
        components=value(0, 300),
        longest_ms=2 * DAY,
        summary="mean",
        names=names,
        ieee=ieee,
    )


ROWS = (
    Measure(
        code="sleep-stage",
        category="sleep",
        components=(
            coded(
                "stage",
                "awake", "asleep", "light", "deep", "rem", "out-of-bed", "awake-in-bed", "unknown",
            ),
        ),
        longest_ms=DAY,
        summary="time",
        names={"en": "Sleep stages", "sv": "Sömnstadier"},
        healthkit=("HKCategoryTypeIdentifierSleepAnalysis",),
        health_connect=("SleepSessionRecord",),
    ),
    Measure(
        code="sleep-session",
        category="sleep",
        components=(coded("kind", "unspecified", "main", "nap"),),
        longest_ms=2 * DAY,
        summary="time",
        names={"en": "Sleep sessions", "sv": "Sömnpass"},
        health_connect=("SleepSessionRecord",),
    ),
    _duration(
        "time-in-bed", {"en": "Time in bed", "sv": "Tid i sängen"},
        healthkit=("HKCategoryTypeIdentifierSleepAnalysis",), ieee=("ieee:time-in-bed:1.0",),
    ),
    _duration(
        "total-sleep-time", {"en": "Sleep time", "sv": "Sömntid"},
        open_mhealth=(
            "omh:sleep-duration:2.0", "omh:sleep-duration:1.0", "omh:total-sleep-time:1.0",
        ),
        ieee=("ieee:total-sleep-time:1.0",),
        loinc=("93832-4",),
    ),
    _duration(
        "deep-sleep", {"en": "Deep sleep", "sv": "Djupsömn"}
    ),
    _duration(
        "light-sleep", {"en": "Light sleep", "sv": "Lätt sömn"}
    ),
    _duration(
        "sleep-onset-latency", {"en": "Time to fall asleep", "sv": "Insomningstid"},
        ieee=("ieee:sleep-onset-latency:1.0",),
    ),
    _duration(
        "wake-after-sleep-onset", {"en": "Time awake in the night", "sv": "Vakentid under natten"},
        ieee=("ieee:wake-after-sleep-onset:1.0",),
    ),
    _duration(
        "latency-to-arising", {"en": "Time from waking to rising", "sv": "Tid från uppvaknande till uppstigning"}
    ),
    Measure(
        code="awakenings",
        category="sleep",
        unit="1",
        units=scales("number", "1"),
        components=value(0, 500),
        longest_ms=2 * DAY,
        summary="sum",
        names={"en": "Awakenings", "sv": "Uppvaknanden"},
    ),
    Measure(
        code="sleep-efficiency",
        category="sleep",
        unit="%",
        units=scales("fraction", "%"),
        components=value(0, 100),
        longest_ms=2 * DAY,
        summary="mean",
        names={"en": "Sleep efficiency", "sv": "Sömneffektivitet"},
    ),
    _index(
        "apnea-hypopnea-index", {"en": "Apnoea-hypopnoea index", "sv": "Apné-hypopnéindex"},
        "ieee:apnea-hypopnea-index:1.0",
    ),
    _index("arousal-index", {"en": "Arousal index", "sv": "Arousalindex"}, "ieee:arousal-index:1.0"),
    _index("snore-index", {"en": "Snore index", "sv": "Snarkindex"}, "ieee:snore-index:1.0"),
    Measure(
        code="sleep-breathing-disturbances",
        category="sleep",
        unit="1",
        units=scales("number", "1"),
        components=value(0, 300),
        longest_ms=2 * DAY,
        summary="mean",
        names={"en": "Breathing disturbances in sleep", "sv": "Andningsstörningar under sömn"},
        healthkit=("HKQuantityTypeIdentifierAppleSleepingBreathingDisturbances",),
    ),
    Measure(
        code="possible-sleep-apnea",
        category="sleep",
        components=(coded("event", "detected"),),
        longest_ms=31 * DAY,
        summary="count",
        names={"en": "Possible sleep apnoea notification", "sv": "Avisering om möjlig sömnapné"},
        healthkit=("HKCategoryTypeIdentifierSleepApneaEvent",),
    ),
)  # fmt: skip
