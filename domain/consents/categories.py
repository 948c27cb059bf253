"""The data categories, each a choice of its own: what phones' stores fill, and questionnaires' topics. Pure.

Others have their categories too: `demographics` and `contact`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct


class Category(Struct, frozen=True, kw_only=True):
    """What a resident chooses about. A sensitive one is given by naming it, never with others."""

    code: str
    sensitive: bool = False
    names: Mapping[str, str]


_ROWS = (
    Category(code="activity", names={"en": "Activity", "sv": "Aktivitet"}),
    Category(code="heart", names={"en": "Heart", "sv": "Hjärta"}),
    Category(
        code="cardiac-events",
        sensitive=True,
        names={"en": "Heart rhythm events", "sv": "Hjärtrytmhändelser"},
    ),
    Category(code="sleep", names={"en": "Sleep", "sv": "Sömn"}),
    Category(code="vitals", names={"en": "Vital signs", "sv": "Vitalparametrar"}),
    Category(code="glucose", names={"en": "Glucose and insulin", "sv": "Glukos och insulin"}),
    Category(code="lungs", names={"en": "Lungs", "sv": "Lungor"}),
    Category(code="body", names={"en": "Body", "sv": "Kropp"}),
    Category(code="mobility", names={"en": "Mobility and falls", "sv": "Rörlighet och fall"}),
    Category(
        code="reproductive",
        sensitive=True,
        names={"en": "Reproductive health", "sv": "Reproduktiv hälsa"},
    ),
    Category(
        code="symptoms",
        sensitive=True,
        names={"en": "Symptoms and mood", "sv": "Symtom och mående"},
    ),
    Category(code="location", sensitive=True, names={"en": "Places", "sv": "Platser"}),
)

_TOPICS = (
    Category(
        code="survey-activity", names={"en": "Answers on activity", "sv": "Svar om aktivitet"}
    ),
    Category(code="survey-diet", names={"en": "Answers on diet", "sv": "Svar om kost"}),
    Category(
        code="survey-experience-of-care",
        names={"en": "Answers on experience of care", "sv": "Svar om upplevelser av vård"},
    ),
    Category(
        code="survey-mood",
        sensitive=True,
        names={"en": "Answers on mood", "sv": "Svar om mående"},
    ),
    Category(code="survey-pain", names={"en": "Answers on pain", "sv": "Svar om smärta"}),
    Category(code="survey-sleep", names={"en": "Answers on sleep", "sv": "Svar om sömn"}),
    Category(
        code="survey-wellbeing",
        names={"en": "Answers on well-being", "sv": "Svar om välbefinnande"},
    ),
    Category(
        code="survey-other",
        sensitive=True,
        names={"en": "Answers on other matters", "sv": "Svar om annat"},
    ),
)
"""A questionnaire has one topic. What it is about was told when the consent was given."""

CATEGORIES: Mapping[str, Category] = MappingProxyType({row.code: row for row in _ROWS})
"""Those of wearable data."""
TOPICS: Mapping[str, Category] = MappingProxyType({row.code: row for row in _TOPICS})
"""Those of answers to questionnaires."""
SENSITIVE = frozenset(row.code for row in (*_ROWS, *_TOPICS) if row.sensitive)
