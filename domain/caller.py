"""Who is asking, as the database knows them: tokens name a login, memberships live with us."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

PlatformRole = Literal["steward", "data-protection-officer", "operator"]
StudyRole = Literal["lead", "coordinator", "analyst"]


class Resident(Struct, frozen=True, kw_only=True):
    """A resident acting for themselves. `language` is BCP 47, `zone` an IANA name."""

    resident_id: UUID
    language: str
    zone: str

    @property
    def actor_id(self) -> UUID:
        """The id under which this caller's retries are recognised."""
        return self.resident_id


class Member(Struct, frozen=True, kw_only=True):
    """A person of the region, of a study team or of an organisation, with the roles held now."""

    member_id: UUID
    roles: frozenset[str]
    studies: dict[UUID, str]
    organisations: dict[UUID, str]

    @property
    def actor_id(self) -> UUID:
        """The id under which this caller's retries are recognised."""
        return self.member_id


Caller = Resident | Member
