"""What becomes of a claimed knock: it goes, it waits, or it ends. Pure; the moment is an argument."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

from notifications.kinds import RULES, Rule
from notifications.quiet_hours import USUAL, Hours, IsFree, quiet_until

GONE = frozenset({"deceased", "erased"})
"""Of a resident: nothing of theirs sounds any more."""
UNKNOWN_WAIT = timedelta(minutes=1)
"""Of a kind that only a newer release knows: its workers will take it."""

BY_NAME: Mapping[str, Rule] = {kind.value: rule for kind, rule in RULES.items()}

State = Literal["waiting", "sent", "bundled", "no-device", "cancelled", "expired", "dead"]


class Waiting(Struct, frozen=True, kw_only=True):
    """A claimed knock as it stands behind its resident's lock, at `now` by the database's clock.

    `told`: devices that took it before.
    """

    message_id: UUID
    resident_id: UUID
    kind: str
    study_id: UUID | None
    bulk: bool
    expires_at: datetime
    attempts: int
    told: list[UUID]
    tried_at: datetime | None
    now: datetime

    @property
    def rule(self) -> Rule:
        return BY_NAME[self.kind]


class Person(Struct, frozen=True, kw_only=True):
    """What a knock has to know of its resident, and which of their messages they have read."""

    resident_id: UUID
    state: str
    zone: str
    language: str
    preferences: Mapping[str, Any]
    read: list[UUID]

    @property
    def quiet_hours(self) -> Hours | None:
        chosen = self.preferences.get("quiet_hours", USUAL)
        return Hours(**chosen) if isinstance(chosen, Mapping) else chosen

    def mutes(self, knock: Waiting) -> bool:
        """Whether they have switched off knocks of this kind, or about this study."""
        studies = self.preferences.get("muted_studies", [])
        about = str(knock.study_id) in studies and not knock.rule.stays
        return knock.rule.mutable and (knock.kind in self.preferences.get("muted", []) or about)


class Ended(NamedTuple):
    """It is not told by a knock. The message, where it still is one, waits in the inbox."""

    state: State
    cause: str


class PutOff(NamedTuple):
    """It waits until then. Who waits for the morning waits with many: it is bulk from then on."""

    until: datetime
    cause: str
    bulk: bool


def judged(
    knock: Waiting, person: Person | None, is_free: IsFree, *, allowed: bool
) -> Ended | PutOff | None:
    """Why a knock does not go now, or None: it does. `allowed` is what the gate says of it.

    An urgent one passes quiet hours and mutes.
    """
    if knock.kind not in BY_NAME:
        return PutOff(knock.now + UNKNOWN_WAIT, "unknown-kind", bulk=knock.bulk)
    if person is None or person.state in GONE:
        return Ended("cancelled", "account-closed")
    if knock.expires_at <= knock.now:
        return Ended("expired", "too-late")
    if not allowed and not knock.rule.stays:
        return Ended("cancelled", "not-allowed")
    return _unwanted(knock, person, is_free)


def _unwanted(knock: Waiting, person: Person, is_free: IsFree) -> Ended | PutOff | None:
    if knock.message_id in person.read:
        return Ended("cancelled", "read")
    if knock.rule.urgent:
        return None
    if person.mutes(knock):
        return Ended("cancelled", "muted")
    if not knock.rule.quiet:
        return None
    until = quiet_until(knock.now, person.zone, person.quiet_hours, is_free)
    return PutOff(until, "quiet-hours", bulk=True) if until else None
