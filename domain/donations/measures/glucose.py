"""Measures of the category `glucose`: glucose, ketones, insulin."""

from domain.donations.measures.model import DAY, Component, Measure, coded, value
from domain.donations.units import scales

ROWS = (
    Measure(
        code="blood-glucose",
        category="glucose",
        unit="mmol/L",
        units=scales("glucose", "mmol/L"),
        components=value(0.5, 60),
        summary="mean",
        names={"en": "Blood glucose", "sv": "Blodsocker"},
        healthkit=("HKQuantityTypeIdentifierBloodGlucose",),
        health_connect=("BloodGlucoseRecord",),
        open_mhealth=(
            "omh:blood-glucose:4.0",
            "omh:blood-glucose:3.0",
            "omh:blood-glucose:2.0",
            "omh:blood-glucose:1.0",
        ),
        loinc=("15074-8", "2339-0", "14743-9", "41653-7", "99504-3"),
    ),
    Measure(
        code="blood-ketones",
        category="glucose",
        unit="mmol/L",
        units=scales("ketones", "mmol/L"),
        components=value(0, 30),
        summary="mean",
        names={"en": "Blood ketones", "sv": "Blodketoner"},
    ),
    Measure(
        code="insulin-delivery",
        category="glucose",
        unit="[iU]",
        units=scales("insulin", "[iU]"),
        components=(
            Component(name="dose", low=0, high=500),
            coded("reason", "unspecified", "basal", "bolus"),
        ),
        longest_ms=DAY,
        summary="sum",
        names={"en": "Insulin given", "sv": "Insulindos"},
        healthkit=("HKQuantityTypeIdentifierInsulinDelivery",),
    ),
)  # fmt: skip
