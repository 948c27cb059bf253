"""Measures of the category `vitals`."""

from domain.donations.measures.model import SAME, Component, Measure, Scale

ROWS = (
    Measure(
        code="blood-pressure",
        category="vitals",
        unit="mm[Hg]",
        units={"mm[Hg]": SAME, "kPa": Scale(1000 / 133.322)},
        components=(
            Component(name="systolic", low=40, high=300, loinc="8480-6"),
            Component(name="diastolic", low=20, high=200, loinc="8462-4"),
        ),
        summary="mean",
        names={"en": "Blood pressure", "sv": "Blodtryck"},
        healthkit=("HKCorrelationTypeIdentifierBloodPressure",),
        health_connect=("BloodPressureRecord",),
        open_mhealth=("omh:blood-pressure:4.0",),
        loinc=("85354-9",),
    ),
)
