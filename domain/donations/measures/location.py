"""Measures of the category `location`: where someone was. No consent but one that names it opens it."""

from domain.donations.measures.model import Component, Measure
from domain.donations.units import scales

ROWS = (
    Measure(
        code="geoposition",
        category="location",
        unit="deg",
        units=scales("angle", "deg"),
        components=(
            Component(name="latitude", low=-90, high=90),
            Component(name="longitude", low=-180, high=180),
        ),
        summary="count",
        names={"en": "Position", "sv": "Position"},
        healthkit=("HKWorkoutRoute",),
        health_connect=("ExerciseRoute",),
        open_mhealth=("omh:geoposition:1.0",),
    ),
)
