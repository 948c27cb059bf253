"""Code systems, and which measure, component or value a coding means."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from msgspec import UnsetType

from domain.donations.fhir.resources import Coding
from domain.donations.measures import MEASURES, Measure
from domain.donations.measures.over_time import SUFFIX

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
OPEN_MHEALTH = "https://w3id.org/openmhealth"
HEALTHKIT = "http://developer.apple.com/documentation/healthkit"
HEALTHKIT_VALUES = "https://developer.apple.com/documentation/healthkit/"
OWN, OWN_VALUE = "urn:medverka:measure", "urn:medverka:value"
"""Ours: for measures, and their components by their names, and for the codes of a component."""

PARTICULAR = {
    "heart-rate": frozenset({"resting-heart-rate", "walking-heart-rate"}),
    "body-temperature": frozenset({"basal-body-temperature"}),
}
"""Measures with whose codes FHIR's vital signs profile asks for that of the general one."""

NONE: frozenset[str] = frozenset()

_SHARED = {
    "HKCategoryTypeIdentifierSleepAnalysis": "sleep-stage",
    "HKElectrocardiogram": "electrocardiogram",
}
"""Codes that two measures come from: the one that has the value. What else they say is seen to apart."""

Key: TypeAlias = tuple[str | UnsetType, str | UnsetType]


def _measures() -> Iterator[tuple[Key, Measure]]:
    for measure in MEASURES.values():
        yield (OWN, measure.code), measure
        for code in measure.loinc:
            yield (LOINC, code), measure
        for code in measure.healthkit:
            if _SHARED.get(code, measure.code) == measure.code:
                yield (HEALTHKIT, code), measure


MEASURE_OF: Mapping[Key, Measure] = MappingProxyType(dict(_measures()))


_HEALTHKITS = {
    "HKQuantityTypeIdentifierBloodPressureSystolic": "systolic",
    "HKQuantityTypeIdentifierBloodPressureDiastolic": "diastolic",
    "HKStateOfMindKind": "kind",
    "HKStateOfMindValence": "valence",
    "HKElectrocardiogram.Classification": "classification",
    "HKSexualActivityProtectionUsed": "protection",
}


def _components() -> Iterator[tuple[Key, str]]:
    for part in [part for measure in MEASURES.values() for part in measure.components]:
        yield (OWN, part.name), part.name
        if part.loinc is not None:
            yield (LOINC, part.loinc), part.name
    for code, name in _HEALTHKITS.items():
        yield (HEALTHKIT, code), name


COMPONENT_OF: Mapping[Key, str] = MappingProxyType(dict(_components()))
"""The component of a measure that one of an Observation tells, by its code."""

IEEE_11073 = "urn:oid:2.16.840.1.113883.6.24"
VOLTAGE: frozenset[Key] = frozenset({(IEEE_11073, "131329"), (OWN, "ecg-voltage")})
"""The component of an ECG that holds its curve (MDC_ECG_ELEC_POTL_I)."""


def measures_of(codings: Iterable[Coding]) -> list[Measure]:
    """The measures that the codings of one concept mean: one, unless they contradict each other."""
    found: list[Measure] = []
    for coding in codings:
        measure = MEASURE_OF.get((coding.system, coding.code))
        if measure is not None and all(measure is not other for other in found):
            found.append(measure)
    if len(found) < 2:  # noqa: PLR2004 - most often
        return found
    codes = {measure.code for measure in found}
    return [measure for measure in found if not PARTICULAR.get(measure.code, NONE) & codes]


def namesakes(measures: Iterable[Measure], codings: Iterable[Coding]) -> set[str]:
    """Every measure that samples under these codings may have gone to."""
    codes = {measure.code for measure in measures}
    said = {coding.code for coding in codings}
    codes |= {row.code for row in MEASURES.values() if said & {*row.healthkit}}
    documents = {row.code for row in MEASURES.values() if said & {*row.open_mhealth, *row.ieee}}
    return codes | documents | {code + SUFFIX for code in documents}
