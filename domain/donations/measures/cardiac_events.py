"""Measures of the category `cardiac-events`: what a watch found odd about the heart, and its ECG."""

from domain.donations.measures.model import DAY, HOUR, Measure, coded, value
from domain.donations.units import scales

WEEK = 7 * DAY + HOUR
"""Of local days: one may have 25 hours."""


def _event(code: str, en: str, sv: str, healthkit: str) -> Measure:
    return Measure(
        code=code,
        category="cardiac-events",
        components=(coded("event", "detected"),),
        longest_ms=31 * DAY,
        summary="count",
        names={"en": en, "sv": sv},
        healthkit=(f"HKCategoryTypeIdentifier{healthkit}",),
    )


ROWS = (
    Measure(
        code="atrial-fibrillation-burden",
        category="cardiac-events",
        unit="%",
        units=scales("fraction", "%"),
        components=value(0, 100),
        longest_ms=WEEK,
        summary="mean",
        names={"en": "Time in atrial fibrillation", "sv": "Tid med förmaksflimmer"},
        healthkit=("HKQuantityTypeIdentifierAtrialFibrillationBurden",),
    ),
    _event(
        "irregular-heart-rhythm", "Irregular rhythm notification", "Avisering om oregelbunden rytm",
        "IrregularHeartRhythmEvent",
    ),
    _event(
        "high-heart-rate", "High heart rate notification", "Avisering om hög puls",
        "HighHeartRateEvent",
    ),
    _event(
        "low-heart-rate", "Low heart rate notification", "Avisering om låg puls",
        "LowHeartRateEvent",
    ),
    _event(
        "possible-hypertension", "Possible hypertension notification",
        "Avisering om möjligt högt blodtryck", "HypertensionEvent",
    ),
    Measure(
        code="electrocardiogram",
        category="cardiac-events",
        components=(
            coded(
                "classification",
                "not-classified", "sinus-rhythm", "atrial-fibrillation",
                "inconclusive-low-heart-rate", "inconclusive-high-heart-rate",
                "inconclusive-poor-reading", "inconclusive-other", "unrecognized",
            ),
        ),
        longest_ms=HOUR,
        summary="count",
        names={"en": "ECG result", "sv": "EKG-resultat"},
        healthkit=("HKElectrocardiogram",),
    ),
    Measure(
        code="ecg-voltage",
        category="cardiac-events",
        unit="uV",
        units=scales("voltage", "uV"),
        components=value(-50_000, 50_000),
        summary="mean",
        names={"en": "ECG curve", "sv": "EKG-kurva"},
        healthkit=("HKElectrocardiogram",),
    ),
)  # fmt: skip
