"""What a consent event means: the record, the fold from events to grants, and the refusals."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from domain.consents.periods import (
    NEVER,
    Periods,
    contains,
    difference,
    intersection,
    period,
    union,
)
from domain.errors import Invalid, Refusal
from domain.fields import Code, Input, Instant, Language, Seq

Decision = Literal["permit", "deny", "withdraw", "pause", "resume", "revoke", "invalidate"]
ScopeKind = Literal["item", "study", "category", "everything"]
Effect = Literal["stop", "no-further-use", "erase", "no-contact"]
Method = Literal["app", "signed", "paper", "phone", "system"]
ActorRole = Literal[
    "resident",
    "guardian",
    "representative",
    "assistant",
    "steward",
    "data-protection-officer",
    "platform",
]
Status = Literal[
    "ConsentGiven",
    "RenewedConsentGiven",
    "ConsentRefused",
    "ConsentExpired",
    "ConsentWithdrawn",
    "ConsentRevoked",
    "ConsentInvalidated",
]
"""W3C DPV consent status. Only the first two are valid for collecting."""

LIVE = ("ConsentGiven", "RenewedConsentGiven")


class ConsentAnswer(Input, frozen=True, kw_only=True):
    """A resident's answer to one item of a notice. What is left out is as wide as the item."""

    item_id: UUID
    notice_version: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    language: Language
    decision: Literal["permit", "deny"]
    seen_seq: Annotated[Seq, Meta(description="the last of my events that the app had seen")]
    categories: (
        Annotated[
            list[Code],
            Meta(
                min_length=1,
                max_length=64,
                description="left out: all that the item offers; of several, not the sensitive ones",
            ),
        ]
        | None
    ) = None
    past: Annotated[bool | None, Meta(description="data measured before this answer")] = None
    future: Annotated[bool | None, Meta(description="data measured from this answer on")] = None
    valid_until: Instant | None = None
    method: Literal["app", "signed"] = "app"
    claimed_at: Annotated[Instant | None, Meta(description="the phone's own clock")] = None


class Scope(Input, frozen=True, kw_only=True):
    """What a withdrawal, pause or resumption is about: one item, a study, a category, or everything."""

    scope: ScopeKind
    item_id: UUID | None = None
    study_id: UUID | None = None
    category: Code | None = None

    def __post_init__(self) -> None:
        """Exactly the id that the scope needs.

        Raises:
            ValueError: another id, or none, was given.

        """
        super().__post_init__()
        given = {n for n in ("item_id", "study_id", "category") if getattr(self, n) is not None}
        needed = {"item": {"item_id"}, "study": {"study_id"}, "category": {"category"}}
        if given != needed.get(self.scope, set()):
            raise ValueError("the scope and the id given with it do not fit")


class ConsentEvent(Struct, frozen=True, kw_only=True):
    """A recorded choice. Events are appended, never changed; `seq` has no gaps."""

    resident_id: UUID
    seq: int
    decision: Decision
    scope: ScopeKind
    item_id: UUID | None = None
    study_id: UUID | None = None
    category: str | None = None
    notice_id: UUID | None = None
    notice_version: int | None = None
    language: str | None = None
    categories: list[str] = []
    use: str | None = None
    past: bool | None = None
    future: bool | None = None
    valid_until: datetime | None = None
    effect: Effect | None = None
    pause_until: datetime | None = None
    seen_seq: int | None = None
    blind: bool = False
    actor_id: UUID
    actor_role: ActorRole
    representation_id: UUID | None = None
    method: Method
    claimed_at: datetime | None = None
    recorded_at: datetime
    prev_hash: bytes
    hash: bytes


class Grant(Struct, frozen=True, kw_only=True):
    """What the events of one resident, item and category amount to. It is what the gate enforces."""

    item_id: UUID
    category: str
    notice_version: int
    status: Status
    event_seq: int
    since: datetime | None = None
    valid_until: datetime | None = None
    data_period: Periods = NEVER
    pauses: Periods = NEVER

    def usable(self, at: datetime) -> Periods:
        """The times of measurement that may be used at a moment, before blocks and stops."""
        over = self.valid_until is not None and self.valid_until <= at
        return (
            NEVER
            if over or contains(self.pauses, at)
            else difference(self.data_period, self.pauses)
        )

    def status_at(self, at: datetime) -> Status:
        """The status word at a moment: a grant that has run out is expired, not withdrawn."""
        over = self.valid_until is not None and self.valid_until <= at
        return "ConsentExpired" if over and self.status in LIVE else self.status


Grants = dict[tuple[UUID, str], Grant]


def fold(events: Iterable[ConsentEvent]) -> Grants:
    """The grants that a resident's events amount to, in the order of `seq`."""
    grants: Grants = {}
    studies: dict[UUID, UUID | None] = {}
    for event in sorted(events, key=lambda e: e.seq):
        if event.scope == "item" and event.decision in ("permit", "deny"):
            _answered(grants, event)
            studies[_item(event)] = event.study_id
        else:
            _closed(grants, studies, event)
    return grants


def _answered(grants: Grants, event: ConsentEvent) -> None:
    if event.blind:
        return
    item = _item(event)
    if event.decision == "permit":
        for key, old in list(grants.items()):
            if key[0] == item and key[1] not in event.categories and old.data_period:
                grants[key] = _shut(old, event, "ConsentWithdrawn")
        for category in event.categories:
            grants[item, category] = _given(grants.get((item, category)), event, category)
        return
    for key, old in list(grants.items()):
        if key[0] == item and old.notice_version >= (event.notice_version or 0):
            grants[key] = _shut(old, event, "ConsentRefused")
    for category in event.categories:
        refused = Grant(
            item_id=item,
            category=category,
            notice_version=event.notice_version or 0,
            status="ConsentRefused",
            event_seq=event.seq,
        )
        grants.setdefault((item, category), refused)


def _given(old: Grant | None, event: ConsentEvent, category: str) -> Grant:
    """Giving opens anew; what was collected since the grant was first opened stays granted."""
    at = event.recorded_at
    since = (old and old.since) or at
    opening = period(None if event.past else at, event.valid_until if event.future else at)
    kept = intersection(old.data_period, period(since, at)) if old else NEVER
    renewed = old is not None and old.status_at(at) in LIVE
    return Grant(
        item_id=_item(event),
        category=category,
        notice_version=event.notice_version or 0,
        status="RenewedConsentGiven" if renewed else "ConsentGiven",
        event_seq=event.seq,
        since=since,
        valid_until=event.valid_until,
        data_period=union(kept, opening),
        pauses=old.pauses if old else NEVER,
    )


def _closed(grants: Grants, studies: dict[UUID, UUID | None], event: ConsentEvent) -> None:
    if event.effect == "no-contact":
        return
    for key, old in list(grants.items()):
        if _covers(event, key, studies.get(key[0])):
            grants[key] = _after(old, event)


def _after(old: Grant, event: ConsentEvent) -> Grant:
    at = event.recorded_at
    if event.decision == "pause":
        pauses = union(old.pauses, period(at, event.pause_until))
        return structs.replace(old, event_seq=event.seq, pauses=pauses)
    if event.decision == "resume":
        pauses = difference(old.pauses, period(at, None))
        return structs.replace(old, event_seq=event.seq, pauses=pauses)
    by: dict[str, Status] = {"withdraw": "ConsentWithdrawn", "revoke": "ConsentRevoked"}
    status = by.get(event.decision, "ConsentInvalidated")
    if event.effect == "stop":
        until_now = intersection(old.data_period, period(None, at))
        stopped = old.status if old.status == "ConsentRefused" else status
        return structs.replace(old, event_seq=event.seq, data_period=until_now, status=stopped)
    return _shut(old, event, status)


def _shut(old: Grant, event: ConsentEvent, status: Status) -> Grant:
    if old.status == "ConsentRefused":
        status = old.status
    return structs.replace(old, event_seq=event.seq, data_period=NEVER, since=None, status=status)


def _covers(event: ConsentEvent, key: tuple[UUID, str], study_id: UUID | None) -> bool:
    match event.scope:
        case "item":
            return key[0] == event.item_id
        case "study":
            return study_id == event.study_id
        case "category":
            return key[1] == event.category
        case _:
            return True


def _item(event: ConsentEvent) -> UUID:
    if event.item_id is None:
        raise ValueError("an answer is always to an item")
    return event.item_id


class NoticeSuperseded(Refusal):
    """A newer version of the notice has been published."""

    status = 409


class NoticeNotInLanguage(Refusal):
    """The notice is not available in that language. Pick another."""

    status = 409


class StudyClosed(Refusal):
    """The study does not take consent now."""

    status = 409


class SensitiveUnnamed(Refusal):
    """Sensitive categories are each permitted by name."""

    status = 422


class BeyondItem(Invalid):
    """The answer asks for more than the item offers."""
