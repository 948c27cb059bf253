"""Measures of the category `reproductive`."""

from domain.donations.measures.model import DAY, Component, Measure, coded, value
from domain.donations.units import scales


def _coded(
    code: str,
    component: Component,
    names: tuple[str, str],
    healthkit: tuple[str, ...],
    health_connect: tuple[str, ...] = (),
    longest_ms: int | None = DAY,
) -> Measure:
    return Measure(
        code=code,
        category="reproductive",
        components=(component,),
        longest_ms=longest_ms,
        summary="count",
        names=dict(zip(("en", "sv"), names, strict=True)),
        healthkit=tuple(f"HKCategoryTypeIdentifier{name}" for name in healthkit),
        health_connect=tuple(f"{name}Record" for name in health_connect),
    )


_RESULT = coded("result", "negative", "positive", "indeterminate")
_BLEEDING = coded("flow", "unspecified", "none", "light", "medium", "heavy")
_LONG = 366 * DAY
"""Of what goes on for months: a pregnancy, a way of contraception."""

ROWS = (
    _coded(
        "menstrual-flow", _BLEEDING, ("Menstrual flow", "Mensblödning"),
        ("MenstrualFlow",), ("MenstruationFlow",),
    ),
    _coded(
        "menstrual-period", coded("event", "period"), ("Menstrual periods", "Mensperioder"),
        (), ("MenstruationPeriod",), 31 * DAY,
    ),
    _coded(
        "intermenstrual-bleeding", coded("event", "bleeding"),
        ("Bleeding between periods", "Mellanblödning"),
        ("IntermenstrualBleeding",), ("IntermenstrualBleeding",),
    ),
    _coded(
        "bleeding-during-pregnancy", _BLEEDING,
        ("Bleeding during pregnancy", "Blödning under graviditet"), ("BleedingDuringPregnancy",),
    ),
    _coded(
        "bleeding-after-pregnancy", _BLEEDING,
        ("Bleeding after pregnancy", "Blödning efter graviditet"), ("BleedingAfterPregnancy",),
    ),
    _coded(
        "cycle-deviation",
        coded(
            "deviation",
            "irregular-cycles", "infrequent-cycles", "prolonged-periods",
            "persistent-intermenstrual-bleeding",
        ),
        ("Cycle deviations", "Avvikelser i menscykeln"),
        (
            "IrregularMenstrualCycles", "InfrequentMenstrualCycles", "ProlongedMenstrualPeriods",
            "PersistentIntermenstrualBleeding",
        ),
        (), _LONG,
    ),
    _coded(
        "ovulation-test",
        coded("result", "negative", "luteinizing-hormone-surge", "estrogen-surge", "positive", "indeterminate"),
        ("Ovulation test", "Ägglossningstest"), ("OvulationTestResult",), ("OvulationTest",),
    ),
    _coded(
        "cervical-mucus",
        coded("quality", "unspecified", "dry", "sticky", "creamy", "watery", "egg-white", "unusual"),
        ("Cervical mucus", "Cervixsekret"), ("CervicalMucusQuality",), ("CervicalMucus",),
    ),
    _coded(
        "sexual-activity", coded("protection", "unspecified", "protected", "unprotected"),
        ("Sexual activity", "Sexuell aktivitet"), ("SexualActivity",), ("SexualActivity",),
    ),
    _coded(
        "contraceptive",
        coded(
            "kind",
            "unspecified", "implant", "injection", "intrauterine-device", "intravaginal-ring",
            "oral", "patch",
        ),
        ("Contraceptive", "Preventivmedel"), ("Contraceptive",), (), 12 * _LONG,
    ),
    _coded(
        "pregnancy", coded("state", "pregnant"), ("Pregnancy", "Graviditet"),
        ("Pregnancy",), (), _LONG,
    ),
    _coded("pregnancy-test", _RESULT, ("Pregnancy test", "Graviditetstest"), ("PregnancyTestResult",)),
    _coded(
        "progesterone-test", _RESULT, ("Progesterone test", "Progesterontest"),
        ("ProgesteroneTestResult",),
    ),
    _coded(
        "lactation", coded("state", "lactating"), ("Lactation", "Amning"), ("Lactation",), (),
        12 * _LONG,
    ),
    Measure(
        code="basal-body-temperature",
        category="reproductive",
        unit="Cel",
        units=scales("temperature", "Cel"),
        components=value(30, 45),
        summary="mean",
        names={"en": "Basal body temperature", "sv": "Basaltemperatur"},
        healthkit=("HKQuantityTypeIdentifierBasalBodyTemperature",),
        health_connect=("BasalBodyTemperatureRecord",),
    ),
)  # fmt: skip
