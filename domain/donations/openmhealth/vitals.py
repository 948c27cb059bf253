"""Heart, breath, pressure, temperature and glucose: the bodies of each version."""

from typing import Literal

from msgspec import UNSET, UnsetType

from domain.donations.openmhealth.frames import DatedFrame, Frame
from domain.donations.openmhealth.quantities import (
    Breaths,
    Flow,
    Glucose,
    Litres,
    Percent,
    PerMinute,
    Pressure,
    Temperature,
    Thousandths,
)
from domain.donations.openmhealth.terms import (
    Described,
    Location,
    Posture,
    Sometime,
    Text,
    ToActivity,
    ToMeal,
    ToSleep,
)

OldPosture = Literal["sitting", "lying down", "standing"] | UnsetType
OldSite = (
    Literal["oral", "rectal", "vaginal", "axillary", "otic", "wrist", "chest", "temporal"]
    | UnsetType
)
Site = (
    Literal[
        "axillary", "finger", "forehead", "oral", "rectal", "temporal artery", "toe", "tympanic",
        "wrist", "vagina",
    ]
    | UnsetType
)  # fmt: skip
Blood = Literal["whole blood", "plasma", "serum"] | UnsetType
OldSpecimen = (
    Literal["interstitial fluid", "capillary blood", "plasma", "serum", "tears", "whole blood"]
    | UnsetType
)
Specimen = (
    Literal[
        "breath", "capillary blood", "interstitial fluid", "saliva", "sweat", "tears", "urine"
    ]
    | UnsetType
)  # fmt: skip


class HeartRate1(Described, frozen=True, kw_only=True):
    heart_rate: PerMinute
    effective_time_frame: Sometime = UNSET
    temporal_relationship_to_physical_activity: ToActivity = UNSET
    user_notes: Text = UNSET


class HeartRate11(HeartRate1, frozen=True, kw_only=True):
    temporal_relationship_to_sleep: ToSleep = UNSET


class HeartRate2(Described, frozen=True, kw_only=True):
    heart_rate: PerMinute
    effective_time_frame: DatedFrame
    temporal_relationship_to_physical_activity: ToActivity = UNSET
    temporal_relationship_to_sleep: ToSleep = UNSET


class RRInterval1(Described, frozen=True, kw_only=True):
    rr_interval: Thousandths
    effective_time_frame: Sometime = UNSET
    temporal_relationship_to_physical_activity: ToActivity = UNSET


class RespiratoryRate1(Described, frozen=True, kw_only=True):
    respiratory_rate: Breaths
    effective_time_frame: Sometime = UNSET
    temporal_relationship_to_physical_activity: ToActivity = UNSET


class RespiratoryRate2(RespiratoryRate1, frozen=True, kw_only=True):
    effective_time_frame: DatedFrame


class OxygenSaturation1(Described, frozen=True, kw_only=True):
    oxygen_saturation: Percent
    effective_time_frame: Sometime = UNSET
    system: Literal["peripheral capillary"] | UnsetType = UNSET
    supplemental_oxygen_flow_rate: Flow | UnsetType = UNSET
    oxygen_therapy_mode_of_administration: Literal["nasal cannula"] | UnsetType = UNSET
    measurement_method: Literal["pulse oximetry"] | UnsetType = UNSET


class OxygenSaturation2(OxygenSaturation1, frozen=True, kw_only=True):
    effective_time_frame: DatedFrame


class Pressures(Described, frozen=True, kw_only=True):
    systolic_blood_pressure: Pressure
    diastolic_blood_pressure: Pressure


class BloodPressure1(Pressures, frozen=True, kw_only=True):
    effective_time_frame: Sometime = UNSET
    position_during_measurement: OldPosture = UNSET
    user_notes: Text = UNSET


class BloodPressure2(Pressures, frozen=True, kw_only=True):
    effective_time_frame: Sometime = UNSET
    body_posture: Posture = UNSET
    user_notes: Text = UNSET


class BloodPressure3(Pressures, frozen=True, kw_only=True):
    effective_time_frame: DatedFrame
    body_posture: Posture = UNSET
    measurement_location: Location = UNSET


class BloodPressure31(BloodPressure3, frozen=True, kw_only=True):
    temporal_relationship_to_physical_activity: ToActivity = UNSET


class BloodPressure4(Pressures, frozen=True, kw_only=True):
    effective_time_frame: Frame
    body_posture: Posture = UNSET
    measurement_location: Location = UNSET
    temporal_relationship_to_physical_activity: ToActivity = UNSET


class BodyTemperature1(Described, frozen=True, kw_only=True):
    body_temperature: Temperature
    effective_time_frame: Sometime = UNSET
    measurement_location: OldSite = UNSET


class BodyTemperature2(Described, frozen=True, kw_only=True):
    body_temperature: Temperature
    effective_time_frame: Sometime = UNSET
    measurement_location: Site = UNSET
    temporal_relationship_to_sleep: ToSleep = UNSET


class BodyTemperature3(BodyTemperature2, frozen=True, kw_only=True):
    effective_time_frame: DatedFrame


class BodyTemperature4(Described, frozen=True, kw_only=True):
    body_temperature: Temperature
    effective_time_frame: Frame
    measurement_location: Site = UNSET
    temporal_relationship_to_sleep: ToSleep = UNSET


class MealGlucose(Described, frozen=True, kw_only=True):
    blood_glucose: Glucose
    temporal_relationship_to_meal: ToMeal = UNSET
    temporal_relationship_to_sleep: ToSleep = UNSET


class BloodGlucose1(MealGlucose, frozen=True, kw_only=True):
    effective_time_frame: Sometime = UNSET
    blood_specimen_type: Blood = UNSET
    user_notes: Text = UNSET


class BloodGlucose2(MealGlucose, frozen=True, kw_only=True):
    effective_time_frame: Sometime = UNSET
    specimen_source: OldSpecimen = UNSET
    user_notes: Text = UNSET


class BloodGlucose3(MealGlucose, frozen=True, kw_only=True):
    effective_time_frame: DatedFrame
    specimen_source: Specimen = UNSET


class BloodGlucose4(MealGlucose, frozen=True, kw_only=True):
    effective_time_frame: Frame
    specimen_source: Specimen = UNSET


class Spirometry(Described, frozen=True, kw_only=True):
    effective_time_frame: Frame
    measurement_quality: Literal["acceptable", "usable", "rejected"] | UnsetType = UNSET
    temporal_relationship_to_physical_activity: ToActivity = UNSET


class ForcedExpiratoryVolume1(Spirometry, frozen=True, kw_only=True):
    forced_expiratory_volume_1_second: Litres


class ForcedVitalCapacity1(Spirometry, frozen=True, kw_only=True):
    forced_vital_capacity: Litres
