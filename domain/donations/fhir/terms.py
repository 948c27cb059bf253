"""The codes that HealthKit's enumerations have in Observations, and ours for them."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import UNSET

from domain.donations.fhir.codes import HEALTHKIT, HEALTHKIT_VALUES, OWN_VALUE, Key
from domain.donations.fhir.resources import Coding
from domain.donations.measures import Component

IN_BED = (HEALTHKIT_VALUES + "hkcategoryvaluesleepanalysis", "0")
"""No stage of sleep: a time in bed."""

_SEVERITY = ("unspecified", "not-present", "mild", "moderate", "severe")
_BLEEDING = ("", "unspecified", "light", "medium", "heavy", "none")
_RESULT = ("", "negative", "positive", "indeterminate")
_RHYTHM = (
    "not-classified", "sinus-rhythm", "atrial-fibrillation", "inconclusive-low-heart-rate",
    "inconclusive-high-heart-rate", "inconclusive-poor-reading", "inconclusive-other",
)  # fmt: skip
_NUMBERED: Mapping[str, Sequence[str]] = {
    "hkcategoryvaluesleepanalysis": ("", "asleep", "awake", "light", "deep", "rem"),
    "hkcategoryvalueseverity": _SEVERITY,
    "hkcategoryvaluepresence": ("present", "not-present"),
    "hkcategoryvalueappetitechanges": ("unspecified", "no-change", "decreased", "increased"),
    "hkcategoryvaluemenstrualflow": _BLEEDING,
    "hkcategoryvaluevaginalbleeding": _BLEEDING,
    "hkcategoryvaluecervicalmucusquality": ("", "dry", "sticky", "creamy", "watery", "egg-white"),
    "hkcategoryvaluecontraceptive": (
        "", "unspecified", "implant", "injection", "intrauterine-device", "intravaginal-ring",
        "oral", "patch",
    ),
    "hkcategoryvalueovulationtestresult": (
        "", "negative", "luteinizing-hormone-surge", "indeterminate", "estrogen-surge",
    ),
    "hkcategoryvaluepregnancytestresult": _RESULT,
    "hkcategoryvalueprogesteronetestresult": _RESULT,
    "hkcategoryvalueapplewalkingsteadinessevent": (
        "", "initial-low", "initial-very-low", "repeat-low", "repeat-very-low",
    ),
    "hkelectrocardiogramclassification": _RHYTHM,
    "classification": _RHYTHM,
    "hkinsulindeliveryreason": ("", "basal", "bolus"),
}  # fmt: skip
"""By the enumeration's name, what its raw values 0, 1, 2 … mean."""

_WORKOUTS: Mapping[str, str] = {
    "americanFootball": "american-football", "badminton": "badminton", "barre": "pilates",
    "baseball": "baseball", "basketball": "basketball", "boxing": "boxing",
    "cardioDance": "dancing", "climbing": "climbing", "coolDown": "stretching",
    "coreTraining": "core-training", "crossCountrySkiing": "cross-country-skiing",
    "cycling": "cycling", "dance": "dancing", "danceInspiredTraining": "dancing",
    "downhillSkiing": "downhill-skiing", "elliptical": "elliptical",
    "equestrianSports": "horse-riding", "fishing": "fishing", "flexibility": "stretching",
    "functionalStrengthTraining": "strength-training", "golf": "golf", "gymnastics": "gymnastics",
    "handball": "handball", "highIntensityIntervalTraining": "interval-training",
    "hiking": "hiking", "hunting": "hunting", "jumpRope": "jump-rope",
    "kickboxing": "martial-arts", "martialArts": "martial-arts", "mindAndBody": "mind-and-body",
    "mixedCardio": "aerobics", "paddleSports": "paddling", "pilates": "pilates", "play": "play",
    "rowing": "rowing", "running": "running", "sailing": "sailing", "skatingSports": "skating",
    "snowboarding": "snowboarding", "soccer": "football", "socialDance": "dancing",
    "squash": "squash", "stairClimbing": "stair-climbing", "stairs": "stair-climbing",
    "stepTraining": "aerobics", "surfingSports": "surfing", "swimming": "swimming",
    "tableTennis": "table-tennis", "taiChi": "mind-and-body", "tennis": "tennis",
    "traditionalStrengthTraining": "strength-training", "underwaterDiving": "diving",
    "volleyball": "volleyball", "walking": "walking", "waterFitness": "aerobics",
    "wheelchairRunPace": "wheelchair", "wheelchairWalkPace": "wheelchair", "yoga": "yoga",
}  # fmt: skip
_DEVIATIONS: Mapping[str, str] = {
    "HKCategoryTypeIdentifierIrregularMenstrualCycles": "irregular-cycles",
    "HKCategoryTypeIdentifierInfrequentMenstrualCycles": "infrequent-cycles",
    "HKCategoryTypeIdentifierProlongedMenstrualPeriods": "prolonged-periods",
    "HKCategoryTypeIdentifierPersistentIntermenstrualBleeding": "persistent-intermenstrual-bleeding",
}


def _ours() -> Iterator[tuple[Key, str]]:
    for name, values in _NUMBERED.items():
        for raw, ours in enumerate(values):
            yield (HEALTHKIT_VALUES + name, str(raw)), ours
    for name in ("hkelectrocardiogramclassification", "classification"):
        yield (HEALTHKIT_VALUES + name, "100"), "unrecognized"
    for activity, ours in _WORKOUTS.items():
        yield (HEALTHKIT, activity), ours


OURS: Mapping[Key, str] = MappingProxyType(dict(_ours()))
"""Our code for a coding of HealthKit's."""


def code_of(codings: Sequence[Coding], component: Component) -> str | None:
    """The code of a component that a concept means."""
    for coding in codings:
        if coding.system == OWN_VALUE and coding.code in component.codes:
            return str(coding.code)
        ours = OURS.get((coding.system, coding.code))
        if ours in component.codes:
            return ours
        if component.name == "activity" and coding.system == HEALTHKIT and coding.code is not UNSET:
            return "other"  # a kind of workout that has no code here
    return None


def event_of(said: str, component: Component) -> str | None:
    """The code of an event whose value only repeats what it is: HealthKit's identifier."""
    if said in _DEVIATIONS:
        return _DEVIATIONS[said] if _DEVIATIONS[said] in component.codes else None
    if not said.startswith("HKCategoryTypeIdentifier"):
        return None
    plain = len(component.codes) == 1 or component.codes[0] == "unspecified"
    return component.codes[0] if plain else None
