"""Measures of the category `sleep`."""

from domain.donations.measures.model import DAY, Component, Measure

ROWS = (
    Measure(
        code="sleep-stage",
        category="sleep",
        components=(Component(name="stage", codes=("awake", "asleep", "light", "deep", "rem")),),
        longest_ms=DAY,
        summary="time",
        names={"en": "Sleep stages", "sv": "Sömnstadier"},
        healthkit=("HKCategoryTypeIdentifierSleepAnalysis",),
        health_connect=("SleepSessionRecord",),
    ),
)
