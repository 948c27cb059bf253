"""Sleep: the bodies of each version."""

from msgspec import UNSET, Struct, UnsetType

from domain.donations.openmhealth.frames import DatedSpanFrame, Interval, SpanFrame
from domain.donations.openmhealth.quantities import (
    Awakenings,
    Events,
    Percent,
    SleepTime,
    Snores,
    Sound,
    Time,
)
from domain.donations.openmhealth.terms import (
    Counted,
    Posture,
    Sometime,
    Text,
    Truth,
)


class SleepDuration1(Struct, frozen=True, kw_only=True):
    sleep_duration: SleepTime
    effective_time_frame: Sometime = UNSET
    user_notes: Text = UNSET


class SleepDuration2(Counted, frozen=True, kw_only=True):
    sleep_duration: SleepTime
    effective_time_frame: DatedSpanFrame


class TotalSleepTime1(Counted, frozen=True, kw_only=True):
    total_sleep_time: Time
    effective_time_frame: DatedSpanFrame


class IEEETotalSleepTime1(Counted, frozen=True, kw_only=True):
    total_sleep_time: Time
    effective_time_frame: SpanFrame
    sleep_events: list[Interval] | UnsetType = UNSET
    is_main_sleep: Truth = UNSET


class SleepEpisode1(Struct, frozen=True, kw_only=True):
    effective_time_frame: DatedSpanFrame
    latency_to_sleep_onset: Time | UnsetType = UNSET
    latency_to_arising: Time | UnsetType = UNSET
    total_sleep_time: Time | UnsetType = UNSET
    number_of_awakenings: int | UnsetType = UNSET
    is_main_sleep: Truth = UNSET
    sleep_maintenance_efficiency_percentage: Percent | UnsetType = UNSET


class SleepEpisode11(SleepEpisode1, frozen=True, kw_only=True):
    wake_after_sleep_onset: Time | UnsetType = UNSET


class IEEESleepEpisode1(Struct, frozen=True, kw_only=True):
    effective_time_frame: SpanFrame
    latency_to_sleep_onset: Time | UnsetType = UNSET
    latency_to_arising: Time | UnsetType = UNSET
    total_sleep_time: Time | UnsetType = UNSET
    light_sleep_duration: Time | UnsetType = UNSET
    deep_sleep_duration: Time | UnsetType = UNSET
    rem_sleep_duration: Time | UnsetType = UNSET
    wake_after_sleep_onset: Time | UnsetType = UNSET
    number_of_awakenings: int | UnsetType = UNSET
    is_main_sleep: Truth = UNSET
    sleep_efficiency_percentage: Percent | UnsetType = UNSET


class TimeInBed1(Counted, frozen=True, kw_only=True):
    time_in_bed: Time
    effective_time_frame: SpanFrame
    is_main_sleep: Truth = UNSET


class SleepOnsetLatency1(Counted, frozen=True, kw_only=True):
    sleep_onset_latency: Time
    effective_time_frame: SpanFrame
    is_main_sleep: Truth = UNSET


class WakeAfterSleepOnset1(Counted, frozen=True, kw_only=True):
    wake_after_sleep_onset: Time
    effective_time_frame: SpanFrame
    awakening_durations: list[Time] | UnsetType = UNSET


class ApneaHypopneaIndex1(Counted, frozen=True, kw_only=True):
    apnea_hypopnea_index: Events
    effective_time_frame: SpanFrame


class ArousalIndex1(Counted, frozen=True, kw_only=True):
    arousal_index: Awakenings
    effective_time_frame: SpanFrame
    is_main_sleep: Truth = UNSET


class Snore(Struct, frozen=True, kw_only=True):
    snored: bool
    snore_time_frame: Interval
    snore_intensity: Sound | UnsetType = UNSET
    body_posture: Posture = UNSET


class SnoreIndex1(Counted, frozen=True, kw_only=True):
    snore_index: Snores
    effective_time_frame: SpanFrame
    snore_events: list[Snore] | UnsetType = UNSET
    is_main_sleep: Truth = UNSET
