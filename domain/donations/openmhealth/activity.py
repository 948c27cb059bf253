"""Steps, energy, activities and where one was: the bodies of each version."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from domain.donations.openmhealth.frames import DatedFrame, DatedSpanFrame, DateTime, SpanFrame
from domain.donations.openmhealth.quantities import (
    Angle,
    Elevation,
    Energy,
    Length,
    Minutes,
    Quantity,
    Speed,
    Steps,
    Time,
)
from domain.donations.openmhealth.terms import (
    Counted,
    Described,
    FewStatistics,
    Sometime,
    Text,
)

Intensity = Literal["light", "moderate", "vigorous"] | UnsetType


class StepCount1(Struct, frozen=True, kw_only=True):
    step_count: float
    effective_time_frame: Sometime = UNSET


class StepCount2(Struct, frozen=True, kw_only=True):
    step_count: float
    effective_time_frame: DatedSpanFrame
    descriptive_statistic: FewStatistics = UNSET
    descriptive_statistic_denominator: Text = UNSET


class StepCount3(Struct, frozen=True, kw_only=True):
    step_count: Steps
    effective_time_frame: DatedSpanFrame
    descriptive_statistic: FewStatistics = UNSET
    descriptive_statistic_denominator: Text = UNSET


class CaloriesBurned1(Struct, frozen=True, kw_only=True):
    kcal_burned: Energy
    effective_time_frame: Sometime = UNSET
    activity_name: Text = UNSET


class CaloriesBurned2(Counted, frozen=True, kw_only=True):
    kcal_burned: Energy
    effective_time_frame: DatedSpanFrame
    activity_name: Text = UNSET


class MinutesModerateActivity1(Struct, frozen=True, kw_only=True):
    minutes_moderate_activity: Minutes
    effective_time_frame: Sometime = UNSET


class PhysicalActivity1(Struct, frozen=True, kw_only=True):
    activity_name: str
    effective_time_frame: Sometime = UNSET
    distance: Length | UnsetType = UNSET
    reported_activity_intensity: Intensity = UNSET


class PhysicalActivity11(PhysicalActivity1, frozen=True, kw_only=True):
    met_value: float | UnsetType = UNSET


class PhysicalActivity12(PhysicalActivity11, frozen=True, kw_only=True):
    kcal_burned: Energy | UnsetType = UNSET


class IEEEPhysicalActivity1(Counted, frozen=True, kw_only=True):
    activity_name: str
    effective_time_frame: SpanFrame
    base_movement_quantity: Quantity | UnsetType = UNSET
    distance: Length | UnsetType = UNSET
    cumulative_elevation_gain: Length | UnsetType = UNSET
    duration: Time | UnsetType = UNSET
    duration_light_activity: Time | UnsetType = UNSET
    duration_moderate_activity: Time | UnsetType = UNSET
    duration_vigorous_activity: Time | UnsetType = UNSET
    average_cadence: Quantity | UnsetType = UNSET
    average_speed: Speed | UnsetType = UNSET
    kcal_burned: Energy | UnsetType = UNSET
    reported_activity_intensity: Intensity = UNSET
    met_value: float | UnsetType = UNSET


class Speed1(Described, frozen=True, kw_only=True):
    speed: Speed
    effective_time_frame: DatedFrame


class Moment(Struct, frozen=True):
    """time-frame 1.0 where only a moment will do. Another member may be there, as long as it is no interval."""

    date_time: DateTime
    time_interval: UnsetType = UNSET


class SignalStrength(Struct, frozen=True):
    value: int
    unit: Literal["dB"]


class Geoposition1(Struct, frozen=True, kw_only=True):
    latitude: Angle
    longitude: Angle
    effective_time_frame: Moment
    elevation: Elevation | UnsetType = UNSET
    number_of_satellites_in_view: int | UnsetType = UNSET
    number_of_satellites_in_fix: int | UnsetType = UNSET
    satellite_signal_strengths: list[SignalStrength] | UnsetType = UNSET
    positioning_system: (
        Literal["GPS", "GLONASS", "Galileo", "Beidou", "COMPASS", "IRNSS", "QZSS"] | UnsetType
    ) = UNSET
