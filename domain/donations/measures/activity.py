"""Measures of the category `activity`."""

from domain.donations.measures.model import DAY, SAME, Measure, value

ROWS = (
    Measure(
        code="step-count",
        category="activity",
        unit="{steps}",
        units={"{steps}": SAME, "1": SAME, "{count}": SAME},
        components=value(0, 100_000),
        longest_ms=DAY,
        summary="sum",
        names={"en": "Steps", "sv": "Steg"},
        healthkit=("HKQuantityTypeIdentifierStepCount",),
        health_connect=("StepsRecord",),
        open_mhealth=("omh:step-count:3.0",),
        loinc=("55423-8",),
    ),
)
