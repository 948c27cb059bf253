"""Values with their units, as the standards spell them, and what each unit is in UCUM."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from domain.donations.openmhealth.frames import MILLISECONDS, TimeUnit

UCUM = {
    "beats/min": "/min", "breaths/min": "/min", "steps": "{steps}", "mmHg": "mm[Hg]", "%": "%",
    "kcal": "kcal", "mg/dL": "mg/dL", "mmol/L": "mmol/L", "kg/m2": "kg/m2", "kg/m^2": "kg/m2",
    "C": "Cel", "F": "[degF]", "K": "K", "L": "L", "L/min": "L/min", "deg": "deg",
    "fg": "fg", "pg": "pg", "ng": "ng", "ug": "ug", "mg": "mg", "g": "g", "kg": "kg",
    "Metric Ton": "t", "gr": "[gr]", "oz": "[oz_av]", "lb": "[lb_av]", "Ton": "[ston_av]",
    "fm": "fm", "pm": "pm", "nm": "nm", "um": "um", "mm": "mm", "cm": "cm", "m": "m", "km": "km",
    "in": "[in_i]", "ft": "[ft_i]", "yd": "[yd_i]", "mi": "[mi_i]",
    "ps": "ps", "ns": "ns", "us": "us", "ms": "ms", "sec": "s", "min": "min", "h": "h", "d": "d",
    "wk": "wk", "Mo": "mo", "yr": "a", "m/s": "m/s", "km/h": "km/h",
    "events/h": "/h", "awakenings/h": "/h", "snores/h": "/h",
}  # fmt: skip
"""The UCUM code of each unit of the schemas that we take."""

METRES = {
    "fm": 1e-15, "pm": 1e-12, "nm": 1e-9, "um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1, "km": 1e3,
    "in": 0.0254, "ft": 0.3048, "yd": 0.9144, "mi": 1609.344,
}  # fmt: skip
PARTS: Mapping[str, Mapping[str, float]] = {
    "min": {unit: ms / 60_000 for unit, ms in MILLISECONDS.items()},
    "m": METRES,
    "m/s": {"m/s": 1, "km/h": 1 / 3.6},
}
"""What a unit is in the one that a part of a composite measure is kept in; others stay as they are."""


class Quantity(Struct, frozen=True, kw_only=True):
    """unit-value 1.0: any unit. Those below say which."""

    value: float
    unit: str


class PerMinute(Quantity, frozen=True, kw_only=True):
    unit: Literal["beats/min"]


class Breaths(Quantity, frozen=True, kw_only=True):
    unit: Literal["breaths/min"]


class Steps(Quantity, frozen=True, kw_only=True):
    unit: Literal["steps"]


class Pressure(Quantity, frozen=True, kw_only=True):
    unit: Literal["mmHg"]


class Percent(Quantity, frozen=True, kw_only=True):
    unit: Literal["%"]


class Energy(Quantity, frozen=True, kw_only=True):
    unit: Literal["kcal"]


class Glucose(Quantity, frozen=True, kw_only=True):
    unit: Literal["mg/dL", "mmol/L"]


class Temperature(Quantity, frozen=True, kw_only=True):
    unit: Literal["K", "F", "C"]


class MassIndex(Quantity, frozen=True, kw_only=True):
    unit: Literal["kg/m^2"]


class OldMassIndex(Quantity, frozen=True, kw_only=True):
    unit: Literal["kg/m2"]


class Mass(Quantity, frozen=True, kw_only=True):
    """mass-unit-value 1.x."""

    unit: Literal[
        "fg", "pg", "ng", "ug", "mg", "g", "kg", "Metric Ton", "gr", "oz", "lb", "Ton"
    ]  # fmt: skip


class Length(Quantity, frozen=True, kw_only=True):
    """length-unit-value 1.0."""

    unit: Literal["fm", "pm", "nm", "um", "mm", "cm", "m", "km", "in", "ft", "yd", "mi"]


class Elevation(Quantity, frozen=True, kw_only=True):
    unit: Literal["m", "ft"]


class Angle(Quantity, frozen=True, kw_only=True):
    """plane-angle-unit-value 1.x."""

    unit: Literal["deg"]


class Speed(Quantity, frozen=True, kw_only=True):
    unit: Literal["m/s", "km/h"]


class Litres(Quantity, frozen=True, kw_only=True):
    unit: Literal["L"]


class Flow(Quantity, frozen=True, kw_only=True):
    unit: Literal["L/min"]


class Time(Quantity, frozen=True, kw_only=True):
    """duration-unit-value 1.0 as a measure of its own."""

    unit: TimeUnit


class SleepTime(Quantity, frozen=True, kw_only=True):
    unit: Literal["sec", "min", "h"]


class Minutes(Quantity, frozen=True, kw_only=True):
    unit: Literal["min"]


class Thousandths(Quantity, frozen=True, kw_only=True):
    unit: Literal["ms"]


class Events(Quantity, frozen=True, kw_only=True):
    unit: Literal["events/h"]


class Awakenings(Quantity, frozen=True, kw_only=True):
    unit: Literal["awakenings/h"]


class Snores(Quantity, frozen=True, kw_only=True):
    unit: Literal["snores/h"]


class Sound(Quantity, frozen=True, kw_only=True):
    unit: Literal["dB", "dBA"]
