"""The chain of a resident's events: each holds the hash of the one before it, from the first on."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.consents.model import ConsentEvent


def chain_hash(event: ConsentEvent) -> bytes:
    """SHA-256 over the previous hash and the event's fields as one JSON array, as the database writes it."""
    fields: list[Any] = [
        str(event.resident_id), event.seq, event.decision, event.scope, _text(event.item_id),
        _text(event.study_id), event.category, _text(event.notice_id), event.notice_version,
        event.language, event.categories, event.use, event.past, event.future,
        _micros(event.valid_until), event.effect, _micros(event.pause_until), event.seen_seq,
        event.blind, str(event.actor_id), event.actor_role, _text(event.representation_id),
        event.method, _micros(event.claimed_at), _micros(event.recorded_at),
    ]  # fmt: skip
    text = json.dumps(fields, ensure_ascii=False)
    return hashlib.sha256(event.prev_hash + text.encode()).digest()


def unbroken(events: Iterable[ConsentEvent]) -> bool:
    """Whether a resident's events are gapless and each hash follows from the one before."""
    before = b""
    for seq, event in enumerate(events, start=1):
        if (event.seq, event.prev_hash, event.hash) != (seq, before, chain_hash(event)):
            return False
        before = event.hash
    return True


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _micros(at: datetime | None) -> int | None:
    if at is None:
        return None
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
