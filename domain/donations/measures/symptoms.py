"""Measures of the category `symptoms`: symptoms, each a measure of its own, and mood."""

from domain.donations.measures.model import DAY, Component, Measure, coded
from domain.donations.units import scales

_SEVERITY = coded("severity", "unspecified", "not-present", "mild", "moderate", "severe")
_PRESENCE = coded("presence", "present", "not-present")
_APPETITE = coded("change", "unspecified", "no-change", "decreased", "increased")

_SYMPTOMS: tuple[tuple[str, Component, str, str, str], ...] = (
    ("abdominal-cramps", _SEVERITY, "Abdominal cramps", "Magkramper", "AbdominalCramps"),
    ("acne", _SEVERITY, "Acne", "Akne", "Acne"),
    ("appetite-change", _APPETITE, "Changed appetite", "Förändrad aptit", "AppetiteChanges"),
    ("bladder-incontinence", _SEVERITY, "Urinary incontinence", "Urininkontinens", "BladderIncontinence"),
    ("bloating", _SEVERITY, "Bloating", "Uppblåsthet", "Bloating"),
    ("breast-pain", _SEVERITY, "Breast pain", "Bröstömhet", "BreastPain"),
    ("chest-tightness-or-pain", _SEVERITY, "Chest tightness or pain", "Tryck eller smärta över bröstet", "ChestTightnessOrPain"),
    ("chills", _SEVERITY, "Chills", "Frossa", "Chills"),
    ("constipation", _SEVERITY, "Constipation", "Förstoppning", "Constipation"),
    ("coughing", _SEVERITY, "Coughing", "Hosta", "Coughing"),
    ("diarrhea", _SEVERITY, "Diarrhoea", "Diarré", "Diarrhea"),
    ("dizziness", _SEVERITY, "Dizziness", "Yrsel", "Dizziness"),
    ("dry-skin", _SEVERITY, "Dry skin", "Torr hud", "DrySkin"),
    ("fainting", _SEVERITY, "Fainting", "Svimning", "Fainting"),
    ("fatigue", _SEVERITY, "Fatigue", "Trötthet", "Fatigue"),
    ("fever", _SEVERITY, "Fever", "Feber", "Fever"),
    ("generalized-body-ache", _SEVERITY, "Body ache", "Värk i kroppen", "GeneralizedBodyAche"),
    ("hair-loss", _SEVERITY, "Hair loss", "Håravfall", "HairLoss"),
    ("headache", _SEVERITY, "Headache", "Huvudvärk", "Headache"),
    ("heartburn", _SEVERITY, "Heartburn", "Halsbränna", "Heartburn"),
    ("hot-flashes", _SEVERITY, "Hot flushes", "Vallningar", "HotFlashes"),
    ("loss-of-smell", _SEVERITY, "Loss of smell", "Luktbortfall", "LossOfSmell"),
    ("loss-of-taste", _SEVERITY, "Loss of taste", "Smakbortfall", "LossOfTaste"),
    ("lower-back-pain", _SEVERITY, "Lower back pain", "Ländryggssmärta", "LowerBackPain"),
    ("memory-lapse", _SEVERITY, "Memory lapses", "Minnesluckor", "MemoryLapse"),
    ("mood-changes", _PRESENCE, "Mood changes", "Humörsvängningar", "MoodChanges"),
    ("nausea", _SEVERITY, "Nausea", "Illamående", "Nausea"),
    ("night-sweats", _SEVERITY, "Night sweats", "Nattsvettningar", "NightSweats"),
    ("pelvic-pain", _SEVERITY, "Pelvic pain", "Bäckensmärta", "PelvicPain"),
    ("pounding-heartbeat", _SEVERITY, "Pounding or fluttering heartbeat", "Hjärtklappning", "RapidPoundingOrFlutteringHeartbeat"),
    ("runny-nose", _SEVERITY, "Runny nose", "Rinnsnuva", "RunnyNose"),
    ("shortness-of-breath", _SEVERITY, "Shortness of breath", "Andnöd", "ShortnessOfBreath"),
    ("sinus-congestion", _SEVERITY, "Nasal congestion", "Nästäppa", "SinusCongestion"),
    ("skipped-heartbeat", _SEVERITY, "Skipped heartbeats", "Överhoppade hjärtslag", "SkippedHeartbeat"),
    ("sleep-changes", _PRESENCE, "Changed sleep", "Förändrad sömn", "SleepChanges"),
    ("sore-throat", _SEVERITY, "Sore throat", "Halsont", "SoreThroat"),
    ("vaginal-dryness", _SEVERITY, "Vaginal dryness", "Torra slemhinnor i slidan", "VaginalDryness"),
    ("vomiting", _SEVERITY, "Vomiting", "Kräkningar", "Vomiting"),
    ("wheezing", _SEVERITY, "Wheezing", "Pipande andning", "Wheezing"),
)  # fmt: skip


def _symptom(code: str, component: Component, en: str, sv: str, healthkit: str) -> Measure:
    return Measure(
        code=code,
        category="symptoms",
        components=(component,),
        longest_ms=31 * DAY,
        summary="count",
        names={"en": en, "sv": sv},
        healthkit=(f"HKCategoryTypeIdentifier{healthkit}",),
    )


ROWS = (
    *[_symptom(*row) for row in _SYMPTOMS],
    Measure(
        code="state-of-mind",
        category="symptoms",
        unit="1",
        units=scales("number", "1"),
        components=(
            Component(name="valence", low=-1, high=1),
            coded("kind", "unspecified", "momentary-emotion", "daily-mood"),
        ),
        summary="mean",
        names={"en": "State of mind, unpleasant to pleasant", "sv": "Sinnesstämning, obehaglig till behaglig"},
        healthkit=("HKStateOfMind",),
    ),
    Measure(
        code="mindful-session",
        category="symptoms",
        components=(
            coded(
                "kind",
                "unspecified", "breathing", "meditation", "music", "movement", "unguided",
            ),
        ),
        longest_ms=DAY,
        summary="time",
        names={"en": "Mindfulness sessions", "sv": "Stunder av medveten närvaro"},
        healthkit=("HKCategoryTypeIdentifierMindfulSession",),
        health_connect=("MindfulnessSessionRecord",),
    ),
)  # fmt: skip
