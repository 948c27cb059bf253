"""Weight, height and what is made of them: the bodies of each version."""

from msgspec import UNSET

from domain.donations.openmhealth.frames import DatedFrame, Frame
from domain.donations.openmhealth.quantities import Length, Mass, MassIndex, OldMassIndex, Percent
from domain.donations.openmhealth.terms import Described, Sometime


class BodyWeight1(Described, frozen=True, kw_only=True):
    body_weight: Mass
    effective_time_frame: Sometime = UNSET


class BodyWeight2(Described, frozen=True, kw_only=True):
    body_weight: Mass
    effective_time_frame: DatedFrame


class BodyWeight3(Described, frozen=True, kw_only=True):
    body_weight: Mass
    effective_time_frame: Frame


class BodyHeight1(Described, frozen=True, kw_only=True):
    body_height: Length
    effective_time_frame: Sometime = UNSET


class BodyHeight2(Described, frozen=True, kw_only=True):
    body_height: Length
    effective_time_frame: Frame


class BodyMassIndex1(Described, frozen=True, kw_only=True):
    body_mass_index: OldMassIndex
    effective_time_frame: Sometime = UNSET


class BodyMassIndex2(Described, frozen=True, kw_only=True):
    body_mass_index: MassIndex
    effective_time_frame: DatedFrame


class BodyMassIndex3(Described, frozen=True, kw_only=True):
    body_mass_index: MassIndex
    effective_time_frame: Frame


class BodyFat1(Described, frozen=True, kw_only=True):
    body_fat_percentage: Percent
    effective_time_frame: Sometime = UNSET


class BodyFat2(Described, frozen=True, kw_only=True):
    body_fat_percentage: Percent
    effective_time_frame: Frame
