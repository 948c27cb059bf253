"""The data categories that phones' stores fill, each a choice of its own. Pure.

Others have their categories too: `demographics`, `contact`, and each questionnaire's topic.
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

CATEGORIES: Mapping[str, Category] = MappingProxyType({row.code: row for row in _ROWS})
SENSITIVE = frozenset(row.code for row in _ROWS if row.sensitive)
