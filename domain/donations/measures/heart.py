"""Measures of the category `heart`."""

from domain.donations.measures.model import SAME, Measure, Scale, value

ROWS = (
    Measure(
        code="heart-rate",
        category="heart",
        unit="/min",
        units={"/min": SAME, "1/min": SAME, "{beats}/min": SAME, "Hz": Scale(60.0)},
        components=value(20, 300),
        summary="mean",
        names={"en": "Heart rate", "sv": "Puls"},
        healthkit=("HKQuantityTypeIdentifierHeartRate",),
        health_connect=("HeartRateRecord",),
        open_mhealth=("omh:heart-rate:2.0",),
        loinc=("8867-4",),
    ),
)
