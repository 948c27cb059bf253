"""Headers: IEEE 1752.1's 1.0, and Open mHealth's own 1.0 to 1.2. A document has one or the other."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from domain.donations.openmhealth.frames import DateTime, TimeUnit
from domain.donations.openmhealth.terms import Text

Modality = Literal["sensed", "self-reported"]
UUIDText = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")]


class SchemaId(Struct, frozen=True):
    namespace: str
    name: str
    version: str


class Provenance(Struct, frozen=True):
    """Open mHealth's acquisition provenance."""

    source_name: str
    source_data_point_id: Text = UNSET
    source_creation_date_time: DateTime | UnsetType = UNSET
    source_last_modification_date_time: DateTime | UnsetType = UNSET
    modality: Modality | UnsetType = UNSET


class Datasheet(Struct, frozen=True):
    datasheet_reference: str
    datasheet_type: Text = UNSET


class Window(Struct, frozen=True):
    """A duration, or a range of them."""

    unit: TimeUnit
    value: float | UnsetType = UNSET
    low_value: float | UnsetType = UNSET
    high_value: float | UnsetType = UNSET

    def __post_init__(self) -> None:
        is_range = self.low_value is not UNSET and self.high_value is not UNSET
        if (self.value is not UNSET) is is_range:
            raise ValueError("either a duration or a range")


class Rate(Struct, frozen=True):
    """IEEE's frequency-unit-value 1.0: so many Hz, or so many times in a time."""

    value: float | UnsetType = UNSET
    unit: Literal["Hz"] | UnsetType = UNSET
    number_of_times: float | UnsetType = UNSET
    time_window: Window | UnsetType = UNSET

    def __post_init__(self) -> None:
        hertz = self.value is not UNSET and self.unit is not UNSET
        if hertz is (self.number_of_times is not UNSET and self.time_window is not UNSET):
            raise ValueError("either Hz or times in a window")


class Header(Struct, frozen=True):
    """What is said beside the data. `user_id` is not looked at: whose they are is in the token."""

    schema_id: SchemaId
    uuid: UUIDText | UnsetType = UNSET
    source_creation_date_time: DateTime | UnsetType = UNSET
    modality: Modality | UnsetType = UNSET
    acquisition_rate: Rate | UnsetType = UNSET
    external_datasheets: list[Datasheet] | UnsetType = UNSET
    id: Text = UNSET
    creation_date_time: DateTime | UnsetType = UNSET
    acquisition_provenance: Provenance | UnsetType = UNSET
    user_id: Text = UNSET

    def missing(self) -> str | None:
        """What it lacks to be a header of either standard."""
        if self.uuid is UNSET and self.id is not UNSET:
            return "creation_date_time" if self.creation_date_time is UNSET else None
        if self.uuid is UNSET:
            return "uuid"
        return "source_creation_date_time" if self.source_creation_date_time is UNSET else None

    def name(self) -> str:
        """What the source calls the document."""
        return str(self.id if self.uuid is UNSET else self.uuid)

    def created(self) -> datetime:
        """When the data were made at their source, as far as it is told."""
        told = (self.acquisition_provenance or Provenance("")).source_creation_date_time
        for at in (self.source_creation_date_time, told, self.creation_date_time):
            if isinstance(at, datetime):
                return at
        raise TypeError  # `missing` has seen to it

    def self_reported(self) -> bool:
        """Whether a person said so. Sensed is what goes without saying."""
        told = self.acquisition_provenance
        return "self-reported" in (self.modality, told.modality if told else UNSET)


class Document(Struct, frozen=True):
    """A data point, whose body is one measure, or a data series, whose body is a list of them."""

    header: Header
    body: Raw
