"""The units that are taken, as UCUM codes, by the kind of quantity they measure. Pure.

A table of the few that phones, watches and their formats use: a general library of units would
cost a second of start and tens of megabytes. Tests compare it with one.
"""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct


class Scale(Struct, frozen=True):
    """How a unit becomes another: `value * factor + offset`."""

    factor: float = 1.0
    offset: float = 0.0


SAME = Scale()

GLUCOSE = 18.0156
BETA_HYDROXYBUTYRATE = 10.4105
"""Tenths of a gram a mole: mg/dL in one mmol/L."""

_LENGTH = {
    "m": 1.0, "km": 1_000.0, "cm": 0.01, "mm": 0.001,
    "um": 1e-6, "nm": 1e-9, "pm": 1e-12, "fm": 1e-15,
    "[in_i]": 0.0254, "[ft_i]": 0.3048, "[yd_i]": 0.9144, "[mi_i]": 1_609.344,
}  # fmt: skip
_TIME = {
    "s": 1.0,
    "ms": 0.001,
    "us": 1e-6,
    "min": 60.0,
    "h": 3_600.0,
    "d": 86_400.0,
    "wk": 604_800.0,
    "mo": 2_629_800.0,
    "a": 31_557_600.0,
    "ns": 1e-9,
    "ps": 1e-12,
}
_ENERGY = {"kcal": 4_184.0, "cal": 4.184, "J": 1.0, "kJ": 1_000.0}

KINDS: Mapping[str, Mapping[str, Scale]] = MappingProxyType(
    {
        kind: MappingProxyType({code: Scale(factor) for code, factor in factors.items()})
        for kind, factors in {
            "number": dict.fromkeys(
                ("1", "{count}", "{steps}", "{step}", "{floors}", "{pushes}", "{strokes}",
                 "{falls}", "{puffs}", "{events}", "{score}"), 1.0),
            "fraction": {"%": 0.01, "1": 1.0},
            "frequency": {
                "/min": 1.0, "1/min": 1.0, "{beats}/min": 1.0, "{breaths}/min": 1.0,
                "{steps}/min": 1.0, "Hz": 60.0, "/s": 60.0, "1/s": 60.0, "/h": 1 / 60, "1/h": 1 / 60,
                "{events}/h": 1 / 60,
            },
            "length": _LENGTH,
            "time": _TIME,
            "mass": {
                "kg": 1.0, "g": 0.001, "mg": 1e-6, "ug": 1e-9, "ng": 1e-12, "pg": 1e-15, "fg": 1e-18,
                "t": 1_000.0, "[gr]": 64.79891e-6, "[ston_av]": 907.18474,
                "[lb_av]": 0.45359237, "[oz_av]": 0.45359237 / 16, "[stone_av]": 0.45359237 * 14,
            },
            "mass per area": {"kg/m2": 1.0, "g/cm2": 10.0},
            "speed": {"m/s": 1.0, "km/h": 1 / 3.6, "[mi_i]/h": 0.44704, "m/min": 1 / 60},
            "energy": _ENERGY,
            "power": {"W": 1.0, "kW": 1_000.0, "kcal/d": 4_184 / 86_400, "kJ/d": 1_000 / 86_400},
            "pressure": {
                "mm[Hg]": 133.322, "kPa": 1_000.0, "Pa": 1.0, "mbar": 100.0, "cm[H2O]": 98.0665,
            },
            "temperature difference": {"Cel": 1.0, "K": 1.0, "[degF]": 5 / 9},
            "glucose": {"mmol/L": 1.0, "mg/dL": 1 / GLUCOSE, "g/L": 100 / GLUCOSE},
            "ketones": {"mmol/L": 1.0, "mg/dL": 1 / BETA_HYDROXYBUTYRATE},
            "insulin": {"[iU]": 1.0, "[IU]": 1.0, "m[iU]": 0.001, "m[IU]": 0.001},
            "volume": {"L": 1.0, "dL": 0.1, "cL": 0.01, "mL": 0.001, "l": 1.0, "ml": 0.001},
            "flow": {"L/min": 1.0, "L/s": 60.0, "mL/s": 0.06, "mL/min": 0.001},
            "oxygen uptake": {
                "mL/kg/min": 1.0, "mL/min/kg": 1.0, "mL/(kg.min)": 1.0, "mL/(min.kg)": 1.0,
                "[MET]": 3.5,
            },
            "voltage": {"uV": 1e-6, "mV": 0.001, "V": 1.0},
            "angle": {"deg": 1.0, "rad": 57.29577951308232},
        }.items()
    }
    | {
        "temperature": MappingProxyType(
            {"Cel": Scale(), "K": Scale(1.0, -273.15), "[degF]": Scale(5 / 9, -160 / 9)}
        )
    }
)  # fmt: skip
"""By kind, how each unit becomes one that is the same for all of the kind."""


def scales(kind: str, own: str) -> Mapping[str, Scale]:
    """How every unit of a kind becomes one of them."""
    to = KINDS[kind][own]
    return MappingProxyType(
        {code: SAME if unit == to else _combined(unit, to) for code, unit in KINDS[kind].items()}
    )


def _combined(unit: Scale, to: Scale) -> Scale:
    return Scale(unit.factor / to.factor, (unit.offset - to.offset) / to.factor)
