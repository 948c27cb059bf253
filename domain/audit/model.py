"""One use of one resident's data, as it is written down and as the resident reads it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct


class Use(NamedTuple):
    """A use by a study, to be written down in the transaction that makes it."""

    resident_id: UUID
    study_id: UUID
    member_id: UUID
    purpose: str
    categories: list[str]
    data_from: datetime
    data_until: datetime
    samples: int
    grant_seqs: list[int]


class Access(Struct, frozen=True, kw_only=True):
    """A use, as the resident reads it: who, what for, which data, and the consent events it rested on."""

    access_id: UUID
    used_at: datetime
    study_id: UUID | None
    study_title: str | None
    controller: str | None
    purpose: str
    categories: list[str]
    data_from: datetime | None
    data_until: datetime | None
    samples: int
    grant_seqs: list[int]
