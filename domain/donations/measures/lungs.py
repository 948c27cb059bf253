"""Measures of the category `lungs`."""

from domain.donations.measures.model import DAY, Measure, value
from domain.donations.units import scales

ROWS = (
    Measure(
        code="forced-vital-capacity",
        category="lungs",
        unit="L",
        units=scales("volume", "L"),
        components=value(0.1, 15),
        summary="mean",
        names={"en": "Forced vital capacity (FVC)", "sv": "Forcerad vitalkapacitet (FVC)"},
        healthkit=("HKQuantityTypeIdentifierForcedVitalCapacity",),
        open_mhealth=("omh:forced-vital-capacity:1.0",),
        loinc=("19870-5",),
    ),
    Measure(
        code="forced-expiratory-volume",
        category="lungs",
        unit="L",
        units=scales("volume", "L"),
        components=value(0.1, 12),
        summary="mean",
        names={
            "en": "Volume breathed out in one second (FEV1)",
            "sv": "Utandad volym på en sekund (FEV1)",
        },
        healthkit=("HKQuantityTypeIdentifierForcedExpiratoryVolume1",),
        open_mhealth=("omh:forced-expiratory-volume-1-second:1.0",),
        loinc=("20150-9",),
    ),
    Measure(
        code="peak-expiratory-flow",
        category="lungs",
        unit="L/min",
        units=scales("flow", "L/min"),
        components=value(20, 1_200),
        summary="mean",
        names={"en": "Peak expiratory flow", "sv": "PEF, största utandningsflöde"},
        healthkit=("HKQuantityTypeIdentifierPeakExpiratoryFlowRate",),
        loinc=("19935-6", "33452-4"),
    ),
    Measure(
        code="inhaler-usage",
        category="lungs",
        unit="{puffs}",
        units=scales("number", "{puffs}"),
        components=value(0, 100),
        longest_ms=DAY,
        summary="sum",
        names={"en": "Inhaler use", "sv": "Användning av inhalator"},
        healthkit=("HKQuantityTypeIdentifierInhalerUsage",),
    ),
)
