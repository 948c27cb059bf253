"""What the stewards declare: a made-up study of a made-up region, and its notice."""

from typing import Any

TITLE = "Resting hearts"

STUDY: dict[str, Any] = {
    "kind": "research",
    "title": {"en": TITLE, "sv": "Hjärtan i vila"},
    "summary": {
        "en": "How the heart rests over a month, and what helps it.",
        "sv": "Hur hjärtat vilar under en månad, och vad som hjälper det.",
    },
    "controller": {
        "name": "Region Exempel",
        "organisation_number": "202100-0001",
        "address": "Storgatan 1, 123 45 Exempel",
        "contact": "studier@region.example",
        "data_protection_officer": "dataskydd@region.example",
    },
    "legal_basis": "eu-gdpr:A9-2-a",
    "withdrawal_effects": ["pause", "stop", "no-further-use", "erase"],
    "retention_until": "2099-12-31",
}

APPROVAL: dict[str, Any] = {
    "reference": "2026-01234-01",
    "authority": "Etikprövningsmyndigheten",
    "valid_from": "2026-01-01",
    "valid_until": "2098-12-31",
}


def notice(study_id: str) -> dict[str, Any]:
    """The first version of the study's notice: heart rate is required, steps and answers are not."""
    return {
        "study_id": study_id,
        "supersedes": 0,
        "change": "material",
        "texts": {
            "en": {
                "title": TITLE,
                "body": "Your heart rate; steps and a sleep diary, if you like.",
            },
            "sv": {
                "title": "Hjärtan i vila",
                "body": "Din puls; gärna även steg och en sömndagbok.",
            },
        },
        "items": [
            _item("heart", "Your heart rate", "Din puls", required=True),
            _item("activity", "Your steps", "Dina steg", required=False),
            _item("survey-sleep", "Your sleep diary", "Din sömndagbok", required=False),
        ],
    }


def _item(category: str, english: str, swedish: str, *, required: bool) -> dict[str, Any]:
    return {
        "purpose": "dpv:AcademicResearch",
        "categories": [category],
        "recipients": ["Exempel University"],
        "recipient_classes": ["academic"],
        "past": True,
        "future": True,
        "required": required,
        "texts": {
            "en": {"title": english, "description": "Read under a code by the study's team."},
            "sv": {"title": swedish, "description": "Läses under en kod av studiens grupp."},
        },
    }
