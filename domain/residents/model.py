"""What a resident is to us: preferences, attributes with their source, and what a login says."""

import zoneinfo
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from domain.fields import CLEAN, Input, Language, Zone
from notifications.kinds import MUTABLE, Kind

UNUSED_DAYS = 90
"""How long donations are kept once no choice of the resident gives them a use."""

State = Literal["active", "moved-out", "deceased", "incapacitated", "erased"]
AttributeName = Literal["birth-date", "sex", "municipality"]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["21:00"])]


class Beginning(Input, frozen=True, kw_only=True):
    """Acceptance of the platform's notice, in the version and language in which it was read."""

    notice_version: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    language: Language
    zone: Zone = "Europe/Stockholm"

    def __post_init__(self) -> None:
        """Refuse a zone that does not exist (ValueError)."""
        super().__post_init__()
        check_zone(self.zone)


class QuietHours(Input, frozen=True, kw_only=True):
    """When no phone is made to sound, on the clock on the resident's wall. It may span midnight."""

    start: ClockTime
    end: ClockTime


class Preferences(Input, frozen=True, kw_only=True):
    """How a resident wants to be met. `muted` kinds, and what is of `muted_studies`, come without a push."""

    language: Language
    zone: Zone
    quiet_hours: QuietHours | None = QuietHours(start="21:00", end="08:00")
    muted: Annotated[list[Kind], Meta(max_length=len(Kind))] = []
    muted_studies: Annotated[list[UUID], Meta(max_length=200)] = []

    def __post_init__(self) -> None:
        """Refuse a zone that does not exist, and kinds that cannot be muted (ValueError)."""
        super().__post_init__()
        check_zone(self.zone)
        if not MUTABLE.issuperset(self.muted):
            raise ValueError("a kind that cannot be muted")


class Profile(Struct, frozen=True, kw_only=True):
    """A resident, as they see themselves. `donations_end_at`: then they are erased, if no use is given anew."""

    resident_id: UUID
    state: State
    language: str
    zone: str
    protected_identity: bool
    notice_version: int
    notice_language: str
    created_at: datetime
    unused_since: datetime | None
    donations_end_at: datetime | None


class Attribute(Struct, frozen=True, kw_only=True):
    """What a source says about a resident, and what the resident says to that."""

    name: AttributeName
    value: str
    source: str
    as_of: datetime
    dispute: str | None
    disputed_at: datetime | None


class Disputing(Input, frozen=True, kw_only=True):
    """Why an attribute is wrong, in the resident's words. The source is the one who corrects it."""

    text: Annotated[str, Meta(min_length=1, max_length=2_000, pattern=CLEAN)]


def attributes_of(claims: Mapping[str, Any], on: date) -> dict[AttributeName, str]:
    """What a login says of a person, where it can be understood; the rest is passed over."""
    found: dict[AttributeName, str | None] = {
        "birth-date": _birth_date(claims.get("birthdate"), on),
        "sex": _sex(claims.get("gender")),
        "municipality": _municipality(claims),
    }
    return {name: value for name, value in found.items() if value is not None}


def is_protected(claims: Mapping[str, Any]) -> bool:
    """Whether the population register asks for care with the person (marking, or protected registration)."""
    words = ("protectedPersonIndicator", "protectedPopulationRecord")
    return any(claims.get(word) in (True, "true", "J") for word in words)


def _birth_date(claim: object, on: date) -> str | None:
    """OpenID Connect's `birthdate`, where year, month and day are told."""
    try:
        born = date.fromisoformat(claim) if isinstance(claim, str) else None
    except ValueError:
        return None
    return born.isoformat() if born is not None and date(1880, 1, 1) <= born <= on else None


def _sex(claim: object) -> str | None:
    """OpenID Connect's `gender`, in the words of FHIR's administrative-gender."""
    return claim if isinstance(claim, str) and claim in {"female", "male", "other"} else None


def _municipality(claims: Mapping[str, Any]) -> str | None:
    """Statistics Sweden's four digits, from a claim of either name."""
    address = claims.get("address")
    locality = address.get("locality") if isinstance(address, Mapping) else claims.get("locality")
    for claim in (claims.get("municipality"), locality):
        if isinstance(claim, str) and len(claim) == 4 and claim.isascii() and claim.isdigit():  # noqa: PLR2004
            return claim
    return None


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def check_zone(name: str) -> None:
    """Refuse a zone that does not exist (ValueError)."""
    if name not in _zones():
        raise ValueError("no such time zone")
