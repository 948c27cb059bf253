"""What the operations are asked with, where it takes more than a line."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from notifications.refs import ref
from tests.api.region import APPROVAL, STUDY
from tests.api.region import notice as notice_of
from tests.drills.world import Common, Side


def ahead(days: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def revised(s: Side) -> dict[str, Any]:
    title = f"Revised by {s.team}"
    return STUDY | {"title": {"sv": title, "en": title}}


def delivered(message_id: str, device_id: str) -> dict[str, str]:
    """A receipt of a knock, as the phone that it came to gives it."""
    named = ref(UUID(message_id))
    return {"ref": named, "device_id": device_id, "what": "opened", "at": "2026-03-01T08:00:00Z"}


def answered(s: Side, *items: str) -> dict[str, Any]:
    said = {"notice_version": 1, "language": "en", "decision": "permit", "seen_seq": s.events}
    return {"answers": [said | {"item_id": item} for item in items]}


def announced(s: Side) -> dict[str, Any]:
    """An urgent announcement to a study's participants."""
    words = {"title": f"About {s.team}", "body": "A drill."}
    return {"kind": "safety-notice", "study_id": s.study_id, "texts": {"sv": words, "en": words}}


def held(concerning: dict[str, str]) -> dict[str, Any]:
    return {"scope": "everything", "reason": "A drill", "concerning": concerning}


def next_notice(s: Side, study_id: str) -> dict[str, Any]:
    return notice_of(study_id, UUID(s.item_id), supersedes=1)


def approval(_: Side, __: Common) -> dict[str, str]:
    return APPROVAL | {"reference": "2026-04127-02"}


def scoped(scope: str, **more: str) -> Callable[[str], dict[str, Any]]:
    """A body about one id, the scope's."""
    return lambda found: {"scope": scope, f"{scope}_id": found, **more}
